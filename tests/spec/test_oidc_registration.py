"""OpenID Connect Dynamic Client Registration 1.0: the metadata of section 2, and their effect."""

import itertools
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey

from authserver.app import create_app
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.spec.test_rfc7591 import error_of, register, registered
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, approve, claims, stored

KEY = RSAKey.generate_key(2048)
HTTPS = "https://client.example/"


def party(app: Flask, services: Services, **metadata: Any) -> RelyingParty:
    """Register a client, and approve it."""
    document = registered(app.test_client(), **metadata)
    approve(services, document["client_id"])
    return RelyingParty(
        app, document["client_id"], document.get("client_secret", ""), document["redirect_uris"][0]
    )


def test_response_contains_the_metadata(client: FlaskClient) -> None:
    """3.2: all registered metadata about this client, including any fields provisioned by the server."""
    metadata: dict[str, Any] = {
        "application_type": "web",
        "subject_type": "pairwise",
        "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "RS256",
        "token_endpoint_auth_signing_alg": "RS256",
        "default_max_age": 3600,
        "require_auth_time": True,
        "default_acr_values": ["urn:authserver:acr:password"],
        "initiate_login_uri": f"{HTTPS}login",
        "post_logout_redirect_uris": [f"{HTTPS}bye"],
        "backchannel_logout_uri": f"{HTTPS}back",
        "backchannel_logout_session_required": True,
        "frontchannel_logout_uri": f"{HTTPS}front",
        "frontchannel_logout_session_required": True,
    }
    document = registered(client, **metadata)
    assert document | metadata == document


def test_response_contains_the_defaults(client: FlaskClient) -> None:
    """2: the defaults of application_type, id_token_signed_response_alg, require_auth_time."""
    document = registered(client)
    expected = {
        "application_type": "web",
        "id_token_signed_response_alg": "RS256",
        "require_auth_time": False,
        "subject_type": "public",
    }
    assert document | expected == document


def test_initiate_login_uri_must_be_https(client: FlaskClient) -> None:
    """2: initiate_login_uri MUST use the https scheme."""
    for uri in ("http://client.example/login", "http://localhost/login", "javascript:alert(1)", "/login"):
        assert error_of(register(client, initiate_login_uri=uri)) == "invalid_client_metadata"


LINKS = ("client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri")


def test_links_must_have_safe_schemes(client: FlaskClient) -> None:
    """2, RFC 7591, 5: only http and https in links that users see."""
    bad = ("javascript:alert(1)", "data:text/html,x", "http://client.example/", "https://", "ftp://a.example/",
           "https://user:pass@a.example/", "https://a.example/\u00e9", 'https://a.example/"')  # fmt: skip
    for name, uri in itertools.product(LINKS, bad):
        assert error_of(register(client, **{name: uri})) == "invalid_client_metadata", (name, uri)


def test_implicit_web_client_needs_https_and_no_localhost(client: FlaskClient) -> None:
    """2: web clients using the implicit grant MUST only register https URIs, and MUST NOT use localhost."""
    for uri in ("http://127.0.0.1/cb", "https://localhost/cb", "com.example.app:/cb"):
        response = register(client, response_types=["id_token"], redirect_uris=[uri])
        assert error_of(response) == "invalid_redirect_uri"
    document = registered(
        client, response_types=["id_token"], redirect_uris=["com.example.app:/cb"], application_type="native"
    )
    assert document["application_type"] == "native"
    assert error_of(register(client, application_type="toaster")) == "invalid_client_metadata"


@pytest.mark.parametrize("has_kid", [True, False])
def test_jwks_by_value_is_accepted(client: FlaskClient, has_kid: bool) -> None:
    """2: jwks by value, with or without kid, for private_key_jwt. Such a client has no secret."""
    key = KEY.as_dict(private=False) | ({"kid": "one"} if has_kid else {})
    if not has_kid:
        key.pop("kid", None)
    document = registered(client, jwks={"keys": [key]}, token_endpoint_auth_method="private_key_jwt")
    assert document["jwks"] == {"keys": [key]}
    assert "client_secret" not in document


@pytest.mark.both_databases
def test_jwks_must_be_public_and_unique(client: FlaskClient) -> None:
    """2: jwks_uri and jwks MUST NOT be used together. S24: private keys are rejected."""
    public: dict[str, Any] = {"keys": [KEY.as_dict(private=False)]}
    bad: tuple[dict[str, Any], ...] = (
        {"jwks": public, "jwks_uri": f"{HTTPS}jwks"},
        {"jwks": {"keys": [KEY.as_dict(private=True)]}},
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
        {"jwks": {"keys": [{"kty": "RSA", "n": 1, "e": []}]}},
        {"jwks": {"keys": [{**public["keys"][0], "kid": {"a": "b"}}]}},
        {"jwks": {"keys": [{**public["keys"][0], "kid": "\x00"}]}},
        {"jwks": {"keys": [{**public["keys"][0], "x": {"\ud800": 1}}]}},
        {"jwks": {"keys": "all"}},
        {"jwks": {}},
        {"token_endpoint_auth_method": "private_key_jwt"},
    )
    for metadata in bad:
        assert error_of(register(client, **metadata)) == "invalid_client_metadata", metadata


def test_algorithms_must_be_listed_in_discovery(client: FlaskClient) -> None:
    """2: a client can register only the algorithms in discovery. The algorithm none is not one of them."""
    names = ("id_token_signed_response_alg", "userinfo_signed_response_alg")
    for name, value in itertools.product(names, ("none", "HS256", "RS1", "rs256")):
        assert error_of(register(client, **{name: value})) == "invalid_client_metadata"
    assert error_of(register(client, subject_type="transient")) == "invalid_client_metadata"
    assert (
        error_of(register(client, token_endpoint_auth_method="tls_client_auth")) == "invalid_client_metadata"
    )


def test_default_max_age_applies(
    app: Flask, services: Services, alice: User, moving_clock: MovingClock
) -> None:
    """2: when default_max_age is exceeded, the user MUST be actively authenticated. max_age overrides it."""
    rp = party(app, services, default_max_age=60)
    rp.authorized()
    assert "code=" in rp.authorize().location
    moving_clock.advance(seconds=120)
    assert 'id="login-submit"' in rp.authorize().text
    assert "code=" in rp.authorize(max_age="3600").location


def test_require_auth_time_adds_the_claim(app: Flask, services: Services, alice: User) -> None:
    """2: with require_auth_time, the auth_time claim in the ID token is REQUIRED."""
    rp = party(app, services, require_auth_time=True)
    assert isinstance(claims(rp.redeem(rp.code()).get_json()["id_token"])["auth_time"], int)


def test_policy_and_terms_are_shown_to_users(app: Flask, services: Services, alice: User) -> None:
    """2: the OP SHOULD display policy_uri and tos_uri to the End-User, on the sign-in and consent pages."""
    rp = party(app, services, policy_uri=f"{HTTPS}privacy?a=1&b=2", tos_uri=f"{HTTPS}terms")
    sign_in = rp.authorize()
    consent = rp.sign_in(sign_in)
    assert 'id="consent-allow"' in consent.text
    for page in (sign_in, consent):
        assert f'href="{HTTPS}privacy?a=1&amp;b=2"' in page.text
        assert f'href="{HTTPS}terms"' in page.text


def test_names_and_links_are_escaped(app: Flask, services: Services, alice: User) -> None:
    """RFC 7591, 5: metadata from the client are shown as text."""
    rp = party(app, services, client_name='<b id="x">&"Name"')
    for page in (rp.authorize(), rp.sign_in(rp.authorize())):
        assert '<b id="x">' not in page.text
        assert "&lt;b id=" in page.text


def test_sector_identifier_uri_is_checked(settings: Settings) -> None:
    """5: sector_identifier_uri MUST be fetched and list every redirect URI. Otherwise the registration is rejected."""
    app = create_app(settings.model_copy(update={"registration": "approved"}))
    response = register(
        app.test_client(),
        scope="openid",
        subject_type="pairwise",
        sector_identifier_uri="https://127.0.0.1/sector.json",
    )
    assert error_of(response) == "invalid_client_metadata"
    assert "sector_identifier_uri" in response.get_json()["error_description"]
    app.extensions["authserver"].database.engine.dispose()


def test_pairwise_client_with_several_hosts_needs_a_sector(client: FlaskClient) -> None:
    """Core, 8.1: with several hosts a sector_identifier_uri MUST be registered."""
    uris = ["https://a.example/cb", "https://b.example/cb"]
    assert (
        error_of(register(client, redirect_uris=uris, subject_type="pairwise")) == "invalid_client_metadata"
    )


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({}, "oidc"),
        ({"scope": "openid email"}, "oidc"),
        ({"scope": "email"}, "oauth2"),
        ({"scope": ""}, "oidc"),
        ({"response_types": ["token"]}, "oauth2"),
        ({"response_types": ["code token"]}, "oidc"),
        ({"response_types": ["id_token"], "scope": "email"}, "oidc"),
    ],
)
def test_standard_endpoint_derives_the_client_kind(
    client: FlaskClient, services: Services, metadata: dict[str, Any], kind: str
) -> None:
    """A client is an OpenID Connect client unless its metadata can only mean plain OAuth."""
    document = registered(client, **metadata)
    assert stored(services, document["client_id"]).kind == kind
    assert ("application_type" in document) is (kind == "oidc")
