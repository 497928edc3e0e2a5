"""Rules about files: no vague names, no long modules, no inline script or style in templates, portable lock files."""

import re
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture import ROOT
from tools import icons

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "core"}
MAX_LINES = 400  # lines
TEMPLATE_RULES = {
    r"<[^>]*\sstyle\s*=": "style= is blocked by the Content-Security-Policy",
    r"<[^>]*\son[a-z]+\s*=": "on…= is blocked by the Content-Security-Policy",
    r"\|\s*safe\b": "|safe disables escaping",
    r"\{%-?\s*autoescape\s+false": "autoescape false disables escaping",
    r"<script(?![^>]*\b(?:src|nonce)\s*=)": "a script without a nonce is blocked",
    r"\bjavascript:": "javascript: URLs are scripts",
}
LOCK_RULES = {
    r"\w+://": "a URL: each machine chooses its registry",
    r"^\s*(--(extra-)?index-url|--find-links|-i|-f)\b": "an index",
    r'"resolved"\s*:': "the source of a package",
    r"(?:^|\s|\")/[\w.-]+/": "a path on one machine",
}
LOCKS = [
    "requirements.lock",
    "requirements-test.lock",
    "tests/interop/node/package-lock.json",
    "tests/interop/go/go.mod",
    "tests/interop/go/go.sum",
]


def vague_names(paths: list[str]) -> list[str]:
    """Return the files and folders with meaningless names."""
    return [
        path
        for path in paths
        if any(part.partition(".")[0] in VAGUE_NAMES for part in PurePosixPath(path).parts)
    ]


def violations(text: str, patterns: dict[str, str], path: str = "planted") -> list[str]:
    """Return every match of the patterns, with its line."""
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {sentence}"
        for pattern, sentence in patterns.items()
        for match in re.finditer(pattern, text, re.IGNORECASE | re.MULTILINE)
    ]


def lock_violations(text: str, path: str = "planted") -> list[str]:
    """Return every violation of the rules for lock files. The funding URLs of npm packages are allowed."""
    return violations(re.sub(r'"funding": (\{[^}]*\}|\[[^\]]*\]|"[^"]*")', "", text), LOCK_RULES, path)


def _ours(*patterns: str) -> list[Path]:
    vendored = {"vendor", "node_modules"}
    return [p for pattern in patterns for p in sorted(ROOT.glob(pattern)) if not vendored & set(p.parts)]


def test_no_vague_names():
    assert (
        vague_names(
            [p.relative_to(ROOT).as_posix() for p in _ours("authserver/**/*", "templates/**/*", "tests/**/*")]
        )
        == []
    )


def test_no_module_is_too_long():
    lengths = {
        p.relative_to(ROOT).as_posix(): len(p.read_text().splitlines()) for p in _ours("authserver/**/*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


@pytest.mark.parametrize("template", _ours("templates/**/*"), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_templates_have_no_inline_script_or_style(template):
    if template.is_file():
        assert violations(template.read_text(encoding="utf-8"), TEMPLATE_RULES, template.name) == []


def test_every_icon_is_used():
    shipped = icons.names_in(icons.SPRITE.read_text(encoding="utf-8"))
    assert shipped
    assert shipped - icons.in_use(shipped) == set()


def test_unused_icon_is_found():
    assert icons.in_use({"user-round", "planted-icon"}) == {"user-round"}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_are_portable(lock):
    assert lock_violations((ROOT / lock).read_text(encoding="utf-8"), lock) == []


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
def test_vague_name_is_found(path):
    assert vague_names([path]) == [path]


@pytest.mark.parametrize(
    "path", ["authserver/domain/users/users.py", "templates/corebook.html", "authserver/web/commons.py"]
)
def test_other_names_are_allowed(path):
    assert vague_names([path]) == []


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
def test_inline_script_or_style_is_found(text):
    assert len(violations(text, TEMPLATE_RULES)) == 1


@pytest.mark.parametrize(
    "text", ['<p class="style">on = 1</p>', '<script nonce="{{ nonce }}" src="/a.js"></script>']
)
def test_clean_templates_pass(text):
    assert violations(text, TEMPLATE_RULES) == []


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
def test_registry_or_path_in_a_lock_file_is_found(text):
    assert lock_violations(text)


def test_clean_lock_file_passes():
    assert lock_violations("flask==3.1.3 \\\n    --hash=sha256:00ff\n") == []
