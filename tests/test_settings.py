"""Where settings come from, how they are written, what is refused and in which words."""

from datetime import timedelta
from pathlib import Path

import pytest

from authserver import settings
from authserver.errors import SettingsError
from authserver.settings import Settings


def refusal(**overrides):
    with pytest.raises(SettingsError) as caught:
        settings.load(**overrides)
    return str(caught.value)


def test_without_anything_the_defaults_hold():
    loaded = settings.load()
    assert loaded.issuer == "http://127.0.0.1:8000"
    assert loaded.code_lifetime == timedelta(seconds=60)
    assert loaded.database_file == settings.ROOT / "authserver.db"


def test_the_environment_wins_over_the_file(monkeypatch, tmp_path):
    file = tmp_path / "authserver.toml"
    file.write_text('product_name = "From the file"\ncode_lifetime = "30s"\nsign_in_attempts = 5\n')
    monkeypatch.setenv("AUTHSERVER_CONFIG_FILE", str(file))
    monkeypatch.setenv("AUTHSERVER_PRODUCT_NAME", "From the environment")
    loaded = settings.load()
    assert loaded.product_name == "From the environment"
    assert loaded.code_lifetime == timedelta(seconds=30)
    assert loaded.sign_in_attempts == 5


def test_origins_are_told(monkeypatch, tmp_path):
    file, secret = tmp_path / "authserver.toml", tmp_path / "peppers"
    file.write_text("threads = 4\n")
    secret.write_text("a1:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=\n")
    monkeypatch.setenv("AUTHSERVER_CONFIG_FILE", str(file))
    monkeypatch.setenv("AUTHSERVER_PEPPERS_FILE", str(secret))
    origins = {name: found.origin for name, found in settings.given().items()}
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
def test_an_unknown_variable_is_refused(monkeypatch, name, sentence):
    monkeypatch.setenv(name, "x")
    assert refusal().startswith(sentence)


def test_an_unknown_name_in_the_file_is_refused(monkeypatch, tmp_path):
    file = tmp_path / "authserver.toml"
    file.write_text('publicurl = "https://login.example.org"\n')
    monkeypatch.setenv("AUTHSERVER_CONFIG_FILE", str(file))
    assert refusal() == f"Unknown setting publicurl in {file}. Did you mean public_url?"


@pytest.mark.parametrize("content", [None, "threads = [", "\xff"])
def test_a_file_that_cannot_be_read_is_refused(monkeypatch, tmp_path, content):
    file = tmp_path / "authserver.toml"
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    monkeypatch.setenv("AUTHSERVER_CONFIG_FILE", str(file))
    assert refusal().startswith(f"AUTHSERVER_CONFIG_FILE names {file}, which is not readable: ")


def test_a_value_and_a_file_for_it_are_one_too_many(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTHSERVER_PRODUCT_NAME", "a")
    monkeypatch.setenv("AUTHSERVER_PRODUCT_NAME_FILE", str(tmp_path))
    assert (
        refusal()
        == "AUTHSERVER_PRODUCT_NAME and AUTHSERVER_PRODUCT_NAME_FILE are both set. Remove one of them."
    )


def test_a_value_file_that_is_missing_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTHSERVER_DATABASE_URL_FILE", str(tmp_path / "none"))
    assert refusal().startswith("AUTHSERVER_DATABASE_URL_FILE names a file that is not readable: ")


def test_every_mistake_gets_its_sentence(monkeypatch):
    monkeypatch.setenv("AUTHSERVER_PUBLIC_URL", "http://login.example.org")
    monkeypatch.setenv("AUTHSERVER_THREADS", "many")
    first, second = refusal().splitlines()
    assert first == (
        "AUTHSERVER_PUBLIC_URL: must begin with https:// (http is allowed only for 127.0.0.1, ::1 and localhost)."
    )
    assert second.startswith("AUTHSERVER_THREADS: ")


@pytest.mark.parametrize("name", ["Sign-in\nX-Header: 1", "\x00", "a\u202eb"])
def test_a_name_that_is_not_one_line_is_refused(name):
    assert refusal(product_name=name).startswith("product_name: must be one line")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_is_refused(tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    assert refusal(fetch_ca_file=file).startswith(
        "fetch_ca_file: must be a readable file with PEM certificates"
    )


def test_a_mistaken_secret_is_not_repeated(monkeypatch):
    monkeypatch.setenv("AUTHSERVER_DATABASE_URL", "mysql://root:hunter2hunter2@db/x")
    assert "hunter2" not in refusal()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90", 90), ("90s", 90), ("15m", 900), ("1h30m", 5400), ("14d", 1209600), (" 2H ", 7200), (30, 30)],
)
def test_durations_are_written_as_people_do(written, seconds):
    assert Settings(code_lifetime=written).code_lifetime == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "soon", "-5", "5w", "1.5h", "0", "9999999999d", "99999d", "5m5"])
def test_what_is_no_lifetime_is_refused(written):
    assert "code_lifetime: " in refusal(code_lifetime=written)


def test_a_grace_of_zero_switches_it_off():
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
def test_the_public_url_is_taken_apart(written, issuer, base_path, origin, is_secure):
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
def test_what_cannot_be_an_issuer_is_refused(written):
    if written.endswith("\n"):
        assert Settings(public_url=written).issuer == "https://login.example.org"
    else:
        assert "public_url: " in refusal(public_url=written)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("postgres://a:b@db/x", "postgresql+psycopg://a:b@db/x"),
        ("postgresql://db/x?sslmode=require", "postgresql+psycopg://db/x?sslmode=require"),
        ("postgresql+psycopg://db/x", "postgresql+psycopg://db/x"),
        ("sqlite:////var/lib/x.db", "sqlite:////var/lib/x.db"),
    ],
)
def test_databases_are_named_as_people_do(written, url):
    assert Settings(database_url=written).database_url == url


def test_a_relative_database_is_below_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    loaded = Settings(database_url="sqlite:///data/x.db")
    assert loaded.database_file == Path(tmp_path / "data/x.db")


@pytest.mark.parametrize(
    "written",
    ["", "x.db", "mysql://db/x", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///x?mode=ro"],
)
def test_what_cannot_be_a_database_is_refused(written):
    assert "database_url: " in refusal(database_url=written)


def test_proxies_are_a_list(monkeypatch):
    monkeypatch.setenv("AUTHSERVER_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.7,fd00::/8")
    assert [str(network) for network in settings.load().trusted_proxies] == [
        "10.0.0.0/8",
        "192.168.1.7/32",
        "fd00::/8",
    ]
