"""`authserver config`: the effective settings and their origins, without secrets."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from datetime import timedelta

import pytest

from authserver.cli import config
from authserver.setting_values import format_duration
from authserver.settings import Settings
from tests.support.databases import COMMAND

PEPPERS = "a1:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="


@pytest.fixture
def rows(runner):
    return lambda: {row["name"]: row for row in runner.run_json("config")}


pytestmark = pytest.mark.only_on("sqlite")


def test_every_setting_is_listed_with_its_help(rows):
    shown = rows()
    assert list(shown) == [f"AUTHSERVER_{name.upper()}" for name in Settings.model_fields]
    assert all(row["help"] for row in shown.values())


def test_origins_are_listed(rows, monkeypatch, tmp_path):
    file = tmp_path / "authserver.toml"
    file.write_text('code_lifetime = "2m"\n')
    monkeypatch.setenv("AUTHSERVER_CONFIG_FILE", str(file))
    shown = rows()
    assert shown["AUTHSERVER_CODE_LIFETIME"]["value"] == "2m"
    assert shown["AUTHSERVER_CODE_LIFETIME"]["origin"] == f"code_lifetime in {file}"
    assert shown["AUTHSERVER_DATABASE_URL"]["origin"] == "AUTHSERVER_DATABASE_URL"
    assert shown["AUTHSERVER_THREADS"]["origin"] == "default"


def test_secrets_are_not_shown(runner, rows, monkeypatch, tmp_path):
    secret = tmp_path / "database-url"
    secret.write_text("postgresql://ada:hunter2@db.example.org/authserver\n")
    monkeypatch.delenv("AUTHSERVER_DATABASE_URL", raising=False)
    monkeypatch.setenv("AUTHSERVER_PEPPERS", PEPPERS)
    runner._environment.pop("AUTHSERVER_DATABASE_URL")
    monkeypatch.setenv("AUTHSERVER_DATABASE_URL_FILE", str(secret))
    shown = rows()
    assert shown["AUTHSERVER_PEPPERS"]["value"] == config.MASKED
    assert shown["AUTHSERVER_DATABASE_URL"] | {"help": ""} == {
        "name": "AUTHSERVER_DATABASE_URL",
        "value": f"postgresql+psycopg://ada:{config.MASKED}@db.example.org/authserver",
        "origin": "AUTHSERVER_DATABASE_URL_FILE",
        "help": "",
    }
    printed = runner.run("config")
    assert "hunter2" not in printed
    assert PEPPERS not in printed


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (timedelta(days=14), "14d"),
        (timedelta(minutes=90), "90m"),
        (timedelta(seconds=61), "61s"),
        (timedelta(0), "0"),
    ],
)
def test_printed_durations_can_be_parsed(value, written):
    assert format_duration(value) == written
    assert Settings(refresh_grace=written).refresh_grace == value


def printed_on_terminal(environment, columns):
    """Return the lines that the command prints on a terminal of this width."""
    terminal, output = pty.openpty()
    fcntl.ioctl(output, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = environment | {"TERM": "xterm"}
    env.pop("COLUMNS", None)
    command = subprocess.Popen([*COMMAND, "config"], stdin=output, stdout=output, stderr=output, env=env)
    os.close(output)
    text = b""
    try:
        while part := os.read(terminal, 65536):
            text += part
    except OSError:  # Linux reports the end of a terminal as an error.
        pass
    assert command.wait() == 0
    os.close(terminal)
    return text.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_settings_fit_the_terminal(runner, columns):
    lines = printed_on_terminal(runner._environment, columns)
    assert max(map(len, lines)) <= columns
    names = [line.split()[0] for line in lines if line.startswith("AUTHSERVER_")]
    assert names == [f"AUTHSERVER_{name.upper()}" for name in Settings.model_fields]
    assert not any("─" in line for line in lines)


def test_piped_settings_are_one_plain_line_each(runner, rows):
    lines = runner.run("config").splitlines()
    assert lines[0].split("\t") == ["Setting", "Value", "Origin", "Description"]
    assert [line.split("\t")[0] for line in lines[1:]] == list(rows())
    assert all(line.count("\t") == 3 and line == line.strip() for line in lines)
    assert "─" not in "".join(lines)


def test_every_piped_list_is_plain(runner):
    runner.run("scopes", "add", "models.read", "--words", "Read your models")
    for arguments in (["scopes", "list"], ["keys", "list"]):
        text = runner.run(*arguments)
        assert "\t" in text
        assert not any(character in text for character in "─│\x1b")
        assert all(line == line.rstrip() for line in text.splitlines())
