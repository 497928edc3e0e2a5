"""RFC 6749, sections 10.3 to 10.5, 10.10 and 10.14: issued values are secret, and received values are only data."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, response_parameters

KINDS = ["code", "access_token", "refresh_token"]
# 43 characters of base64url are 256 bits. The specification requires 128 and recommends 160.
MINIMUM_LENGTH = 43
STATES = ["a\r\nSet-Cookie: x=y", "</form><script>alert(1)</script>", "a&code=other&iss=other", "a#b", "a\\"]


def issue(rp: RelyingParty, kind: str) -> str:
    """Return a new value of one type."""
    return rp.code() if kind == "code" else str(rp.tokens()[kind])


def secret_of(value: str) -> str:
    """Return the secret after the type prefix and the row id."""
    return re.split(r"[_.]", value, maxsplit=3 if value.startswith("asr_") else 2)[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_issued_values_cannot_be_guessed(rp: RelyingParty, kind: str) -> None:
    """10.10: the probability of guessing a generated token MUST be at most 2^-128."""
    first, second = (secret_of(issue(rp, kind)) for _ in range(2))
    assert first != second
    assert min(len(first), len(second)) >= MINIMUM_LENGTH


@pytest.mark.parametrize("kind", KINDS)
def test_issued_values_are_not_stored(rp: RelyingParty, services: Services, kind: str) -> None:
    """10.3, 10.4: tokens and codes MUST be kept confidential in storage."""
    secret = secret_of(issue(rp, kind))
    stored_rows = stored(services)
    assert any(rp.key in text for text in stored_rows)
    assert not [text for text in stored_rows if secret in text]


def stored(services: Services) -> list[str]:
    """Return every row of every table as text."""
    with services.database.reading() as connection:
        return [
            repr(_plain(row))
            for name in services.database.engine.dialect.get_table_names(connection)
            for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')
        ]


def _plain(row: object) -> list[object]:
    return [bytes(value) if isinstance(value, memoryview) else value for value in row]  # type: ignore[attr-defined]


def test_misplaced_secret_is_not_stored(rp: RelyingParty, services: Services) -> None:
    """2.3.1: credentials MUST NOT be in the request URI, but some clients put them there. S24: they are not stored."""
    misplaced = {
        "client_secret": "mistaken-secret",
        "password": "mistaken-password",
        "id_token": "mistaken-token",
    }
    page = rp.authorize(**misplaced)
    assert 'id="login-submit"' in page.text
    stored_rows = stored(services)
    assert any(rp.key in text for text in stored_rows)
    assert not [text for text in stored_rows if "mistaken" in text]
    assert response_parameters(rp.allow(rp.sign_in(page)))["code"]


def test_guessed_access_token_is_rejected(rp: RelyingParty) -> None:
    """10.3: unauthorized parties cannot generate, modify or guess access tokens. The row id is not enough."""
    token = rp.tokens()["access_token"]
    assert rp.userinfo(f"{token[:-6]}AAAAAA").status_code == 401
    assert rp.userinfo(token).status_code == 200


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("mode", ["query", "fragment"])
def test_state_is_escaped_in_the_query(rp: RelyingParty, mode: str, state: str) -> None:
    """10.14: the server MUST sanitize any value received, in particular state and redirect_uri."""
    response = rp.authorized(state=state, response_mode=mode)
    assert "x=y" not in str(response.headers.getlist("Set-Cookie"))
    parameters = parse_qs(getattr(urlsplit(response.location), mode))
    assert (parameters["state"], len(parameters["code"]), len(parameters["iss"])) == ([state], 1, 1)


@pytest.mark.parametrize("state", STATES)
def test_state_is_escaped_in_the_form(rp: RelyingParty, state: str) -> None:
    """10.14: the server MUST sanitize any value received. Form Post, section 2: it is returned unchanged."""
    page = rp.authorized(state=state, response_mode="form_post")
    assert "<script>alert" not in page.text
    assert response_parameters(page)["state"] == state
