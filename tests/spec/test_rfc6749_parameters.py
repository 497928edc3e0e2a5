"""RFC 6749, sections 3.1, 3.2, 3.3, 5.1 and 5.2: rules for the requests and responses of both endpoints."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, assert_error, register, response_parameters
from tests.support.table import table

ODD_CHARACTERS = 'a"b\\c\x7f\té\u2028'
TWO_URIS = ("https://rp.example/cb", "https://rp.example/other")
PLAIN: dict[str, Any] = {"kind": "oauth2", "scopes": ("profile", "email")}


@pytest.fixture
def oauth2_rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A plain OAuth 2.0 client with one redirect URI."""
    return RelyingParty(app, *register(services, **PLAIN))


def is_clean(text: str) -> bool:
    """Return whether a text contains only the characters %x20-21 / %x23-5B / %x5D-7E."""
    return all(" " <= character <= "~" and character not in '"\\' for character in text)


def is_page(response: TestResponse) -> bool:
    """Return whether the response is an error page without a redirect."""
    return response.status_code == 400 and "Location" not in response.headers


def test_token_endpoint_ignores_unknown_parameters(rp: RelyingParty) -> None:
    """3.2: the server MUST ignore unrecognized request parameters."""
    assert rp.redeem(rp.code(), unheard_of="x").status_code == 200


def test_empty_parameter_of_a_token_request_counts_as_omitted(rp: RelyingParty) -> None:
    """3.2: parameters sent without a value MUST be treated as if they were omitted."""
    assert_error(rp.redeem(""), "invalid_request")
    assert rp.refresh(rp.tokens()["refresh_token"], scope="").status_code == 200


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
def test_endpoints_have_no_fragment(app: Flask, name: str) -> None:
    """3.1, 3.2: the endpoint URI MUST NOT include a fragment component."""
    document = app.test_client().get("/.well-known/oauth-authorization-server").get_json()
    assert "#" not in document[name]


def test_only_registered_uri_may_be_omitted(oauth2_rp: RelyingParty) -> None:
    """3.1.2.3: redirect_uri may be omitted if one is registered. The token request then has none either."""
    page = oauth2_rp.authorized(redirect_uri=None, scope="profile", nonce=None)
    assert page.location.startswith(f"{oauth2_rp.redirect_uri}?")
    assert oauth2_rp.redeem(response_parameters(page)["code"], redirect_uri=None).status_code == 200


def test_one_of_several_uris_is_required(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """3.1.2.3: with several registered URIs, the client MUST include redirect_uri. Otherwise there is no redirect."""
    party = RelyingParty(app, *register(services, redirect_uris=TWO_URIS, **PLAIN))
    page = party.authorize(redirect_uri=None, scope="profile")
    assert is_page(page)
    assert "redirect_uri" in page.text


def test_openid_connect_requires_redirect_uri(rp: RelyingParty) -> None:
    """OpenID Connect Core, 3.1.2.1: redirect_uri is REQUIRED."""
    page = rp.authorize(redirect_uri=None)
    assert is_page(page)


@table(
    "change",
    [
        "https://rp.example/cb/",
        "https://rp.example/cb?",
        "https://rp.example/cb?x=y",
        "https://rp.example/CB",
        "https://RP.example/cb",
        "https://rp.example:443/cb",
        "https://rp.example/%63b",
        "https://rp.example/cb/../cb",
        "https://rp.example.evil.example/cb",
        "https://rp.example@evil.example/cb",
        "https://rp.example/cb#part",
        "http://rp.example/cb",
        "//rp.example/cb",
        "/cb",
    ],
)
def test_redirect_uri_is_compared_as_a_string(rp: RelyingParty, change: str) -> None:
    """3.1.2.3, RFC 9700, 2.1: exact string matching (RFC 3986, section 6.2.1). There is no redirect to another URI."""
    page = rp.authorize(redirect_uri=change)
    assert is_page(page)


def test_default_scope_is_returned(oauth2_rp: RelyingParty) -> None:
    """3.3: without scope, the server MUST use a default or fail, and MUST return a scope that differs from the
    request.
    """
    code = response_parameters(oauth2_rp.authorized(scope=None, nonce=None))["code"]
    assert set(oauth2_rp.redeem(code).get_json()["scope"].split()) == {"profile", "email"}


def test_order_of_scopes_does_not_matter(rp: RelyingParty) -> None:
    """3.3: the order of the values does not matter; each adds to the others."""
    tokens = rp.tokens(scope="email openid email profile")
    assert set(tokens["scope"].split()) == {"openid", "profile", "email"}


def test_scopes_are_case_sensitive(oauth2_rp: RelyingParty) -> None:
    """3.3: scope values are case-sensitive strings."""
    assert response_parameters(oauth2_rp.authorize(scope="PROFILE"))["error"] == "invalid_scope"


def responses(rp: RelyingParty) -> list[TestResponse]:
    """A success and an error from the token endpoint."""
    return [rp.redeem(rp.code()), rp.redeem("nonsense")]


@pytest.mark.parametrize(("name", "value"), [("Cache-Control", "no-store"), ("Pragma", "no-cache")])
def test_responses_are_not_cached(rp: RelyingParty, name: str, value: str) -> None:
    """5.1: Cache-Control: no-store and Pragma: no-cache MUST be in every response with tokens. 5.2: in errors too."""
    assert [response.headers[name] for response in responses(rp)] == [value, value]


def test_responses_are_json(rp: RelyingParty) -> None:
    """5.1: the parameters are in the body as application/json."""
    assert [response.content_type for response in responses(rp)] == ["application/json"] * 2


def test_error_contains_only_defined_members(rp: RelyingParty) -> None:
    """5.2: error, error_description and error_uri."""
    assert rp.redeem("nonsense").get_json().keys() == {"error", "error_description"}


@table("name", ["grant_type", "scope", "redirect_uri", "resource", "code_verifier"])
def test_token_errors_contain_allowed_characters(rp: RelyingParty, name: str) -> None:
    """5.2: error and error_description MUST NOT include characters outside %x20-21 / %x23-5B / %x5D-7E."""
    form = {"grant_type": "authorization_code", "code": "x"} | {name: ODD_CHARACTERS}
    response = rp.browser.post("/oauth2/token", data=form, headers=rp.basic)
    assert response.status_code == 400
    assert all(is_clean(value) for value in response.get_json().values())


@table(
    "name",
    ["scope", "response_type", "response_mode", "prompt", "max_age", "resource", "claims", ODD_CHARACTERS],
)
def test_authorization_errors_contain_allowed_characters(rp: RelyingParty, name: str) -> None:
    """4.1.2.1: the authorization endpoint allows the same characters, even in errors about repeated parameters."""
    pairs = [
        *rp.request(prompt="none").items(),
        *([(ODD_CHARACTERS, "1")] * 2 if name == ODD_CHARACTERS else []),
    ]
    query = [(key, ODD_CHARACTERS if key == name else value) for key, value in pairs]
    if name not in dict(query):
        query.append((name, ODD_CHARACTERS))
    response = response_parameters(rp.browser.get("/oauth2/authorize", query_string=query))
    assert is_clean(response["error"])
    assert is_clean(response.get("error_description", ""))


@table("header", ["Bearer x", "Basic", "Digest username=x", "Basic ", "x"])
def test_failed_header_authentication_is_challenged(rp: RelyingParty, header: str) -> None:
    """5.2: after a failed Authorization header, the response MUST be 401 with a WWW-Authenticate of that scheme."""
    form = {"grant_type": "authorization_code", "code": "x"}
    response = rp.browser.post("/oauth2/token", data=form, headers={"Authorization": header})
    assert_error(response, "invalid_client", 401)
    assert response.headers["WWW-Authenticate"].startswith("Basic ")
