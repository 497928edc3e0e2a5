"""The log format, for authserver and for libraries, and the masking of secrets (S29, I7)."""

import json
import logging

import pytest

from authserver import logs
from authserver.domain import opaque_tokens, vault
from authserver.domain.tokens import refresh_tokens
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"


@pytest.fixture
def new_output(capsys):
    """Return a function that returns the new log output. The logging configuration is restored afterwards."""
    yield lambda: capsys.readouterr().err
    logs.configure("info", "json")


def test_line_is_one_json_object_that_starts_with_the_time(new_output):
    logs.configure("info", "json")
    logs.get("web").info("request", path="/ä", status=200)
    line = json.loads(new_output())
    assert list(line) == ["timestamp", "level", "module", "event", "path", "status"]
    assert line | {"timestamp": ""} == {
        "timestamp": "", "level": "info", "module": "web", "event": "request", "path": "/ä", "status": 200,
    }  # fmt: skip


def test_level_is_applied(new_output):
    logs.configure("warning", "json")
    logs.get("web").info("quiet")
    logs.get("web").warning("loud")
    assert [json.loads(line)["event"] for line in new_output().splitlines()] == ["loud"]


def test_text_format(new_output):
    logs.configure("info", "text")
    logs.get("web").info("request", path="/")
    line = new_output()
    assert "request" in line
    assert not line.startswith("{")


def test_library_logs_have_the_same_format(new_output):
    logs.configure("info", "json")
    logging.getLogger("gunicorn.error").warning("worker %s is gone", 7)
    logging.getLogger("authlib.oauth2").debug("issued %s", "everything")
    lines = [json.loads(line) for line in new_output().splitlines()]
    assert [(line["module"], line["event"], line["level"]) for line in lines] == [
        ("gunicorn.error", "worker 7 is gone", "warning")
    ]


def test_configuring_twice_does_not_duplicate_lines(new_output):
    logs.configure("info", "json")
    logs.configure("info", "json")
    logging.getLogger("other").error("once")
    assert len(new_output().splitlines()) == 1


@pytest.mark.parametrize("prefix", list(TokenPrefix))
def test_opaque_tokens_are_masked(new_output, prefix):
    logs.configure("info", "json")
    secret = opaque_tokens.new_secret()
    value = opaque_tokens.format_token(prefix, 4711, secret)
    logs.get("web").warning("seen", what=value, where={"nested": [value]})
    line = new_output()
    assert secret not in line
    assert f"{prefix}_" in line, "the prefix still shows the type of the value"


def test_refresh_tokens_are_masked(keys_dir):
    keys = vault.load(Settings(keys_dir=keys_dir))
    value = refresh_tokens.format_refresh_token(keys, 1, b"x" * 16, keys.pepper_id, 12)
    assert logs.mask(f"presented {value}.") == "presented asr_1_***"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic c2VjcmV0OnNlY3JldA==",
        "Authorization: Bearer opaque-secret-value",
        "GET /token?client_secret=secret-secret&x=1",
        "grant_type=password&password=secret%20secret",
        "redirect to https://app.example.org/cb?state=1&code=secretsecret",
        JWT,
    ],
)
def test_likely_credentials_are_masked(text):
    masked = logs.mask(text)
    assert "***" in masked
    assert "secret" not in masked.replace("client_secret=", "").lower()
    assert "c2VjcmV0OnNlY3JldA" not in masked
    assert "c2lnbmF0dXJl" not in masked


def test_traceback_is_masked(new_output):
    logs.configure("info", "json")
    secret = opaque_tokens.new_secret()
    try:
        raise ValueError(opaque_tokens.format_token(TokenPrefix.REFRESH_TOKEN, 1, secret))
    except ValueError:
        logs.get("web").exception("unexpected error")
    line = new_output()
    assert "ValueError" in line
    assert secret not in line


@pytest.mark.parametrize("text", ["/oauth2/token", "state=abc", "code: 200", "decode=true&status=303"])
def test_ordinary_text_is_not_masked(text):
    assert logs.mask(text) == text
