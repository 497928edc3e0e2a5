"""The generated pages, docs/reference and docs/how-to/compatibility.md, are up to date."""

import pytest

from tests.interop import applications, compatibility
from tools import reference


@pytest.mark.parametrize("path", reference.PAGES, ids=lambda path: path.name)
def test_page_is_up_to_date(path):
    assert path.read_text(encoding="utf-8") == reference.PAGES[path](), "run `make reference`"


@pytest.mark.parametrize("path", reference.PAGES, ids=lambda path: path.name)
def test_every_row_has_a_description(path):
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
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


def untested(declared, shown):
    """Return the names of the applications that no test connects."""
    return [one.name for one in declared if one not in shown]


def test_every_application_is_connected_by_a_test():
    values = vars(applications).values()
    groups = [value if isinstance(value, tuple) else (value,) for value in values]
    found = [one for group in groups for one in group if isinstance(one, compatibility.Application)]
    assert untested(found, compatibility.shown()) == []


def test_application_without_a_test_is_found():
    planted = compatibility.Application("Planted", "1", (compatibility.Toolchain.NODE, "planted.js"))
    assert untested([planted], compatibility.shown()) == ["Planted"]
