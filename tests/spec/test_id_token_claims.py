"""OpenID Connect Core, section 5.4: whether the ID token contains the claims of the standard scopes.

The client metadata ``id_token_claims`` decides. Some relying parties, such as Auth.js, read only the ID token.
"""

from typing import Any

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support import groups
from tests.support.device import GRANT, Device
from tests.support.relying_party import RelyingParty, claims, edit, register, response_parameters
from tests.support.sample_users import PASSWORD

ALL = {"details": {"id_token_claims": "all"}}
EVERY_TYPE = ("code", "id_token", "id_token token", "code id_token", "code id_token token")
GRANTS = ("authorization_code", "refresh_token", "password", GRANT)
ABOUT_ALICE = {"name": "Alice Adams", "email": "alice@example.org", "email_verified": False}


def new_party(app: Flask, services: Services, **registration: Any) -> RelyingParty:
    registered = register(services, grant_types=GRANTS, response_types=EVERY_TYPE, **registration)
    return RelyingParty(app, *registered)


@pytest.fixture
def minimal(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client with the default."""
    return new_party(app, services)


@pytest.fixture
def complete(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client that gets all claims in the ID token."""
    return new_party(app, services, **ALL)


def by_code(party: RelyingParty) -> str:
    return str(party.tokens()["id_token"])


def by_refresh(party: RelyingParty) -> str:
    return str(party.refresh(party.tokens()["refresh_token"]).get_json()["id_token"])


def by_password(party: RelyingParty) -> str:
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD}
    return str(party.token(**form, scope="openid profile email").get_json()["id_token"])


def by_device(party: RelyingParty) -> str:
    return str(Device(party).start(scope="openid profile email").tokens()["id_token"])


def by_implicit(party: RelyingParty) -> str:
    return response_parameters(party.authorized(response_type="id_token token"))["id_token"]


FLOWS = [by_code, by_refresh, by_password, by_device, by_implicit]


@pytest.mark.parametrize("flow", FLOWS)
def test_all_claims_of_the_granted_scopes_are_in_the_id_token(complete: RelyingParty, flow: Any) -> None:
    """5.4 lets the server return them there as well. With ``all``, every flow does."""
    content = claims(flow(complete))
    assert {name: content.get(name) for name in ABOUT_ALICE} == ABOUT_ALICE


@pytest.mark.parametrize("flow", FLOWS)
def test_claims_come_from_userinfo_by_default(minimal: RelyingParty, flow: Any) -> None:
    """5.4: the claims of these scopes are returned from the userinfo endpoint if an access token is issued."""
    assert set(claims(flow(minimal))).isdisjoint(ABOUT_ALICE)


def test_userinfo_has_the_claims_in_both_cases(minimal: RelyingParty, complete: RelyingParty) -> None:
    for party in (minimal, complete):
        document = party.userinfo(party.tokens()["access_token"]).get_json()
        assert {name: document.get(name) for name in ABOUT_ALICE} == ABOUT_ALICE


def test_claims_of_scopes_that_were_not_granted_are_absent(complete: RelyingParty) -> None:
    content = claims(complete.tokens(scope="openid email")["id_token"])
    assert "name" not in content
    assert content["email"] == "alice@example.org"


@pytest.mark.parametrize("response_type", ["code id_token", "code id_token token"])
def test_front_channel_id_token_of_the_hybrid_flow_stays_short(
    complete: RelyingParty, services: Services, response_type: str
) -> None:
    """3.3.3.6: the server MAY return fewer claims from the authorization endpoint. This ID token is part of a URL."""
    groups.add(services.database, "Engineering", "alice")
    response = response_parameters(
        complete.authorized(response_type=response_type, scope="openid profile groups")
    )
    assert set(claims(response["id_token"])).isdisjoint({"name", "groups"})
    content = claims(complete.redeem(response["code"]).get_json()["id_token"])
    assert (content["name"], content["groups"]) == ("Alice Adams", ["Engineering"])


def test_id_token_without_an_access_token_has_the_claims(minimal: RelyingParty) -> None:
    """5.4: without an access token, the ID token contains the claims."""
    content = claims(response_parameters(minimal.authorized(response_type="id_token"))["id_token"])
    assert content["name"] == "Alice Adams"


@pytest.mark.parametrize("details", [{}, ALL["details"]])
def test_claims_parameter_adds_claims(
    app: Flask, services: Services, sample_users: Any, details: Any
) -> None:
    """5.5: a claim that is requested by name for the ID token is in the ID token in both cases."""
    party = new_party(app, services, details=details)
    wanted = '{"id_token": {"nickname": null, "email": null}}'
    content = claims(party.tokens(claims=wanted)["id_token"])
    assert content["email"] == "alice@example.org"


def test_change_takes_effect_with_the_next_token(minimal: RelyingParty, services: Services) -> None:
    refresh_token = minimal.tokens()["refresh_token"]
    edit(services, minimal.key, id_token_claims="all")
    content = claims(minimal.refresh(refresh_token).get_json()["id_token"])
    assert content["name"] == "Alice Adams"


def test_client_cannot_register_the_field(app: Flask, services: Services, sample_users: Any) -> None:
    """S16: only an administrator sets it."""
    document = {"redirect_uris": ["https://rp.example/cb"], "client_name": "Self", "id_token_claims": "all"}
    response = app.test_client().post("/oauth2/register", json=document)
    assert "id_token_claims" not in response.get_json()
