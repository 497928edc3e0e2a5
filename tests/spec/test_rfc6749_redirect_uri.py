"""RFC 6749, sections 4.1.3 and 10.6: the redirect URI of a token request."""

from urllib.parse import quote

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import REDIRECT_URI, RelyingParty, assert_error, edit, register

NEW_URI = "https://rp.example/new"


@pytest.fixture
def single_uri_rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client with one redirect URI, which its authorization requests may omit (section 3.1.2.3)."""
    return RelyingParty(app, *register(services, kind="oauth2", scopes=("read",)))


def code_without_uri(single_uri_rp: RelyingParty) -> str:
    return single_uri_rp.code(redirect_uri=None, scope="read")


@pytest.mark.parametrize(
    "uri",
    [
        "https://rp.example/cb/",
        "https://rp.example/cb?",
        "https://rp.example/cb?x=1",
        "https://rp.example/CB",
        "https://RP.example/cb",
        "https://rp.example:443/cb",
        "https://rp.example/%63b",
        " https://rp.example/cb",
    ],
)
def test_redirect_uri_must_be_identical(rp: RelyingParty, uri: str) -> None:
    """4.1.3: redirect_uri MUST be identical to that of the authorization request."""
    assert_error(rp.redeem(rp.code(), redirect_uri=uri), "invalid_grant")


def test_doubly_encoded_uri_is_explained(rp: RelyingParty) -> None:
    """4.1.3: redirect_uri MUST be identical. The description names the usual error of libraries."""
    response = rp.redeem(rp.code(), redirect_uri=quote(REDIRECT_URI, safe=""))
    assert_error(response, "invalid_grant")
    assert "percent-encoded twice" in response.get_json()["error_description"]


def test_another_registered_uri_is_rejected(app: Flask, services: Services, sample_users: object) -> None:
    """4.1.3: another redirect URI is rejected, even if the client registered it as well."""
    rp = RelyingParty(app, *register(services, redirect_uris=(REDIRECT_URI, NEW_URI)))
    assert_error(rp.redeem(rp.code(), redirect_uri=NEW_URI), "invalid_grant")


def test_loopback_port_must_be_identical(app: Flask, services: Services, sample_users: object) -> None:
    """RFC 8252, 7.3: the port may vary between sign-ins, but not between a sign-in and its code."""
    rp = RelyingParty(app, *register(services, redirect_uris=("http://127.0.0.1/cb",)))
    uri = "http://127.0.0.1:51004/cb"
    assert_error(
        rp.redeem(rp.code(redirect_uri=uri), redirect_uri="http://127.0.0.1:51005/cb"), "invalid_grant"
    )
    assert rp.redeem(rp.code(redirect_uri=uri), redirect_uri=uri).status_code == 200


@pytest.mark.parametrize("uri", [None, REDIRECT_URI])
def test_omitted_redirect_uri_may_be_omitted_again(single_uri_rp: RelyingParty, uri: str | None) -> None:
    """4.1.3: redirect_uri is REQUIRED only if the authorization request included it."""
    assert single_uri_rp.redeem(code_without_uri(single_uri_rp), redirect_uri=uri).status_code == 200


@pytest.mark.parametrize("uri", ["https://evil.example/cb", f"{REDIRECT_URI}/", "nonsense"])
def test_redirect_uri_is_compared_with_the_registered_one(single_uri_rp: RelyingParty, uri: str) -> None:
    """10.6: if a redirection URI is provided in the request, the server MUST validate it against the registered value."""
    assert_error(single_uri_rp.redeem(code_without_uri(single_uri_rp), redirect_uri=uri), "invalid_grant")


def test_removed_redirect_uri_is_rejected(rp: RelyingParty, services: Services) -> None:
    """S2: an administrator's edit takes effect immediately, also for issued codes."""
    code = rp.code()
    edit(services, rp.key, redirect_uris=(NEW_URI,))
    assert_error(rp.redeem(code), "invalid_grant")


@pytest.mark.parametrize("uri", [None, REDIRECT_URI, NEW_URI])
def test_removed_and_omitted_redirect_uri_is_rejected(
    single_uri_rp: RelyingParty, services: Services, uri: str | None
) -> None:
    """S2: the code was sent to the URI that was registered at that time."""
    code = code_without_uri(single_uri_rp)
    edit(services, single_uri_rp.key, redirect_uris=(NEW_URI,))
    assert_error(single_uri_rp.redeem(code, redirect_uri=uri), "invalid_grant")


def test_replay_after_the_removal_revokes(rp: RelyingParty, services: Services) -> None:
    """4.1.2: the second use revokes the tokens, even if the registration changed after the first use."""
    code = rp.code()
    tokens = rp.redeem(code).get_json()
    edit(services, rp.key, redirect_uris=(NEW_URI,))
    assert_error(rp.redeem(code), "invalid_grant")
    assert rp.userinfo(tokens["access_token"]).status_code == 401
