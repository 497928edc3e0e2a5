"""Law 6: what docs/reference says is what the code says."""

import pytest

from tools import reference


@pytest.mark.parametrize("path", reference.PAGES, ids=lambda path: path.name)
def test_the_page_is_what_the_code_says(path):
    assert path.read_text(encoding="utf-8") == reference.PAGES[path](), "run `make reference`"


@pytest.mark.parametrize("path", reference.PAGES, ids=lambda path: path.name)
def test_no_row_lacks_its_meaning(path):
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert rows
    assert [row for row in rows if row.rstrip("| ").endswith("|") or "|  |" in row] == []


def test_every_command_is_described():
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
