"""docs/specifications refers only to tests that exist."""

import ast
import re
from functools import cache

import pytest

from authserver.settings import ROOT

DOCUMENTS = sorted((ROOT / "docs" / "specifications").glob("*.md"))
NAMED = re.compile(r"`(test_\w+)`")


@cache
def existing_tests() -> set[str]:
    """Return the names of all test functions."""
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return found


def missing(text: str) -> set[str]:
    """Return the tests that a document names and that do not exist."""
    return set(NAMED.findall(text)) - existing_tests()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_named_test_exists(document) -> None:
    assert missing(document.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_tick_names_a_test(document) -> None:
    ticks = [line for line in document.read_text(encoding="utf-8").splitlines() if line.startswith("- [x]")]
    assert [line for line in ticks if not NAMED.search(line)] == []


def test_a_test_that_does_not_exist_is_found() -> None:
    assert missing("- [x] A promise — `test_that_nobody_wrote`") == {"test_that_nobody_wrote"}
