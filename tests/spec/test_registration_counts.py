"""S1, S2, S14: what a client is registered for counts at every use of what it holds, with the very next request."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.device import GRANT, Device
from tests.support.people import PASSWORD
from tests.support.relying_party import (
    EVERY_GRANT,
    RelyingParty,
    approve,
    disapprove,
    edit,
    refused,
    register,
)

RESOURCE = "https://api.example/"
SCOPES = ("openid", "profile", "email")
EVERY = (*EVERY_GRANT, "password", "client_credentials", GRANT)
WITHOUT_EMAIL: dict[str, Any] = {"scopes": ("openid", "profile")}
WITHOUT_CODE: dict[str, Any] = {
    "grant_types": tuple(name for name in EVERY if name != "authorization_code"),
    "response_types": (),
}
WITHOUT_REFRESH: dict[str, Any] = {"grant_types": tuple(name for name in EVERY if name != "refresh_token")}


@pytest.fixture
def party(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    """A client that is registered for everything that is taken away here."""
    details = {"resources": [RESOURCE]}
    return RelyingParty(app, *register(services, grant_types=EVERY, scopes=SCOPES, details=details))


@pytest.fixture
def api(app: Flask, services: Services) -> RelyingParty:
    """The resource server."""
    return RelyingParty(app, *register(services, name="The API", details={"serves": [RESOURCE]}))


def is_active(party: RelyingParty, token: str) -> bool:
    answer = party.browser.post("/oauth2/introspect", data={"token": token}, headers=party.basic)
    assert answer.status_code == 200
    return bool(answer.get_json()["active"])


def is_dead(answer: TestResponse) -> bool:
    return answer.status_code == 401 and 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("change", [WITHOUT_EMAIL, WITHOUT_CODE])
def test_userinfo_follows_the_registration(
    party: RelyingParty, services: Services, change: dict[str, Any]
) -> None:
    """A scope, or the grant by which the token came: what was taken away opens nothing."""
    token = party.tokens()["access_token"]
    assert party.userinfo(token).status_code == 200
    edit(services, party.key, **change)
    assert is_dead(party.userinfo(token))


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


def test_what_is_given_back_works_again(party: RelyingParty, services: Services) -> None:
    """Taking a scope away is an edit, no revocation."""
    token = party.tokens()["access_token"]
    edit(services, party.key, **WITHOUT_EMAIL)
    edit(services, party.key, scopes=SCOPES)
    assert party.userinfo(token).status_code == 200


def test_a_token_without_the_scope_goes_on(party: RelyingParty, services: Services) -> None:
    """It is the token's own scope that must be registered, not all that was granted before."""
    token = party.refresh(party.tokens()["refresh_token"], scope="openid profile").get_json()["access_token"]
    edit(services, party.key, **WITHOUT_EMAIL)
    assert party.userinfo(token).status_code == 200
    assert is_active(party, token)


def test_without_the_grant_a_refresh_token_is_inactive(party: RelyingParty, services: Services) -> None:
    """The access token that came with it goes on until it expires."""
    tokens = party.tokens()
    edit(services, party.key, **WITHOUT_REFRESH)
    assert not is_active(party, tokens["refresh_token"])
    assert is_active(party, tokens["access_token"])
    assert party.userinfo(tokens["access_token"]).status_code == 200
    refused(party.refresh(tokens["refresh_token"]), "unauthorized_client")


@pytest.mark.parametrize("grant_type", ["password", "client_credentials", GRANT])
def test_the_grant_by_which_it_came_counts(party: RelyingParty, services: Services, grant_type: str) -> None:
    """Whichever grant it was, its tokens end with the registration for it; others go on."""
    if grant_type == GRANT:
        token = Device(party).tokens()["access_token"]
    else:
        person = {"username": "alice", "password": PASSWORD} if grant_type == "password" else {}
        token = party.token(grant_type=grant_type, **person).get_json()["access_token"]
    other = party.tokens()["access_token"]
    edit(services, party.key, grant_types=tuple(name for name in EVERY if name != grant_type))
    assert not is_active(party, token)
    assert is_active(party, other)
    if grant_type != "client_credentials":
        assert is_dead(party.userinfo(token))


def test_a_refresh_after_the_code_grant_was_taken_away(party: RelyingParty, services: Services) -> None:
    """The refresh token belongs to an authorization that came by a code."""
    token = party.tokens()["refresh_token"]
    edit(services, party.key, **WITHOUT_CODE)
    refused(party.refresh(token), "unauthorized_client")


def test_a_resource_that_was_taken_away(party: RelyingParty, api: RelyingParty, services: Services) -> None:
    """RFC 8707: neither the client nor the resource server is told that the token works."""
    token = party.tokens(resource=RESOURCE)["access_token"]
    assert is_active(api, token)
    edit(services, party.key, details={})
    assert not is_active(api, token)
    assert not is_active(party, token)


def test_a_code_without_a_challenge_dies_when_pkce_is_demanded(
    app: Flask, services: Services, people: Any
) -> None:
    """RFC 9700, 2.1.1, and S2: the edit counts with the next request."""
    party = RelyingParty(app, *register(services, is_pkce_required=False))
    plain = {"code_challenge": None, "code_challenge_method": None}
    code, other = party.code(**plain), party.code(**plain)
    assert party.redeem(code, code_verifier=None).status_code == 200
    edit(services, party.key, is_pkce_required=True)
    refused(party.redeem(other, code_verifier=None), "invalid_grant")


@pytest.mark.parametrize("is_approved", [False, True])
def test_a_device_code_dies_with_the_approval(
    party: RelyingParty, services: Services, is_approved: bool
) -> None:
    """S3: approving again does not revive what was handed out before, whether a person had decided or not."""
    device = Device(party).start()
    if is_approved:
        device.approve()
    disapprove(services, party.key)
    refused(device.poll(), "unauthorized_client")
    approve(services, party.key)
    refused(device.poll(), "invalid_grant")
    assert 'id="device-allow"' not in device.enter().text
    Device(party).tokens()
