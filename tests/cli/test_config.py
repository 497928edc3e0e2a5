"""`authserver config`: the effective settings and their origins, without secrets."""

from datetime import timedelta

import pytest

from authserver.cli import config
from authserver.setting_values import format_duration
from authserver.settings import Settings

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
