"""S1, S2, S14: each use of a token or code is checked against the client's current registration."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.device import GRANT, Device
from tests.support.relying_party import (
    EVERY_GRANT,
    RelyingParty,
    approve,
    assert_error,
    disapprove,
    edit,
    register,
)
from tests.support.sample_users import PASSWORD

RESOURCE = "https://api.example/"
SCOPES = ("openid", "profile", "email")
ALL_GRANTS = (*EVERY_GRANT, "password", "client_credentials", GRANT)
WITHOUT_EMAIL: dict[str, Any] = {"scopes": ("openid", "profile")}
WITHOUT_CODE: dict[str, Any] = {
    "grant_types": tuple(name for name in ALL_GRANTS if name != "authorization_code"),
    "response_types": (),
}
WITHOUT_REFRESH: dict[str, Any] = {
    "grant_types": tuple(name for name in ALL_GRANTS if name != "refresh_token")
}


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client whose registration the tests reduce."""
    details = {"resources": [RESOURCE]}
    return RelyingParty(app, *register(services, grant_types=ALL_GRANTS, scopes=SCOPES, details=details))


@pytest.fixture
def api(app: Flask, services: Services) -> RelyingParty:
    """A resource server."""
    return RelyingParty(app, *register(services, name="The API", details={"serves": [RESOURCE]}))


def is_active(party: RelyingParty, token: str) -> bool:
    response = party.browser.post("/oauth2/introspect", data={"token": token}, headers=party.basic)
    assert response.status_code == 200
    return bool(response.get_json()["active"])


def is_invalid_token(response: TestResponse) -> bool:
    return response.status_code == 401 and 'error="invalid_token"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("change", [WITHOUT_EMAIL, WITHOUT_CODE])
def test_userinfo_follows_the_registration(
    party: RelyingParty, services: Services, change: dict[str, Any]
) -> None:
    """A token is rejected if the client lost its scope, or the grant type that issued it."""
    token = party.tokens()["access_token"]
    assert party.userinfo(token).status_code == 200
    edit(services, party.key, **change)
    assert is_invalid_token(party.userinfo(token))


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("change", [WITHOUT_EMAIL, WITHOUT_CODE])
def test_introspection_follows_the_registration(
    party: RelyingParty, services: Services, change: dict[str, Any], kind: str
) -> None:
    """RFC 7662, 4: a token that does not work is inactive."""
    token = party.tokens()[kind]
    assert is_active(party, token)
    edit(services, party.key, **change)
    assert not is_active(party, token)


def test_restored_scope_works_again(party: RelyingParty, services: Services) -> None:
    """Removing a scope from a client is an edit, not a revocation."""
    token = party.tokens()["access_token"]
    edit(services, party.key, **WITHOUT_EMAIL)
    edit(services, party.key, scopes=SCOPES)
    assert party.userinfo(token).status_code == 200


def test_token_without_the_removed_scope_still_works(party: RelyingParty, services: Services) -> None:
    """Only the scope of the token itself must be registered, not all that was granted before."""
    token = party.refresh(party.tokens()["refresh_token"], scope="openid profile").get_json()["access_token"]
    edit(services, party.key, **WITHOUT_EMAIL)
    assert party.userinfo(token).status_code == 200
    assert is_active(party, token)


def test_refresh_token_without_its_grant_is_inactive(party: RelyingParty, services: Services) -> None:
    """The access token that was issued with it works until it expires."""
    tokens = party.tokens()
    edit(services, party.key, **WITHOUT_REFRESH)
    assert not is_active(party, tokens["refresh_token"])
    assert is_active(party, tokens["access_token"])
    assert party.userinfo(tokens["access_token"]).status_code == 200
    assert_error(party.refresh(tokens["refresh_token"]), "unauthorized_client")


@pytest.mark.parametrize("grant_type", ["password", "client_credentials", GRANT])
def test_tokens_depend_on_the_grant_that_issued_them(
    party: RelyingParty, services: Services, grant_type: str
) -> None:
    """Tokens of a removed grant type stop working, other tokens work."""
    if grant_type == GRANT:
        token = Device(party).tokens()["access_token"]
    else:
        credentials = {"username": "alice", "password": PASSWORD} if grant_type == "password" else {}
        token = party.token(grant_type=grant_type, **credentials).get_json()["access_token"]
    other = party.tokens()["access_token"]
    edit(services, party.key, grant_types=tuple(name for name in ALL_GRANTS if name != grant_type))
    assert not is_active(party, token)
    assert is_active(party, other)
    if grant_type != "client_credentials":
        assert is_invalid_token(party.userinfo(token))


def test_refresh_depends_on_the_code_grant(party: RelyingParty, services: Services) -> None:
    """A refresh token from the authorization code grant works only while the client is registered for that grant."""
    token = party.tokens()["refresh_token"]
    edit(services, party.key, **WITHOUT_CODE)
    assert_error(party.refresh(token), "unauthorized_client")


def test_token_for_a_removed_resource_is_inactive(
    party: RelyingParty, api: RelyingParty, services: Services
) -> None:
    """RFC 8707: the token is inactive for the client and for the resource server."""
    token = party.tokens(resource=RESOURCE)["access_token"]
    assert is_active(api, token)
    edit(services, party.key, details={})
    assert not is_active(api, token)
    assert not is_active(party, token)


def test_code_without_a_challenge_fails_when_pkce_becomes_required(
    app: Flask, services: Services, sample_users: Any
) -> None:
    """RFC 9700, 2.1.1, and S2: the edit takes effect with the next request."""
    party = RelyingParty(app, *register(services, is_pkce_required=False))
    without_challenge = {"code_challenge": None, "code_challenge_method": None}
    code, other = party.code(**without_challenge), party.code(**without_challenge)
    assert party.redeem(code, code_verifier=None).status_code == 200
    edit(services, party.key, is_pkce_required=True)
    assert_error(party.redeem(other, code_verifier=None), "invalid_grant")


@pytest.mark.parametrize("is_approved", [False, True])
def test_disapproval_invalidates_device_codes(
    party: RelyingParty, services: Services, is_approved: bool
) -> None:
    """S3: a new approval does not restore earlier codes, whether the user had decided or not."""
    device = Device(party).start()
    if is_approved:
        device.approve()
    disapprove(services, party.key)
    assert_error(device.poll(), "unauthorized_client")
    approve(services, party.key)
    assert_error(device.poll(), "invalid_grant")
    assert 'id="device-allow"' not in device.enter().text
    Device(party).tokens()
