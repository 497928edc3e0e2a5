"""Settings: sources, formats, validation and error messages."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from authserver import settings
from authserver.errors import SettingsError
from authserver.settings import Settings


def load_error(**overrides):
    with pytest.raises(SettingsError) as caught:
        settings.load(**overrides)
    return str(caught.value)


def test_defaults():
    loaded = settings.load()
    assert loaded.issuer == "http://127.0.0.1:8000"
    assert loaded.code_lifetime == timedelta(seconds=60)
    assert loaded.database_file == settings.ROOT / "authserver.db"


def test_environment_overrides_the_file(monkeypatch, tmp_path):
    file = tmp_path / "authserver.toml"
    file.write_text('product_name = "From the file"\ncode_lifetime = "30s"\nsign_in_attempts = 5\n')
    monkeypatch.setenv("AUTHSERVER_CONFIG_FILE", str(file))
    monkeypatch.setenv("AUTHSERVER_PRODUCT_NAME", "From the environment")
    loaded = settings.load()
    assert loaded.product_name == "From the environment"
    assert loaded.code_lifetime == timedelta(seconds=30)
    assert loaded.sign_in_attempts == 5


def test_origins_are_recorded(monkeypatch, tmp_path):
    file, secret = tmp_path / "authserver.toml", tmp_path / "peppers"
    file.write_text("threads = 4\n")
    secret.write_text("a1:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=\n")
    monkeypatch.setenv("AUTHSERVER_CONFIG_FILE", str(file))
    monkeypatch.setenv("AUTHSERVER_PEPPERS_FILE", str(secret))
    origins = {name: found.origin for name, found in settings.configured_values().items()}
    assert origins == {"threads": f"threads in {file}", "peppers": "AUTHSERVER_PEPPERS_FILE"}
    assert not settings.load().peppers.get_secret_value().endswith("\n")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "AUTHSERVER_PUBLIC_ULR",
            "Unknown setting AUTHSERVER_PUBLIC_ULR. Did you mean AUTHSERVER_PUBLIC_URL?",
        ),
        ("AUTHSERVER_QQQ", "Unknown setting AUTHSERVER_QQQ. docs/reference/settings.md lists all settings."),
        ("AUTHSERVER_QQQ_FILE", "Unknown setting AUTHSERVER_QQQ_FILE."),
    ],
)
def test_unknown_variable_is_rejected(monkeypatch, name, sentence):
    monkeypatch.setenv(name, "x")
    assert load_error().startswith(sentence)


@pytest.mark.parametrize("name", ["AUTHSERVER_RESOURCES", "AUTHSERVER_RESOURCES_FILE"])
def test_removed_variable_is_rejected(monkeypatch, name):
    monkeypatch.setenv(name, "https://api.example.org/")
    error = load_error()
    assert error.startswith(f"The setting {name} no longer exists. Remove it.")
    assert "authserver resources add" in error


def test_removed_name_in_the_file_is_rejected(monkeypatch, tmp_path):
    file = tmp_path / "authserver.toml"
    file.write_text('resources = "https://api.example.org/"\n')
    monkeypatch.setenv("AUTHSERVER_CONFIG_FILE", str(file))
    assert load_error().startswith(f"The setting resources in {file} no longer exists.")


def test_unknown_name_in_the_file_is_rejected(monkeypatch, tmp_path):
    file = tmp_path / "authserver.toml"
    file.write_text('publicurl = "https://login.example.org"\n')
    monkeypatch.setenv("AUTHSERVER_CONFIG_FILE", str(file))
    assert load_error() == f"Unknown setting publicurl in {file}. Did you mean public_url?"


@pytest.mark.parametrize("content", [None, "threads = [", "\xff"])
def test_unreadable_file_is_rejected(monkeypatch, tmp_path, content):
    file = tmp_path / "authserver.toml"
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    monkeypatch.setenv("AUTHSERVER_CONFIG_FILE", str(file))
    assert load_error().startswith(f"Cannot read {file}, the file that AUTHSERVER_CONFIG_FILE names: ")


def test_value_and_value_file_exclude_each_other(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTHSERVER_PRODUCT_NAME", "a")
    monkeypatch.setenv("AUTHSERVER_PRODUCT_NAME_FILE", str(tmp_path))
    assert (
        load_error()
        == "AUTHSERVER_PRODUCT_NAME and AUTHSERVER_PRODUCT_NAME_FILE are both set. Remove one of them."
    )


def test_missing_value_file_is_rejected(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTHSERVER_DATABASE_URL_FILE", str(tmp_path / "none"))
    assert load_error().startswith("Cannot read the file that AUTHSERVER_DATABASE_URL_FILE names: ")


def test_every_error_is_reported(monkeypatch):
    monkeypatch.setenv("AUTHSERVER_PUBLIC_URL", "http://login.example.org")
    monkeypatch.setenv("AUTHSERVER_THREADS", "many")
    first, second = load_error().splitlines()
    assert first == (
        "AUTHSERVER_PUBLIC_URL: must begin with https:// (http is allowed only for 127.0.0.1, ::1 and localhost)."
    )
    assert second.startswith("AUTHSERVER_THREADS: ")


@pytest.mark.parametrize("name", ["Sign-in\nX-Header: 1", "\x00", "a\u202eb"])
def test_product_name_must_be_one_line(name):
    assert load_error(product_name=name).startswith("product_name: must be one line")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_file_without_certificates_is_rejected(tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    assert load_error(fetch_ca_file=file).startswith(
        "fetch_ca_file: must be a readable file with PEM certificates"
    )


def test_error_does_not_repeat_a_secret(monkeypatch):
    monkeypatch.setenv("AUTHSERVER_DATABASE_URL", "mysql://root:hunter2hunter2@db/x")
    assert "hunter2" not in load_error()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90", 90), ("90s", 90), ("15m", 900), ("1h30m", 5400), ("14d", 1209600), (" 2H ", 7200), (30, 30)],
)
def test_durations_are_parsed(written, seconds):
    assert Settings(code_lifetime=written).code_lifetime == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "soon", "-5", "5w", "1.5h", "0", "9999999999d", "99999d", "5m5"])
def test_invalid_duration_is_rejected(written):
    assert "code_lifetime: " in load_error(code_lifetime=written)


def test_grace_window_can_be_disabled():
    assert Settings(refresh_grace="0").refresh_grace == timedelta(0)


@pytest.mark.parametrize(
    ("written", "issuer", "base_path", "origin", "is_secure"),
    [
        ("https://login.example.org", "https://login.example.org", "", "https://login.example.org", True),
        ("https://login.example.org/", "https://login.example.org", "", "https://login.example.org", True),
        (
            "https://mc.example.org:8443/authentication/",
            "https://mc.example.org:8443/authentication",
            "/authentication",
            "https://mc.example.org:8443",
            True,
        ),
        ("http://localhost:9000", "http://localhost:9000", "", "http://localhost:9000", False),
        ("http://[::1]:9000", "http://[::1]:9000", "", "http://[::1]:9000", False),
    ],
)
def test_public_url_is_parsed(written, issuer, base_path, origin, is_secure):
    loaded = Settings(public_url=written)
    assert (loaded.issuer, loaded.base_path, loaded.origin, loaded.is_secure) == (
        issuer,
        base_path,
        origin,
        is_secure,
    )
    assert loaded.url("/jwks.json") == f"{issuer}/jwks.json"


@pytest.mark.parametrize(
    "written",
    [
        "login.example.org",
        "ftp://login.example.org",
        "http://login.example.org",
        "http://127.0.0.1.example.org",
        "https://",
        "https://user:password@login.example.org",
        "https://login.example.org/?a=b",
        "https://login.example.org/#a",
        "https://login.example.org:0",
        "https://login.example.org:port",
        "https://login.example.org/a//b",
        "https://login.exämple.org",
        "https://login.example.org/\n",
        "https://login.example.org /",
    ],
)
def test_invalid_issuer_is_rejected(written):
    if written.endswith("\n"):
        assert Settings(public_url=written).issuer == "https://login.example.org"
    else:
        assert "public_url: " in load_error(public_url=written)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("postgres://a:b@db/x", "postgresql+psycopg://a:b@db/x"),
        ("postgresql://db/x?sslmode=require", "postgresql+psycopg://db/x?sslmode=require"),
        ("postgresql+psycopg://db/x", "postgresql+psycopg://db/x"),
        ("sqlite:////var/lib/x.db", "sqlite:////var/lib/x.db"),
    ],
)
def test_database_urls_are_normalized(written, url):
    assert Settings(database_url=written).database_url == url


def test_relative_database_path_starts_at_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    loaded = Settings(database_url="sqlite:///data/x.db")
    assert loaded.database_file == Path(tmp_path / "data/x.db")


@pytest.mark.parametrize(
    "written",
    ["", "x.db", "mysql://db/x", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///x?mode=ro"],
)
def test_invalid_database_url_is_rejected(written):
    assert "database_url: " in load_error(database_url=written)


def test_trusted_proxies_are_a_list(monkeypatch):
    monkeypatch.setenv("AUTHSERVER_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.7,fd00::/8")
    assert [str(network) for network in settings.load().trusted_proxies] == [
        "10.0.0.0/8",
        "192.168.1.7/32",
        "fd00::/8",
    ]


@pytest.mark.parametrize("value", ["10.0.0.0/8, 192.168.1.7,fd00::/8", "jazz,.corp.example.org,app.local"])
def test_http_redirect_hosts_are_private_networks_or_hosts(value):
    assert len(Settings(http_redirect_hosts=value).http_redirect_hosts) > 1


@pytest.mark.parametrize(
    "value",
    [
        "0.0.0.0/0",
        "203.0.113.0/24",
        "203.0.113.5",
        "10.0.0.1/8",
        "::/0",
        "http://jazz",
        "jazz:80",
        "Jazz",
        "*.corp",
        ".",
    ],
)
def test_invalid_http_redirect_hosts_are_rejected(value):
    with pytest.raises(ValidationError):
        Settings(http_redirect_hosts=value)
