"""Log lines: one form for ours and for libraries', and no secret in any of them (S29, I7)."""

import json
import logging

import pytest

from authserver import logs
from authserver.domain.keys import vault
from authserver.domain.tokens import opaque_tokens, refresh_tokens
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"


@pytest.fixture
def written(capsys):
    """What was logged since the last look; afterwards logging is as other tests expect it."""
    yield lambda: capsys.readouterr().err
    logs.configure("info", "json")


def test_a_line_is_one_object_with_the_time_first(written):
    logs.configure("info", "json")
    logs.get("web").info("request", path="/ä", status=200)
    line = json.loads(written())
    assert list(line) == ["timestamp", "level", "module", "event", "path", "status"]
    assert line | {"timestamp": ""} == {
        "timestamp": "", "level": "info", "module": "web", "event": "request", "path": "/ä", "status": 200,
    }  # fmt: skip


def test_levels_are_kept(written):
    logs.configure("warning", "json")
    logs.get("web").info("quiet")
    logs.get("web").warning("loud")
    assert [json.loads(line)["event"] for line in written().splitlines()] == ["loud"]


def test_text_is_for_people(written):
    logs.configure("info", "text")
    logs.get("web").info("request", path="/")
    line = written()
    assert "request" in line
    assert not line.startswith("{")


def test_libraries_speak_the_same_way(written):
    logs.configure("info", "json")
    logging.getLogger("gunicorn.error").warning("worker %s is gone", 7)
    logging.getLogger("authlib.oauth2").debug("issued %s", "everything")
    lines = [json.loads(line) for line in written().splitlines()]
    assert [(line["module"], line["event"], line["level"]) for line in lines] == [
        ("gunicorn.error", "worker 7 is gone", "warning")
    ]


def test_configuring_twice_does_not_write_twice(written):
    logs.configure("info", "json")
    logs.configure("info", "json")
    logging.getLogger("other").error("once")
    assert len(written().splitlines()) == 1


@pytest.mark.parametrize("prefix", list(TokenPrefix))
def test_no_opaque_value_is_written(written, prefix):
    logs.configure("info", "json")
    secret = opaque_tokens.new_secret()
    value = opaque_tokens.format_token(prefix, 4711, secret)
    logs.get("web").warning("seen", what=value, where={"nested": [value]})
    line = written()
    assert secret not in line
    assert f"{prefix}_" in line, "a reader can still tell what it was"


def test_no_refresh_token_is_written(keys_dir):
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
def test_what_looks_like_a_credential_is_cut_out(text):
    masked = logs.mask(text)
    assert "***" in masked
    assert "secret" not in masked.replace("client_secret=", "").lower()
    assert "c2VjcmV0OnNlY3JldA" not in masked
    assert "c2lnbmF0dXJl" not in masked


def test_a_traceback_is_masked_too(written):
    logs.configure("info", "json")
    secret = opaque_tokens.new_secret()
    try:
        raise ValueError(opaque_tokens.format_token(TokenPrefix.REFRESH_TOKEN, 1, secret))
    except ValueError:
        logs.get("web").exception("unexpected error")
    line = written()
    assert "ValueError" in line
    assert secret not in line


@pytest.mark.parametrize("text", ["/oauth2/token", "state=abc", "code: 200", "decode=true&status=303"])
def test_ordinary_words_stay(text):
    assert logs.mask(text) == text
