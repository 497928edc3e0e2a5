"""Lifetimes of one client's tokens: every grant keeps to them, and what is told is true."""

from typing import Any

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.device import GRANT, Device
from tests.support.moving_clock import MovingClock
from tests.support.people import PASSWORD
from tests.support.relying_party import RelyingParty, claims, edit, register, response_parameters, stored

DAY = 86400
SHORT = {"access_token_lifetime": 120, "id_token_lifetime": 300}
LONG = {"refresh_token_idle_lifetime": 200 * DAY, "refresh_token_lifetime": 400 * DAY}
JWT = {"access_token_signed_response_alg": "ES256"}


@pytest.fixture
def party(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    """A client with lifetimes of its own and JWT access tokens, which tell theirs."""
    return RelyingParty(app, *register(services, details=SHORT | JWT))


def lasts(jwt: str) -> int:
    told = claims(jwt)
    return int(told["exp"]) - int(told["iat"])


def is_live(party: RelyingParty, token: str) -> bool:
    form = {"token": token}
    answer = party.app.test_client().post("/oauth2/introspect", data=form, headers=party.basic)
    return bool(answer.get_json()["active"])


def keeps(document: dict[str, Any]) -> bool:
    return (document["expires_in"], lasts(document["access_token"])) == (120, 120)


def test_a_code_s_tokens(party: RelyingParty, moving_clock: MovingClock) -> None:
    tokens = party.tokens()
    assert keeps(tokens)
    assert lasts(tokens["id_token"]) == 300
    moving_clock.advance(seconds=118)
    assert is_live(party, tokens["access_token"])
    moving_clock.advance(seconds=3)
    assert not is_live(party, tokens["access_token"])
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_a_refreshed_token(party: RelyingParty) -> None:
    tokens = party.refresh(party.tokens()["refresh_token"]).get_json()
    assert keeps(tokens)
    assert lasts(tokens["id_token"]) == 300


def test_a_device_s_tokens(app: Flask, services: Services, people: dict[str, User]) -> None:
    alone: dict[str, Any] = {"redirect_uris": (), "response_types": (), "grant_types": (GRANT,)}
    device = Device(RelyingParty(app, *register(services, details=SHORT | JWT, **alone)))
    tokens = device.start().tokens()
    assert keeps(tokens)
    assert lasts(tokens["id_token"]) == 300


def test_a_client_s_own_token(app: Flask, services: Services) -> None:
    alone: dict[str, Any] = {
        "redirect_uris": (),
        "response_types": (),
        "grant_types": ("client_credentials",),
    }
    party = RelyingParty(app, *register(services, details=SHORT | JWT, **alone))
    assert keeps(party.token(grant_type="client_credentials").get_json())


def test_a_password_s_tokens(app: Flask, services: Services, people: dict[str, User]) -> None:
    alone: dict[str, Any] = {"redirect_uris": (), "response_types": (), "grant_types": ("password",)}
    party = RelyingParty(app, *register(services, details=SHORT | JWT, **alone))
    answer = party.token(grant_type="password", username="alice", password=PASSWORD, scope="openid")
    tokens = answer.get_json()
    assert keeps(tokens)
    assert lasts(tokens["id_token"]) == 300


@pytest.mark.parametrize("response_type", ["id_token token", "code id_token token"])
def test_tokens_of_the_authorization_endpoint(
    app: Flask, services: Services, people: dict[str, User], response_type: str
) -> None:
    grants = ("authorization_code", "implicit")
    made = register(services, details=SHORT | JWT, response_types=(response_type,), grant_types=grants)
    told = response_parameters(RelyingParty(app, *made).authorized(response_type=response_type))
    assert told["expires_in"] == "120"
    assert lasts(told["access_token"]) == 120
    assert lasts(told["id_token"]) == 300


def test_opaque_tokens_keep_to_it_too(
    app: Flask, services: Services, people: dict[str, User], moving_clock: MovingClock
) -> None:
    party = RelyingParty(app, *register(services, details=SHORT))
    tokens = party.tokens()
    assert tokens["expires_in"] == 120
    moving_clock.advance(seconds=121)
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_a_long_lived_family_goes_on(
    app: Flask, services: Services, people: dict[str, User], moving_clock: MovingClock
) -> None:
    """Beyond what the settings allow, and no longer than the client may in all."""
    party = RelyingParty(app, *register(services, details=LONG))
    token = party.tokens(scope="openid offline_access", prompt="consent")["refresh_token"]
    for _ in range(2):
        moving_clock.advance(seconds=199 * DAY)
        answer = party.refresh(token)
        assert answer.status_code == 200, answer.text
        token = answer.get_json()["refresh_token"]
    moving_clock.advance(seconds=3 * DAY)
    assert party.refresh(token).get_json()["error"] == "invalid_grant"


def test_an_idle_family_ends(
    app: Flask, services: Services, people: dict[str, User], moving_clock: MovingClock
) -> None:
    party = RelyingParty(app, *register(services, details={"refresh_token_idle_lifetime": 3600}))
    token = party.refresh(party.tokens()["refresh_token"]).get_json()["refresh_token"]
    moving_clock.advance(seconds=3601)
    assert party.refresh(token).get_json()["error"] == "invalid_grant"


def test_a_change_counts_for_what_is_issued_from_then_on(services: Services, party: RelyingParty) -> None:
    tokens, revision = party.tokens(), stored(services, party.key).revision
    edit(services, party.key, details=JWT | {"access_token_lifetime": 600})
    assert stored(services, party.key).revision > revision
    assert lasts(tokens["access_token"]) == 120
    again = party.refresh(tokens["refresh_token"]).get_json()
    assert (again["expires_in"], lasts(again["access_token"])) == (600, 600)
