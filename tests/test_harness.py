"""Tests of the test support: complaints of the browser, accessibility findings, and databases."""

import subprocess
import sys

import pytest
import sqlalchemy as sa

from tests.support import axe, databases
from tools import peers

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
def test_policy_violation_is_a_complaint(page, complaints):
    complaints.expect("Content Security Policy")
    show(page, "<p style='color:red'>red</p>")
    assert complaints.heard("Content Security Policy")
    assert complaints.unexpected() == []


def test_each_test_has_its_own_empty_database(empty_database_url, database_kind):
    engine = sa.create_engine(empty_database_url)
    assert engine.dialect.name == database_kind
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.only_on("postgresql")
def test_marked_test_runs_on_one_database(database_kind):
    assert database_kind == "postgresql"


@pytest.mark.parametrize(
    ("ci", "code", "message"), [("true", 1, "which CI does not allow"), ("", 0, "1 skipped")]
)
def test_skip_is_a_failure_only_in_ci(tmp_path, ci, code, message):
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\ndef test_it():\n    pytest.skip('no such program')\n"
    )
    settings = [
        "-c",
        str(peers.ROOT / "pyproject.toml"),
        "--rootdir",
        str(peers.ROOT),
        "-p",
        "tests.conftest",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", *settings, str(tmp_path)],
        env=databases.environment() | {"CI": ci},
        cwd=peers.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert message in done.stdout


def test_missing_program_is_named_in_one_sentence(capsys):
    peers._provide("a lighthouse", lambda: None, lambda: None, "build one")
    output = capsys.readouterr().out
    assert output == "Missing: a lighthouse. The tests that need it will be skipped; build one.\n"


def test_existing_program_is_not_installed(capsys):
    peers._provide("a lighthouse", lambda: "here", lambda: pytest.fail("fetched"), "build one")
    assert capsys.readouterr().out == ""
