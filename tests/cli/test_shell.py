"""The command line in general: help, usage, exit codes, errors as JSON, and start-up time."""

import json
import subprocess
import sys
from importlib import metadata

import pytest
from click.testing import CliRunner

from authserver.cli import main
from tests.support.databases import COMMAND, environment


def invoke(*arguments):
    return CliRunner().invoke(main, arguments, env={})


def test_help_lists_every_command_group():
    result = invoke("--help")
    assert result.exit_code == 0
    for noun in ("serve", "database", "users", "clients", "keys", "config", "doctor"):
        assert f"  {noun} " in result.stdout


def test_version_prints_the_installed_version():
    result = invoke("--version")
    assert result.exit_code == 0
    assert result.stdout == f"authserver {metadata.version('authserver')}\n"


def test_help_reads_no_settings(monkeypatch):
    monkeypatch.setenv("AUTHSERVER_NONSENSE", "1")
    assert invoke("users", "add", "--help").exit_code == 0


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["users", "frobnicate"], ["users", "list", "--frobnicate"]]
)
def test_unknown_argument_exits_with_two(arguments):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "frobnicate" in result.stderr
    assert result.stdout == ""


def test_command_group_alone_shows_its_commands():
    result = invoke("users")
    assert result.exit_code == 2
    assert "set-password" in result.output


def test_usage_error_is_json_on_request():
    result = invoke("clients", "add", "--type", "saml", "--json")
    assert result.exit_code == 2
    assert "'saml' is not one of" in json.loads(result.stdout)["error"]


@pytest.mark.parametrize(
    "arguments", [["users", "list"], ["config"], ["keys", "list"], ["database", "status"]]
)
def test_invalid_settings_are_one_sentence(monkeypatch, arguments):
    monkeypatch.setenv("AUTHSERVER_PUBLIC_URL", "http://login.example.org")
    result = invoke(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("authserver: AUTHSERVER_PUBLIC_URL: must begin with https://")


@pytest.mark.parametrize(
    "arguments", [["users", "list"], ["clients", "list"], ["keys", "list"], ["database", "purge"]]
)
def test_missing_database_is_one_sentence(monkeypatch, tmp_path, arguments):
    monkeypatch.setenv("AUTHSERVER_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    result = invoke(*arguments, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "error": f"There is no database at {tmp_path / 'none.db'}. Run: authserver database migrate"
    }
    assert not (tmp_path / "none.db").exists(), "reading must not create the database"


def test_database_without_tables_is_one_sentence(monkeypatch, empty_database_url, tmp_path):
    (tmp_path / "authserver.db").touch()
    monkeypatch.setenv("AUTHSERVER_DATABASE_URL", empty_database_url)
    result = invoke("users", "list")
    assert result.exit_code == 1
    assert result.stderr == "authserver: The database has no tables yet. Run: authserver database migrate\n"


def test_unavailable_database_is_one_sentence(monkeypatch):
    monkeypatch.setenv("AUTHSERVER_DATABASE_URL", "postgresql://nobody:very-secret@127.0.0.1:1/none")
    result = invoke("users", "list")
    assert result.exit_code == 1
    assert result.stderr.startswith("authserver: The database cannot be used: ")
    assert "very-secret" not in result.output


def test_command_line_imports_neither_database_nor_web():
    script = "import sys; from authserver.cli import main; print([m for m in ('sqlalchemy', 'flask') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_closed_output_pipe_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -c 'from authserver.cli import main; main()' config | head -c 10",
        shell=True,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert len(COMMAND) == 3
