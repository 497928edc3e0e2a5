"""Token lifetimes of one client: every grant uses them, and the responses state them."""

from typing import Any

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.device import GRANT, Device
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, claims, edit, register, response_parameters, stored
from tests.support.sample_users import PASSWORD

DAY = 86400
SHORT = {"access_token_lifetime": 120, "id_token_lifetime": 300}
LONG = {"refresh_token_idle_lifetime": 200 * DAY, "refresh_token_lifetime": 400 * DAY}
JWT = {"access_token_signed_response_alg": "ES256"}


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client with its own lifetimes and JWT access tokens, which contain their lifetime."""
    return RelyingParty(app, *register(services, details=SHORT | JWT))


def lifetime_of(jwt: str) -> int:
    token_claims = claims(jwt)
    return int(token_claims["exp"]) - int(token_claims["iat"])


def is_active(party: RelyingParty, token: str) -> bool:
    form = {"token": token}
    response = party.app.test_client().post("/oauth2/introspect", data=form, headers=party.basic)
    return bool(response.get_json()["active"])


def lifetimes_match(document: dict[str, Any]) -> bool:
    return (document["expires_in"], lifetime_of(document["access_token"])) == (120, 120)


def test_tokens_from_a_code(party: RelyingParty, moving_clock: MovingClock) -> None:
    tokens = party.tokens()
    assert lifetimes_match(tokens)
    assert lifetime_of(tokens["id_token"]) == 300
    moving_clock.advance(seconds=118)
    assert is_active(party, tokens["access_token"])
    moving_clock.advance(seconds=3)
    assert not is_active(party, tokens["access_token"])
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_tokens_from_a_refresh_token(party: RelyingParty) -> None:
    tokens = party.refresh(party.tokens()["refresh_token"]).get_json()
    assert lifetimes_match(tokens)
    assert lifetime_of(tokens["id_token"]) == 300


def test_tokens_from_a_device_code(app: Flask, services: Services, sample_users: dict[str, User]) -> None:
    options: dict[str, Any] = {"redirect_uris": (), "response_types": (), "grant_types": (GRANT,)}
    device = Device(RelyingParty(app, *register(services, details=SHORT | JWT, **options)))
    tokens = device.start().tokens()
    assert lifetimes_match(tokens)
    assert lifetime_of(tokens["id_token"]) == 300


def test_token_from_client_credentials(app: Flask, services: Services) -> None:
    options: dict[str, Any] = {
        "redirect_uris": (),
        "response_types": (),
        "grant_types": ("client_credentials",),
    }
    party = RelyingParty(app, *register(services, details=SHORT | JWT, **options))
    assert lifetimes_match(party.token(grant_type="client_credentials").get_json())


def test_tokens_from_a_password(app: Flask, services: Services, sample_users: dict[str, User]) -> None:
    options: dict[str, Any] = {"redirect_uris": (), "response_types": (), "grant_types": ("password",)}
    party = RelyingParty(app, *register(services, details=SHORT | JWT, **options))
    response = party.token(grant_type="password", username="alice", password=PASSWORD, scope="openid")
    tokens = response.get_json()
    assert lifetimes_match(tokens)
    assert lifetime_of(tokens["id_token"]) == 300


@pytest.mark.parametrize("response_type", ["id_token token", "code id_token token"])
def test_tokens_from_the_authorization_endpoint(
    app: Flask, services: Services, sample_users: dict[str, User], response_type: str
) -> None:
    grants = ("authorization_code", "implicit")
    registration = register(
        services, details=SHORT | JWT, response_types=(response_type,), grant_types=grants
    )
    token_claims = response_parameters(
        RelyingParty(app, *registration).authorized(response_type=response_type)
    )
    assert token_claims["expires_in"] == "120"
    assert lifetime_of(token_claims["access_token"]) == 120
    assert lifetime_of(token_claims["id_token"]) == 300


def test_opaque_tokens(
    app: Flask, services: Services, sample_users: dict[str, User], moving_clock: MovingClock
) -> None:
    party = RelyingParty(app, *register(services, details=SHORT))
    tokens = party.tokens()
    assert tokens["expires_in"] == 120
    moving_clock.advance(seconds=121)
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_family_with_a_long_lifetime(
    app: Flask, services: Services, sample_users: dict[str, User], moving_clock: MovingClock
) -> None:
    """The client's values may exceed the settings, and the total lifetime still applies."""
    party = RelyingParty(app, *register(services, details=LONG))
    token = party.tokens(scope="openid offline_access", prompt="consent")["refresh_token"]
    for _ in range(2):
        moving_clock.advance(seconds=199 * DAY)
        response = party.refresh(token)
        assert response.status_code == 200, response.text
        token = response.get_json()["refresh_token"]
    moving_clock.advance(seconds=3 * DAY)
    assert party.refresh(token).get_json()["error"] == "invalid_grant"


def test_family_expires_when_idle(
    app: Flask, services: Services, sample_users: dict[str, User], moving_clock: MovingClock
) -> None:
    party = RelyingParty(app, *register(services, details={"refresh_token_idle_lifetime": 3600}))
    token = party.refresh(party.tokens()["refresh_token"]).get_json()["refresh_token"]
    moving_clock.advance(seconds=3601)
    assert party.refresh(token).get_json()["error"] == "invalid_grant"


def test_changed_lifetime_applies_to_new_tokens(services: Services, party: RelyingParty) -> None:
    tokens, revision = party.tokens(), stored(services, party.key).revision
    edit(services, party.key, details=JWT | {"access_token_lifetime": 600})
    assert stored(services, party.key).revision > revision
    assert lifetime_of(tokens["access_token"]) == 120
    again = party.refresh(tokens["refresh_token"]).get_json()
    assert (again["expires_in"], lifetime_of(again["access_token"])) == (600, 600)
