"""OpenID Connect Core, sections 3.2 and 3.3, Multiple Response Types, Form Post, and RFC 9207."""

import base64
import hashlib
from urllib.parse import urlsplit

import pytest
from flask import Flask

from authserver.protocol.services import Services
from tests.support import forms
from tests.support.relying_party import RelyingParty, claims, register, response_parameters

HYBRID = ("code id_token", "code token", "code id_token token")
IMPLICIT = ("id_token", "id_token token")
ALL = ("code", *HYBRID, *IMPLICIT)
WITH_ID_TOKEN = [value for value in ALL if "id_token" in value]


@pytest.fixture
def rp(app: Flask, services: Services, sample_users: dict) -> RelyingParty:
    """A client that is registered for every OpenID Connect response type."""
    return RelyingParty(app, *register(services, response_types=ALL))


def half_hash(value: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


@pytest.mark.parametrize("response_type", ALL)
def test_response_contains_the_values_of_the_response_type(rp: RelyingParty, response_type: str) -> None:
    """Multiple Response Types, 3 and 5: each value of response_type requests a response parameter."""
    response = response_parameters(rp.authorized(response_type=response_type))
    names = {"code": "code", "id_token": "id_token", "token": "access_token"}
    expected = {names[value] for value in response_type.split()}
    assert expected == response.keys() & set(names.values())
    assert response["iss"] == "http://localhost"
    assert response["state"] == "af0ifjsldkj"


@pytest.mark.parametrize("response_type", [*HYBRID, *IMPLICIT])
def test_tokens_are_returned_in_the_fragment(rp: RelyingParty, response_type: str) -> None:
    """Multiple Response Types, 5: the default response mode is fragment."""
    location = urlsplit(rp.authorized(response_type=response_type).location)
    assert location.fragment
    assert not location.query


def test_order_of_response_types_does_not_matter(rp: RelyingParty) -> None:
    """Multiple Response Types, 2: the order of the values has no meaning."""
    assert {"code", "id_token", "access_token"} <= response_parameters(
        rp.authorized(response_type="token code id_token")
    ).keys()


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
def test_hashes_bind_code_and_token_to_the_id_token(rp: RelyingParty, response_type: str) -> None:
    """3.2.2.10, 3.3.2.11: at_hash is REQUIRED with an access token, c_hash with a code. Otherwise they are absent."""
    response = response_parameters(rp.authorized(response_type=response_type))
    content = claims(response["id_token"])
    parts = {"at_hash": response.get("access_token"), "c_hash": response.get("code")}
    expected = {name: half_hash(value) for name, value in parts.items() if value}
    assert {name: value for name, value in content.items() if name in parts} == expected


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
def test_nonce_is_in_every_front_channel_id_token(rp: RelyingParty, response_type: str) -> None:
    """3.2.2.10, 3.3.2.11: the nonce claim MUST be present in this ID token, unmodified."""
    response = response_parameters(rp.authorized(response_type=response_type, nonce="to the letter"))
    assert claims(response["id_token"])["nonce"] == "to the letter"


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
def test_max_age_adds_auth_time(rp: RelyingParty, response_type: str) -> None:
    """3.1.2.1: when max_age is used, the ID token MUST include auth_time."""
    response = response_parameters(rp.authorized(response_type=response_type, max_age="60"))
    assert isinstance(claims(response["id_token"])["auth_time"], int)


def test_scope_claims_are_in_the_id_token_without_an_access_token(rp: RelyingParty) -> None:
    """5.4: when no access token is issued, the claims are in the ID token."""
    alone = claims(response_parameters(rp.authorized(response_type="id_token"))["id_token"])
    assert (alone["name"], alone["email"]) == ("Alice Adams", "alice@example.org")
    accompanied = claims(response_parameters(rp.authorized(response_type="id_token token"))["id_token"])
    assert not {"name", "email"} & accompanied.keys()


def test_front_channel_tokens_work(rp: RelyingParty) -> None:
    """3.3.2.5: the access token and the code of a hybrid response can both be used."""
    response = response_parameters(rp.authorized(response_type="code id_token token"))
    assert rp.userinfo(response["access_token"]).get_json()["name"] == "Alice Adams"
    assert rp.redeem(response["code"]).status_code == 200


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
def test_nonce_is_required(rp: RelyingParty, response_type: str) -> None:
    """3.2.2.1: nonce is REQUIRED if this endpoint issues the ID token. The error is returned in the fragment."""
    page = rp.authorize(response_type=response_type, nonce=None)
    assert response_parameters(page)["error"] == "invalid_request"
    assert "error=" in urlsplit(page.location).fragment


def test_id_token_requires_the_openid_scope(rp: RelyingParty) -> None:
    """3.2.2.1: the scope openid is REQUIRED."""
    assert (
        response_parameters(rp.authorize(response_type="id_token", scope="profile"))["error"]
        == "invalid_request"
    )


@pytest.mark.parametrize("response_type", ALL)
def test_form_post_carries_every_response(rp: RelyingParty, response_type: str) -> None:
    """Form Post, 2: 200 with an HTML form that submits itself. The values are exact."""
    state = "\"'<>&+ %ä"
    page = rp.authorized(response_type=response_type, response_mode="form_post", state=state)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    form = forms.find(page, "form-post-continue")
    assert (form.action, form.method) == (rp.redirect_uri, "post")
    assert response_parameters(page)["state"] == state


def test_form_post_carries_errors(rp: RelyingParty) -> None:
    """Form Post, 2: the form returns errors too, with iss (RFC 9207)."""
    page = rp.authorize(response_mode="form_post", prompt="none")
    response = response_parameters(page)
    assert (page.status_code, response["error"], response["iss"]) == (
        200,
        "login_required",
        "http://localhost",
    )


def test_tokens_are_never_returned_in_the_query(rp: RelyingParty) -> None:
    """Multiple Response Types, 3: response_mode=query MUST NOT be used with tokens."""
    page = rp.authorize(response_type="id_token token", response_mode="query")
    assert response_parameters(page)["error"] == "invalid_request"
    assert not urlsplit(page.location).query


def test_unknown_response_mode_is_rejected(rp: RelyingParty) -> None:
    """Multiple Response Types, 2: an unknown response mode is an invalid request."""
    assert response_parameters(rp.authorize(response_mode="pigeon"))["error"] == "invalid_request"


@pytest.mark.parametrize("response_type", ["code", "code id_token"])
def test_errors_contain_iss(rp: RelyingParty, response_type: str) -> None:
    """RFC 9207, 2: error responses MUST include iss too."""
    response = response_parameters(rp.authorize(response_type=response_type, prompt="none"))
    assert (response["error"], response["iss"]) == ("login_required", "http://localhost")


def test_oauth2_client_can_use_the_implicit_grant(app: Flask, services: Services, sample_users: dict) -> None:
    """RFC 6749, 4.2: an OAuth 2.0 client can be registered for the implicit grant."""
    key, secret = register(services, kind="oauth2", response_types=("token",), grant_types=("refresh_token",))
    response = response_parameters(
        RelyingParty(app, key, secret).authorized(response_type="token", scope="profile")
    )
    assert response["token_type"] == "Bearer"
    assert "refresh_token" not in response


def test_query_of_the_redirect_uri_is_retained(app: Flask, services: Services, sample_users: dict) -> None:
    """RFC 6749, 3.1.2: the query of the redirect URI MUST be retained."""
    uri = "https://rp.example/cb?tenant=a%20b"
    rp = RelyingParty(app, *register(services, redirect_uris=(uri,)), redirect_uri=uri)
    assert rp.authorized().location.startswith(f"{uri}&code=")
