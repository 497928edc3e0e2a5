"""Laws about files: no drawers, no oversized room, no script or style in templates, no machine in the lock files."""

import re
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture import ROOT
from tools import icons

DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "core"}
LONGEST_ROOM = 400  # lines
TEMPLATE_SINS = {
    r"<[^>]*\sstyle\s*=": "style= needs a laxer Content-Security-Policy",
    r"<[^>]*\son[a-z]+\s*=": "on…= needs a laxer Content-Security-Policy",
    r"\|\s*safe\b": "|safe switches escaping off",
    r"\{%-?\s*autoescape\s+false": "autoescape false switches escaping off",
    r"<script(?![^>]*\b(?:src|nonce)\s*=)": "a script without nonce does not run",
    r"\bjavascript:": "javascript: is a script in an address",
}
LOCK_SINS = {
    r"\w+://": "an address: whose registry is asked is the machine's affair",
    r"^\s*(--(extra-)?index-url|--find-links|-i|-f)\b": "an index",
    r'"resolved"\s*:': "where a package came from",
    r"(?:^|\s|\")/[\w.-]+/": "a path of a machine",
}
LOCKS = ["requirements.lock", "requirements-test.lock", "tests/interop/node/package-lock.json"]


def drawers(paths: list[str]) -> list[str]:
    """Files and folders with a name that says nothing."""
    return [
        path for path in paths if any(part.partition(".")[0] in DRAWERS for part in PurePosixPath(path).parts)
    ]


def sins(text: str, patterns: dict[str, str], path: str = "planted") -> list[str]:
    """Every match of the patterns, with its line."""
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {sentence}"
        for pattern, sentence in patterns.items()
        for match in re.finditer(pattern, text, re.IGNORECASE | re.MULTILINE)
    ]


def lock_sins(text: str, path: str = "planted") -> list[str]:
    """What a lock file must not tell; the addresses where npm packages ask for money are no registry."""
    return sins(re.sub(r'"funding": (\{[^}]*\}|\[[^\]]*\]|"[^"]*")', "", text), LOCK_SINS, path)


def _ours(*patterns: str) -> list[Path]:
    vendored = {"vendor", "node_modules"}
    return [p for pattern in patterns for p in sorted(ROOT.glob(pattern)) if not vendored & set(p.parts)]


def test_no_drawers():
    assert (
        drawers(
            [p.relative_to(ROOT).as_posix() for p in _ours("authserver/**/*", "templates/**/*", "tests/**/*")]
        )
        == []
    )


def test_no_oversized_rooms():
    lengths = {
        p.relative_to(ROOT).as_posix(): len(p.read_text().splitlines()) for p in _ours("authserver/**/*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_ROOM} == {}


@pytest.mark.parametrize("template", _ours("templates/**/*"), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_templates_bring_no_script_or_style_of_their_own(template):
    if template.is_file():
        assert sins(template.read_text(encoding="utf-8"), TEMPLATE_SINS, template.name) == []


def test_every_icon_that_is_shipped_is_in_use():
    shipped = icons.names_in(icons.SPRITE.read_text(encoding="utf-8"))
    assert shipped
    assert shipped - icons.in_use(shipped) == set()


def test_a_planted_icon_is_seen():
    assert icons.in_use({"user-round", "planted-icon"}) == {"user-round"}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_name_no_machine(lock):
    assert lock_sins((ROOT / lock).read_text(encoding="utf-8"), lock) == []


@pytest.mark.parametrize("lock", LOCKS[:2])
def test_every_locked_package_has_its_hash(lock):
    entries = re.split(
        r"^(?=[a-z0-9])", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE | re.IGNORECASE
    )
    packages = [entry for entry in entries if "==" in entry]
    assert packages
    assert [entry.split()[0] for entry in packages if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize(
    "path", ["authserver/utils.py", "authserver/web/helpers/a.py", "templates/common.html", "tests/core"]
)
def test_a_planted_drawer_is_seen(path):
    assert drawers([path]) == [path]


@pytest.mark.parametrize(
    "path", ["authserver/domain/users/users.py", "templates/corebook.html", "authserver/web/commons.py"]
)
def test_other_names_pass(path):
    assert drawers([path]) == []


@pytest.mark.parametrize(
    "text",
    [
        '<p style="color: red">',
        "<p\n  style='x'>",
        '<button onclick="go()">',
        "{{ name|safe }}",
        "{{ name | safe }}",
        "{% autoescape false %}",
        "<script>alert(1)</script>",
        '<a href="javascript:void 0">',
    ],
)
def test_a_planted_template_sin_is_seen(text):
    assert len(sins(text, TEMPLATE_SINS)) == 1


@pytest.mark.parametrize(
    "text", ['<p class="style">on = 1</p>', '<script nonce="{{ nonce }}" src="/a.js"></script>']
)
def test_clean_templates_pass(text):
    assert sins(text, TEMPLATE_SINS) == []


@pytest.mark.parametrize(
    "text",
    [
        "--index-url somewhere",
        "flask @ https://packages.example/flask.whl",
        '  "resolved": "x"',
        "  # from /home/me/wheels",
        "    /opt/wheels",
    ],
)
def test_a_planted_lock_sin_is_seen(text):
    assert lock_sins(text)


def test_a_clean_lock_passes():
    assert lock_sins("flask==3.1.3 \\\n    --hash=sha256:00ff\n") == []
