"""RFC 6749, section 4.3: the password grant, for clients that are registered for it."""

from typing import Any

import pytest
from flask import Flask

from authserver.context import SYSTEM
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.people import PASSWORD
from tests.support.relying_party import RelyingParty, assert_error, claims, disapprove, register
from tests.support.second_factors import set_up


@pytest.fixture
def legacy(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    grants = ("password", "refresh_token")
    return RelyingParty(app, *register(services, grant_types=grants, response_types=(), redirect_uris=()))


def ask(party: RelyingParty, username: str = "alice", password: str = PASSWORD, **form: str) -> Any:
    return party.token(grant_type="password", username=username, password=password, **form)


def test_tokens_are_issued(legacy: RelyingParty, alice: User) -> None:
    """4.3.3: an access token and a refresh token, and with openid an ID token."""
    document = ask(legacy, scope="openid profile").get_json()
    assert set(document) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert claims(document["id_token"])["sub"] == alice.subject
    assert claims(document["id_token"])["amr"] == ["pwd"]
    assert legacy.userinfo(document["access_token"]).get_json()["name"] == "Alice Adams"
    assert legacy.refresh(document["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("username", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("alice ", PASSWORD[:-1])]
)
def test_wrong_credentials_are_invalid_grant(legacy: RelyingParty, username: str, password: str) -> None:
    """5.2: invalid resource owner credentials are invalid_grant. The responses do not differ (S19)."""
    assert assert_error(ask(legacy, username, password), "invalid_grant") is None


def test_user_with_a_second_factor_is_invalid_grant(app: Flask, legacy: RelyingParty) -> None:
    """4.3, S1: their password alone is not enough at the sign-in page, so it is not enough here."""
    set_up(app)
    assert "second factor" in str(ask(legacy).get_json()["error_description"])
    assert_error(ask(legacy), "invalid_grant")
    assert_error(ask(legacy, password="wrong"), "invalid_grant")


def test_successful_requests_lock_nobody_out(app: Flask, legacy: RelyingParty, services: Services) -> None:
    """4.3.2: MUST protect against brute force. S20: requests with the right password are not an attack."""
    set_up(app)
    for _ in range(services.settings.sign_in_attempts + 1):
        assert_error(ask(legacy), "invalid_grant")
    browser = RelyingParty(app, *register(services))
    assert 'id="code"' in browser.sign_in(browser.authorize()).text


def test_disabled_user_is_invalid_grant(legacy: RelyingParty, services: Services, alice: User) -> None:
    """S1: the access check covers the user."""
    token = ask(legacy).get_json()["access_token"]
    with services.database.transaction() as db:
        users.disable(db, SYSTEM, users.get(db, alice.id))
    assert_error(ask(legacy), "invalid_grant")
    assert legacy.userinfo(token).status_code == 401


@pytest.mark.parametrize("missing", ["username", "password"])
def test_both_parameters_are_required(legacy: RelyingParty, missing: str) -> None:
    """4.3.2: username and password are REQUIRED."""
    form = {"username": "alice", "password": PASSWORD} | {missing: ""}
    assert_error(legacy.token(grant_type="password", **form), "invalid_request")


def test_client_must_be_registered_for_the_grant(rp: RelyingParty) -> None:
    """5.2: off unless registered. The server does not check the password."""
    assert_error(ask(rp), "unauthorized_client")


@pytest.mark.parametrize("is_approved", [False, True])
def test_client_that_is_not_approved_is_rejected(app: Flask, services: Services, is_approved: bool) -> None:
    """S1, S3, S4: for a pending or disapproved client, the server does not check the password."""
    asked: dict[str, Any] = {"grant_types": ("password",), "response_types": (), "redirect_uris": ()}
    party = RelyingParty(app, *register(services, is_approved=is_approved, **asked))
    if is_approved:
        disapprove(services, party.key)
    assert_error(ask(party), "unauthorized_client")
    assert_error(ask(party, "nobody", "wrong"), "unauthorized_client")


def test_scope_beyond_the_registration_is_rejected(legacy: RelyingParty) -> None:
    """3.3, S14: the server does not reduce the scope silently."""
    assert_error(ask(legacy, scope="openid admin"), "invalid_scope")


def test_client_must_authenticate(legacy: RelyingParty) -> None:
    """4.3.2: the server MUST require client authentication for confidential clients."""
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD, "client_id": legacy.key}
    assert_error(legacy.token({}, **form), "invalid_client", 401)


def test_password_in_the_query_is_rejected(legacy: RelyingParty) -> None:
    """S11: URLs are logged."""
    form = {"grant_type": "password", "username": "alice"}
    response = legacy.browser.post(f"/oauth2/token?password={PASSWORD}", data=form, headers=legacy.basic)
    assert_error(response, "invalid_request")


def test_guessing_is_throttled(legacy: RelyingParty, services: Services) -> None:
    """4.3.2: the server MUST protect the endpoint against brute force. The limits are those of the sign-in page."""
    for number in range(services.settings.sign_in_attempts):
        assert_error(ask(legacy, "bob", f"guess {number}"), "invalid_grant")
    response = ask(legacy, "bob")
    assert (response.status_code, response.get_json()["error"]) == (429, "too_many_requests")
    assert int(response.headers["Retry-After"]) > 0
    assert ask(legacy, "alice").status_code == 200
