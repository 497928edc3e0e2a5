"""The examples in the documentation are the files that the tests run."""

import re
from pathlib import Path

import pytest

from tests.architecture import ROOT

_EXAMPLE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)\n```\n", re.DOTALL)
_MARK = "<!-- file: "


def differences(text: str) -> list[str]:
    """Return the files of which a document shows other text, and marks without a block of code."""
    found = _EXAMPLE.findall(text)
    wrong = [
        path
        for path, code in found
        if not (ROOT / path).is_file() or code not in (ROOT / path).read_text("utf-8")
    ]
    return wrong + ["a mark without code"] * (text.count(_MARK) - len(found))


@pytest.mark.parametrize(
    "document", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_examples_are_the_files(document: Path) -> None:
    """A block of code after the comment `<!-- file: PATH -->` is that file, or a part of it."""
    assert differences(document.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "<!-- file: tests/interop/api_jwt.py -->\n```python\nimport nothing\n```\n",
        "<!-- file: no/such/file.py -->\n```python\nimport os\n```\n",
        "<!-- file: tests/interop/api_jwt.py -->\nno code\n",
    ],
)
def test_planted_difference_is_found(text: str) -> None:
    assert differences(text)


def test_guide_shows_the_examples() -> None:
    guide = (ROOT / "docs/how-to/protect-an-api.md").read_text("utf-8")
    assert {path for path, _ in _EXAMPLE.findall(guide)} >= {
        "tests/interop/api_jwt.py",
        "tests/interop/api_opaque.py",
        "tests/interop/node/api_jwt.js",
        "tests/interop/node/api_opaque.js",
    }
