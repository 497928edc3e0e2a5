"""Tests of the test support: errors that the browser reports, accessibility findings, and databases."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from authserver import clock
from authserver.domain.scopes import DefinedScope
from authserver.domain.users.users import User
from tests import conftest
from tests.support import axe, databases, matrix
from tools import external_programs, toolchains

POLICY = "default-src 'none'; require-trusted-types-for 'script'"
PAGE = """<!doctype html><html lang="en"><head><title>A page</title></head>
<body><main><h1>A page</h1>{body}</main></body></html>"""


def show(page, body):
    page.route(
        "http://localhost/",
        lambda route: route.fulfill(
            body=PAGE.format(body=body), content_type="text/html", headers={"Content-Security-Policy": POLICY}
        ),
    )
    page.goto("http://localhost/")


@pytest.mark.browser
def test_axe_reports_violations_under_a_strict_policy(page):
    show(page, "<input>")
    assert any(finding.startswith("label:") for finding in axe.findings(page))


@pytest.mark.browser
def test_axe_reports_nothing_on_an_accessible_page(page):
    show(page, "<label>Name <input></label>")
    axe.assert_accessible(page)


@pytest.mark.browser
def test_policy_violation_is_reported(page, browser_errors):
    browser_errors.expect("Content Security Policy")
    show(page, "<p style='color:red'>red</p>")
    assert browser_errors.contains("Content Security Policy")
    assert browser_errors.unexpected() == []


def test_each_test_has_its_own_empty_database(empty_database_url, database_kind):
    engine = sa.create_engine(empty_database_url)
    assert engine.dialect.name == database_kind
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.only_on("postgresql")
def test_marked_test_runs_on_one_database(database_kind):
    assert database_kind == "postgresql"


@pytest.mark.parametrize(
    ("path", "markers", "usual", "full"),
    [
        ("web/test_pages.py", {}, ["sqlite"], ["sqlite", "postgresql"]),
        ("web/test_pages.py", {"both_databases": ()}, ["sqlite", "postgresql"], ["sqlite", "postgresql"]),
        ("domain/test_users.py", {}, ["sqlite", "postgresql"], ["sqlite", "postgresql"]),
        ("domain/test_users.py", {"only_on": ("sqlite",)}, ["sqlite"], ["sqlite"]),
        ("web/test_pages.py", {"only_on": ("postgresql",)}, ["postgresql"], ["postgresql"]),
    ],
)
def test_the_databases_of_a_test(path, markers, usual, full):
    marks = {name: getattr(pytest.mark, name)(*arguments).mark for name, arguments in markers.items()}
    test = SimpleNamespace(path=matrix.TESTS / path, get_closest_marker=marks.get)
    assert list(matrix.kinds(test, is_full=False)) == usual
    assert list(matrix.kinds(test, is_full=True)) == full


@pytest.mark.both_databases
def test_nothing_is_left_in_a_restored_database(database_kind, tmp_path):
    restorable = databases.restorable(database_kind, tmp_path)
    restorable.restore(("alice",))
    engine = sa.create_engine(restorable.url)
    now = clock.now()

    def add(name: str) -> int:
        values = {"name": name, "words": "Do it", "is_open": True, "created_at": now, "updated_at": now}
        return connection.scalar(sa.insert(DefinedScope).values(values).returning(DefinedScope.id))

    with engine.begin() as connection:
        connection.execute(sa.update(User).values(name="Bob"))
        first = add("one")
    restorable.restore(("alice",))
    with engine.begin() as connection:
        assert connection.scalars(sa.select(User.name)).all() == ["Alice Adams"]
        assert add("two") == first
    restorable.restore(first_id=5000)
    with engine.begin() as connection:
        assert connection.scalars(sa.select(User.name)).all() == []
        assert add("three") == 5000
    engine.dispose()


@pytest.mark.parametrize(
    ("ci", "code", "message"), [("true", 1, "which CI does not allow"), ("", 0, "1 skipped")]
)
def test_skip_is_a_failure_only_in_ci(tmp_path, ci, code, message):
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\ndef test_it():\n    pytest.skip('no such program')\n"
    )
    settings = [
        "-c",
        str(external_programs.ROOT / "pyproject.toml"),
        "--rootdir",
        str(external_programs.ROOT),
        "-p",
        "tests.conftest",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", *settings, str(tmp_path)],
        env=databases.environment() | {"CI": ci},
        cwd=external_programs.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert message in done.stdout


def test_missing_program_is_named_with_advice(capsys):
    external_programs._provide("a lighthouse", lambda: None, lambda: None, "build one")
    output = capsys.readouterr().out
    assert (
        output == "Missing: a lighthouse. The tests that need it will be skipped. To run them, build one.\n"
    )


def test_existing_program_is_not_installed(capsys):
    external_programs._provide(
        "a lighthouse", lambda: "here", lambda: pytest.fail("the program was installed"), "build one"
    )
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("is_chosen", "selected"), [(False, ["usual"]), (True, ["usual", "built"])])
def test_test_of_a_toolchain_runs_only_with_the_option(is_chosen, selected):
    """`make test` deselects it, so that no skip hides it. `make interop-all` selects it."""
    built = SimpleNamespace(name="built", get_closest_marker=lambda name: name == "toolchain")
    items = [SimpleNamespace(name="usual", get_closest_marker=lambda name: None), built]
    deselected = []
    hook = SimpleNamespace(pytest_deselected=lambda **found: deselected.extend(found["items"]))
    conftest.pytest_collection_modifyitems(
        SimpleNamespace(getoption=lambda name: is_chosen, hook=hook), items
    )
    assert [item.name for item in items] == selected
    assert deselected == ([] if is_chosen else [built])


def test_program_that_cannot_be_built_is_named(capsys, tmp_path):
    assert not toolchains._build("a program", ["no-such-compiler"], tmp_path)
    assert not toolchains._build("another program", ["false"], tmp_path)
    printed = capsys.readouterr().out
    assert "Missing: no-such-compiler, which builds a program." in printed
    assert "Failed to build another program" in printed


def test_application_that_was_not_built_names_the_command():
    with pytest.raises(FileNotFoundError, match="make interop-all"):
        toolchains.go_program("planted")
