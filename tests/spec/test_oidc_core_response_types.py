"""OpenID Connect Core, sections 3.2 and 3.3, Multiple Response Types, Form Post, and RFC 9207."""

import base64
import hashlib
from urllib.parse import urlsplit

import pytest
from flask import Flask

from authserver.protocol.services import Services
from tests.support import forms
from tests.support.relying_party import RelyingParty, answered, claims, register

HYBRID = ("code id_token", "code token", "code id_token token")
IMPLICIT = ("id_token", "id_token token")
ALL = ("code", *HYBRID, *IMPLICIT)
WITH_ID_TOKEN = [value for value in ALL if "id_token" in value]


@pytest.fixture
def rp(app: Flask, services: Services, people: dict) -> RelyingParty:
    """A client registered for every OpenID Connect response type."""
    return RelyingParty(app, *register(services, response_types=ALL))


def half_hash(value: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


@pytest.mark.parametrize("response_type", ALL)
def test_each_returns_what_its_words_say(rp: RelyingParty, response_type: str) -> None:
    """Multiple Response Types, section 3 and 5: each word stands for a parameter of the response."""
    answer = answered(rp.authorized(response_type=response_type))
    names = {"code": "code", "id_token": "id_token", "token": "access_token"}
    expected = {names[word] for word in response_type.split()}
    assert expected == answer.keys() & set(names.values())
    assert answer["iss"] == "http://localhost"
    assert answer["state"] == "af0ifjsldkj"


@pytest.mark.parametrize("response_type", [*HYBRID, *IMPLICIT])
def test_tokens_come_in_the_fragment(rp: RelyingParty, response_type: str) -> None:
    """Multiple Response Types, 5: the default mode is fragment."""
    location = urlsplit(rp.authorized(response_type=response_type).location)
    assert location.fragment
    assert not location.query


def test_the_order_of_words_does_not_matter(rp: RelyingParty) -> None:
    """Multiple Response Types, 2: the order of the words is without meaning."""
    assert {"code", "id_token", "access_token"} <= answered(
        rp.authorized(response_type="token code id_token")
    ).keys()


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
def test_hashes_bind_the_parts_together(rp: RelyingParty, response_type: str) -> None:
    """3.2.2.10, 3.3.2.11: at_hash is REQUIRED beside an access token, c_hash beside a code; else there is none."""
    answer = answered(rp.authorized(response_type=response_type))
    content = claims(answer["id_token"])
    parts = {"at_hash": answer.get("access_token"), "c_hash": answer.get("code")}
    expected = {name: half_hash(value) for name, value in parts.items() if value}
    assert {name: value for name, value in content.items() if name in parts} == expected


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
def test_the_nonce_is_in_every_id_token_of_the_browser(rp: RelyingParty, response_type: str) -> None:
    """3.2.2.10, 3.3.2.11: the nonce claim MUST be present in this ID token, as it was sent."""
    answer = answered(rp.authorized(response_type=response_type, nonce="to the letter"))
    assert claims(answer["id_token"])["nonce"] == "to the letter"


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
def test_the_time_of_the_sign_in_is_told_with_max_age(rp: RelyingParty, response_type: str) -> None:
    """3.1.2.1: when max_age is used, the ID token MUST include auth_time."""
    answer = answered(rp.authorized(response_type=response_type, max_age="60"))
    assert isinstance(claims(answer["id_token"])["auth_time"], int)


def test_scope_claims_are_in_the_id_token_alone(rp: RelyingParty) -> None:
    """5.4: when no access token is issued, the claims are in the ID token."""
    alone = claims(answered(rp.authorized(response_type="id_token"))["id_token"])
    assert (alone["name"], alone["email"]) == ("Alice Adams", "alice@example.org")
    accompanied = claims(answered(rp.authorized(response_type="id_token token"))["id_token"])
    assert not {"name", "email"} & accompanied.keys()


def test_the_front_channel_tokens_work(rp: RelyingParty) -> None:
    """3.3.2.5: the access token and the code of a hybrid answer can both be used."""
    answer = answered(rp.authorized(response_type="code id_token token"))
    assert rp.userinfo(answer["access_token"]).get_json()["name"] == "Alice Adams"
    assert rp.redeem(answer["code"]).status_code == 200


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
def test_a_nonce_is_required(rp: RelyingParty, response_type: str) -> None:
    """3.2.2.1: nonce is REQUIRED where this endpoint issues the ID token; the error comes in the fragment."""
    page = rp.authorize(response_type=response_type, nonce=None)
    assert answered(page)["error"] == "invalid_request"
    assert "error=" in urlsplit(page.location).fragment


def test_an_id_token_needs_openid(rp: RelyingParty) -> None:
    """3.2.2.1: the scope openid is REQUIRED."""
    assert answered(rp.authorize(response_type="id_token", scope="profile"))["error"] == "invalid_request"


@pytest.mark.parametrize("response_type", ALL)
def test_form_post_carries_every_answer(rp: RelyingParty, response_type: str) -> None:
    """Form Post, section 2: 200, an HTML form that posts itself; values to the letter."""
    state = "\"'<>&+ %ä"
    page = rp.authorized(response_type=response_type, response_mode="form_post", state=state)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    form = forms.find(page, "form-post-continue")
    assert (form.action, form.method) == (rp.redirect_uri, "post")
    assert answered(page)["state"] == state


def test_form_post_carries_errors(rp: RelyingParty) -> None:
    """Form Post, section 2: errors too, with iss (RFC 9207)."""
    page = rp.authorize(response_mode="form_post", prompt="none")
    answer = answered(page)
    assert (page.status_code, answer["error"], answer["iss"]) == (200, "login_required", "http://localhost")


def test_tokens_never_go_into_the_query(rp: RelyingParty) -> None:
    """Multiple Response Types, 3: response_mode=query MUST NOT be used with tokens."""
    page = rp.authorize(response_type="id_token token", response_mode="query")
    assert answered(page)["error"] == "invalid_request"
    assert not urlsplit(page.location).query


def test_an_unknown_mode_is_refused(rp: RelyingParty) -> None:
    """Multiple Response Types, 2: unknown modes are an invalid request."""
    assert answered(rp.authorize(response_mode="pigeon"))["error"] == "invalid_request"


@pytest.mark.parametrize("response_type", ["code", "code id_token"])
def test_errors_carry_iss(rp: RelyingParty, response_type: str) -> None:
    """RFC 9207, 2: error responses MUST include iss as well."""
    answer = answered(rp.authorize(response_type=response_type, prompt="none"))
    assert (answer["error"], answer["iss"]) == ("login_required", "http://localhost")


def test_oauth2_clients_can_be_given_a_token(app: Flask, services: Services, people: dict) -> None:
    """RFC 6749, 4.2: the implicit grant, for clients registered for it."""
    key, secret = register(services, kind="oauth2", response_types=("token",), grant_types=("refresh_token",))
    answer = answered(RelyingParty(app, key, secret).authorized(response_type="token", scope="profile"))
    assert answer["token_type"] == "Bearer"
    assert "refresh_token" not in answer


def test_a_registered_query_is_kept(app: Flask, services: Services, people: dict) -> None:
    """RFC 6749, 3.1.2: the redirect URI's own query MUST be retained."""
    uri = "https://rp.example/cb?tenant=a%20b"
    rp = RelyingParty(app, *register(services, redirect_uris=(uri,)), redirect_uri=uri)
    assert rp.authorized().location.startswith(f"{uri}&code=")
