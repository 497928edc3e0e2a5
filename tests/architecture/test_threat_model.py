"""docs/threat-model.md defines every requirement (S5) and invariant (I1) that the code, the tests and the docs cite."""

import re

import pytest

from authserver.settings import ROOT

PAGE = ROOT / "docs" / "threat-model.md"
FOLDERS = ("authserver", "tests", "docs", "templates", "migrations")
SUFFIXES = {".py", ".md", ".html", ".js", ".css"}
SKIPPED = {"vendor", "node_modules", "__pycache__"}
CITED = re.compile(r"\b[SI]\d{1,2}\b")
DEFINED = re.compile(r"^- \*\*([SI]\d{1,2})\*\* ", re.MULTILINE)


def defined():
    return DEFINED.findall(PAGE.read_text(encoding="utf-8"))


def undefined(text):
    """Return the numbers in a text that the threat model does not define."""
    return sorted(set(CITED.findall(text)) - set(defined()))


def sources():
    files = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")))
    return [path for path in files if path.suffix in SUFFIXES and not SKIPPED & set(path.parts)]


def test_every_cited_number_is_defined():
    found = {
        path.relative_to(ROOT).as_posix(): numbers
        for path in sources()
        if path != PAGE and (numbers := undefined(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_no_number_is_defined_twice():
    assert len(defined()) == len(set(defined()))


def test_all_numbers_except_the_unassigned_one_are_defined():
    requirements = {f"S{number}" for number in range(1, 35)} - {f"S{30}"}
    assert set(defined()) == requirements | {f"I{number}" for number in range(1, 8)}


@pytest.mark.parametrize("number", [f"S{99}", f"S{30}", f"I{8}"])
def test_an_undefined_number_is_found(number):
    assert undefined(f"The code is consumed once ({number}, S5).") == [number]


@pytest.mark.parametrize("text", ["Consumed once (I1, S5).", "# noqa: S105", "S256", "ISO8601"])
def test_other_text_passes(text):
    assert undefined(text) == []
