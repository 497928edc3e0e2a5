"""OpenID Connect Core, section 3, Multiple Response Types, Form Post, RFC 9207: the exact contents of a response."""

import string
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support import forms
from tests.support.relying_party import RelyingParty, claims, register, response_parameters
from tests.support.table import table

HYBRID = ("code id_token", "code token", "code id_token token")
IMPLICIT = ("id_token", "id_token token")
RESPONSE_MODES = [
    ("code", "query"),
    *(
        (response_type, mode)
        for response_type in ("code", *HYBRID, *IMPLICIT)
        for mode in ("fragment", "form_post")
    ),
]
ODD_VALUES = {
    "visible": string.printable[:94] * 4 + "x" * 24,
    "spaces": " " * 400,
    "escapes": "%26%3D%00+&amp;&#x3c;" * 19,
    "letters": "äß€𝄞\u202e\u200b" * 66,
    "one": "0",
}
ERRORS: dict[str, dict[str, str | None]] = {
    "invalid_request": {"max_age": "soon"},
    "invalid_scope": {"scope": "nonsense"},
    "login_required": {"prompt": "none"},
    "request_not_supported": {"request": "x"},
    "invalid_target": {"resource": "https://unknown.example/"},
}


@pytest.fixture
def rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A trusted client that is registered for every response type except one."""
    types = ("code", *HYBRID, *IMPLICIT)
    return RelyingParty(app, *register(services, response_types=types, is_trusted=True))


def response_mode_of(response: TestResponse) -> str:
    """Return the response mode of a response. A form contains only its fields."""
    if response.status_code == 200:
        assert forms.find(response, "form-post-continue").ids == {"form-post-continue"}
        return "form_post"
    parts = urlsplit(response.location)
    assert not (parts.query and parts.fragment)
    return "fragment" if parts.fragment else "query"


@pytest.mark.only_on("sqlite")
@table(("response_type", "mode"), RESPONSE_MODES)
@table("error", ERRORS)
def test_error_contains_state_and_iss_only(
    rp: RelyingParty, response_type: str, mode: str, error: str
) -> None:
    """RFC 6749, 4.1.2.1, Core, 3.1.2.6, RFC 9207, 2: the error is returned in the requested response mode."""
    page = rp.authorize(response_type=response_type, response_mode=mode, **ERRORS[error])
    response = response_parameters(page)
    assert (response_mode_of(page), response["error"]) == (mode, error)
    assert set(response) == {"error", "error_description", "state", "iss"}
    assert (response["state"], response["iss"]) == ("af0ifjsldkj", "http://localhost")


@pytest.mark.only_on("sqlite")
@table(("response_type", "mode"), RESPONSE_MODES)
def test_error_without_state_contains_iss_only(rp: RelyingParty, response_type: str, mode: str) -> None:
    """RFC 6749, 4.1.2.1: state is present if it was present in the request."""
    page = rp.authorize(response_type=response_type, response_mode=mode, prompt="none", state=None)
    assert set(response_parameters(page)) == {"error", "error_description", "iss"}


@pytest.mark.only_on("sqlite")
@table(("response_type", "mode"), RESPONSE_MODES)
def test_success_contains_the_values_of_the_response_type(
    rp: RelyingParty, response_type: str, mode: str
) -> None:
    """RFC 6749, 4.1.2 and 4.2.2, Core, 3.2.2.5 and 3.3.2.5, Session Management, 2."""
    token = {"access_token", "token_type", "expires_in", "scope"}
    parameters = {"code": {"code"}, "id_token": {"id_token"}, "token": token}
    page = rp.authorized(response_type=response_type, response_mode=mode)
    expected = set().union(*(parameters[value] for value in response_type.split()))
    assert response_mode_of(page) == mode
    assert set(response_parameters(page)) == expected | {"state", "iss", "session_state"}


@table(("response_type", "mode"), [RESPONSE_MODES[0], ("id_token token", "fragment"), RESPONSE_MODES[2]])
@table("name", ODD_VALUES)
def test_state_is_returned_in_every_mode(rp: RelyingParty, response_type: str, mode: str, name: str) -> None:
    """RFC 6749, 4.1.2: the exact value that was received, with a success and with an error."""
    ask = {"response_type": response_type, "response_mode": mode, "state": ODD_VALUES[name]}
    for page in (rp.authorize(**ask, prompt="none"), rp.authorized(**ask)):
        assert response_mode_of(page) == mode
        assert response_parameters(page)["state"] == ODD_VALUES[name]


@table(("response_type", "mode"), [("code", "query"), *RESPONSE_MODES[-4:]])
@table("name", ODD_VALUES)
def test_nonce_is_in_every_id_token(rp: RelyingParty, response_type: str, mode: str, name: str) -> None:
    """Core, 2: passed through unmodified, with any characters."""
    response = response_parameters(
        rp.authorized(response_type=response_type, response_mode=mode, nonce=ODD_VALUES[name])
    )
    token = response.get("id_token") or rp.redeem(response["code"]).get_json()["id_token"]
    assert claims(token)["nonce"] == ODD_VALUES[name]


@pytest.mark.only_on("sqlite")
@table(("response_type", "mode"), RESPONSE_MODES)
def test_form_is_posted_to_the_redirect_uri(rp: RelyingParty, response_type: str, mode: str) -> None:
    """Form Post, 2: an HTML form with method POST, and a button for browsers without scripts, for errors as well."""
    page = rp.authorize(response_type=response_type, response_mode=mode, prompt="none")
    if mode == "form_post":
        form = forms.find(page, "form-post-continue")
        assert (form.action, form.method, page.status_code) == (rp.redirect_uri, "post", 200)
        assert page.headers["Cache-Control"] == "no-store"
    else:
        assert page.location.startswith(f"{rp.redirect_uri}{'?' if mode == 'query' else '#'}")
