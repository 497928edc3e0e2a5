"""RFC 6749, section 4.3: the password grant, for clients that are registered for it."""

from typing import Any

import pytest
from flask import Flask

from authserver.context import SYSTEM
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, assert_error, claims, disapprove, register
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import set_up


@pytest.fixture
def password_rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    grants = ("password", "refresh_token")
    return RelyingParty(app, *register(services, grant_types=grants, response_types=(), redirect_uris=()))


def request_tokens(
    party: RelyingParty, username: str = "alice", password: str = PASSWORD, **form: str
) -> Any:
    return party.token(grant_type="password", username=username, password=password, **form)


def test_tokens_are_issued(password_rp: RelyingParty, alice: User) -> None:
    """4.3.3: the response contains an access token, a refresh token and, with openid, an ID token."""
    document = request_tokens(password_rp, scope="openid profile").get_json()
    assert set(document) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert claims(document["id_token"])["sub"] == alice.subject
    assert claims(document["id_token"])["amr"] == ["pwd"]
    assert password_rp.userinfo(document["access_token"]).get_json()["name"] == "Alice Adams"
    assert password_rp.refresh(document["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("username", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("alice ", PASSWORD[:-1])]
)
def test_wrong_credentials_are_invalid_grant(password_rp: RelyingParty, username: str, password: str) -> None:
    """5.2: invalid resource owner credentials are invalid_grant. The responses do not differ (S19)."""
    assert assert_error(request_tokens(password_rp, username, password), "invalid_grant") is None


def test_user_with_a_second_factor_is_invalid_grant(app: Flask, password_rp: RelyingParty) -> None:
    """4.3, S1: their password alone is not enough at the sign-in page, so it is not enough here."""
    set_up(app)
    assert "second factor" in str(request_tokens(password_rp).get_json()["error_description"])
    assert_error(request_tokens(password_rp), "invalid_grant")
    assert_error(request_tokens(password_rp, password="wrong"), "invalid_grant")


def test_successful_requests_do_not_lock_users_out(
    app: Flask, password_rp: RelyingParty, services: Services
) -> None:
    """4.3.2: the server MUST protect against brute force. S20: requests with the right password are not an attack."""
    set_up(app)
    for _ in range(services.settings.sign_in_attempts + 1):
        assert_error(request_tokens(password_rp), "invalid_grant")
    browser = RelyingParty(app, *register(services))
    assert 'id="code"' in browser.sign_in(browser.authorize()).text


def test_disabled_user_is_invalid_grant(password_rp: RelyingParty, services: Services, alice: User) -> None:
    """S1: the access check covers the user."""
    token = request_tokens(password_rp).get_json()["access_token"]
    with services.database.transaction() as db:
        users.disable(db, SYSTEM, users.get(db, alice.id))
    assert_error(request_tokens(password_rp), "invalid_grant")
    assert password_rp.userinfo(token).status_code == 401


def test_address_of_the_user_is_a_username(password_rp: RelyingParty) -> None:
    """4.3.2: the username can be the address that belongs to the account."""
    token = request_tokens(password_rp, "alice@example.org", scope="openid profile").get_json()[
        "access_token"
    ]
    assert password_rp.userinfo(token).get_json()["preferred_username"] == "alice"


@pytest.mark.parametrize("omitted", ["username", "password"])
def test_both_parameters_are_required(password_rp: RelyingParty, omitted: str) -> None:
    """4.3.2: username and password are REQUIRED."""
    form = {"username": "alice", "password": PASSWORD} | {omitted: ""}
    assert_error(password_rp.token(grant_type="password", **form), "invalid_request")


def test_client_must_be_registered_for_the_grant(rp: RelyingParty) -> None:
    """5.2: unauthorized_client. The server does not check the password."""
    assert_error(request_tokens(rp), "unauthorized_client")


@pytest.mark.parametrize("is_approved", [False, True])
def test_client_that_is_not_approved_is_rejected(app: Flask, services: Services, is_approved: bool) -> None:
    """S1, S3, S4: for a pending or disapproved client, the server does not check the password."""
    registration: dict[str, Any] = {"grant_types": ("password",), "response_types": (), "redirect_uris": ()}
    party = RelyingParty(app, *register(services, is_approved=is_approved, **registration))
    if is_approved:
        disapprove(services, party.key)
    assert_error(request_tokens(party), "unauthorized_client")
    assert_error(request_tokens(party, "nobody", "wrong"), "unauthorized_client")


def test_scope_beyond_the_registration_is_rejected(password_rp: RelyingParty) -> None:
    """3.3, S14: the server does not reduce the scope silently."""
    assert_error(request_tokens(password_rp, scope="openid admin"), "invalid_scope")


def test_client_must_authenticate(password_rp: RelyingParty) -> None:
    """4.3.2: the server MUST require client authentication for confidential clients."""
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD, "client_id": password_rp.key}
    assert_error(password_rp.token({}, **form), "invalid_client", 401)


def test_password_in_the_query_is_rejected(password_rp: RelyingParty) -> None:
    """S11: URLs are logged."""
    form = {"grant_type": "password", "username": "alice"}
    response = password_rp.browser.post(
        f"/oauth2/token?password={PASSWORD}", data=form, headers=password_rp.basic
    )
    assert_error(response, "invalid_request")
