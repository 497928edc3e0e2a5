"""Every decision has a date, a status and the same four parts, and the index lists it."""

import re

import pytest

from authserver.settings import ROOT

FOLDER = ROOT / "docs" / "decisions"
INDEX = FOLDER / "README.md"
# This page is one decision with tables. test_dependencies checks it.
TABLES = FOLDER / "dependencies.md"
PAGES = sorted(set(FOLDER.glob("*.md")) - {INDEX, TABLES})
PARTS = ["Context", "Decision", "Alternatives", "Consequences"]
STATUS = re.compile(r"^\*\d{4}-\d{2}-\d{2}, accepted[^*]*\*$", re.MULTILINE)


def decisions(page):
    """Return title and text of each decision on a page."""
    _, *sections = re.split(r"^## ", page, flags=re.MULTILINE)
    return [section.split("\n", 1) for section in sections]


def mistakes(page):
    """Return the titles of the decisions that lack a date, a status or a part."""
    return [
        title
        for title, text in decisions(page)
        if not STATUS.search(text) or re.findall(r"^- \*\*(\w+)\.\*\* ", text, re.MULTILINE) != PARTS
    ]


def listed():
    """Return file and title of each decision in the index."""
    text = INDEX.read_text(encoding="utf-8")
    return [
        (file, title) for title, file in re.findall(r"^- \[(.+)\]\(([\w-]+\.md)#\S+\)", text, re.MULTILINE)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_decision_has_its_parts(page):
    text = page.read_text(encoding="utf-8")
    assert decisions(text)
    assert mistakes(text) == []


def test_the_index_lists_every_decision():
    written = [
        (page.name, title) for page in PAGES for title, _ in decisions(page.read_text(encoding="utf-8"))
    ]
    assert sorted(listed()) == sorted(written)


@pytest.mark.parametrize(
    "text",
    [
        "## A\n\n- **Context.** x\n- **Decision.** x\n- **Alternatives.** x\n- **Consequences.** x\n",
        "## A\n\n*2026-11-23, accepted*\n\n- **Context.** x\n- **Decision.** x\n- **Consequences.** x\n",
    ],
)
def test_an_incomplete_decision_is_found(text):
    assert mistakes(text) == ["A"]
