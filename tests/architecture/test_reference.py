"""docs/reference is generated from the code and up to date."""

import pytest

from tools import reference


@pytest.mark.parametrize("path", reference.PAGES, ids=lambda path: path.name)
def test_page_is_up_to_date(path):
    assert path.read_text(encoding="utf-8") == reference.PAGES[path](), "run `make reference`"


@pytest.mark.parametrize("path", reference.PAGES, ids=lambda path: path.name)
def test_every_row_has_a_description(path):
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert rows
    assert [row for row in rows if row.rstrip("| ").endswith("|") or "|  |" in row] == []


def test_every_command_has_a_description():
    page = reference.commands_page()
    for words in (
        "serve",
        "users add",
        "clients approve",
        "keys rotate",
        "database migrate",
        "config",
        "doctor",
    ):
        assert f" authserver {words}\n" in page
