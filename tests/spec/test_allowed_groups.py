"""Allowed groups of a client: only their members can sign in to it, and everything issued to others stops working.

The access check (S1) covers every endpoint, and nothing is cached (S3).
"""

from html import unescape
from typing import Any

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support import consumer as consumers
from tests.support import forms, groups, sample_users
from tests.support.consumer import Consumer, callback_parameters
from tests.support.device import GRANT, Device
from tests.support.error_log import recorded
from tests.support.relying_party import (
    RelyingParty,
    assert_error,
    edit,
    register,
    response_parameters,
)
from tests.support.sample_users import PASSWORD

GRANTS = ("authorization_code", "refresh_token", "password", GRANT)
TYPES = ("code", "id_token", "id_token token", "code id_token")


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client for the members of Engineering, of whom Alice is one."""
    groups.add(services.database, "Engineering", "alice")
    registration: dict[str, Any] = {"grant_types": GRANTS, "response_types": TYPES, "name": "Portal"}
    party = RelyingParty(app, *register(services, **registration))
    edit(services, party.key, allowed_groups=["Engineering"])
    return party


def link(party: RelyingParty, page: Any, label: str) -> Any:
    """Follow the link with this label."""
    return party.follow(party.browser.get(forms.link(page, label)))


@pytest.mark.parametrize("response_type", TYPES)
def test_member_signs_in(party: RelyingParty, response_type: str) -> None:
    assert "error" not in response_parameters(party.authorized(response_type=response_type))


@pytest.mark.parametrize("response_type", TYPES)
def test_outsider_sees_a_page(party: RelyingParty, response_type: str) -> None:
    page = party.sign_in(party.authorize(response_type=response_type), "bob")
    assert page.status_code == 403
    text = unescape(page.text)
    assert "You do not have access to" in text
    assert "Portal" in text
    assert "bob" in text


def test_outsider_returns_with_access_denied(party: RelyingParty) -> None:
    """RFC 6749, 4.1.2.1: access_denied, if the server denies the request."""
    page = party.sign_in(party.authorize(), "bob")
    parameters = response_parameters(link(party, page, "Back to the application"))
    assert (parameters["error"], parameters["state"]) == ("access_denied", "af0ifjsldkj")
    assert "group" in parameters["error_description"]


def test_outsider_uses_another_account(party: RelyingParty) -> None:
    page = party.sign_in(party.authorize(), "bob")
    page = party.sign_in(link(party, page, "Use another account"), "alice")
    assert "code" in response_parameters(party.allow(page))


def test_outsider_is_not_asked_for_consent(party: RelyingParty) -> None:
    page = party.sign_in(party.authorize(prompt="consent"), "bob")
    assert 'id="consent-allow"' not in page.text


def test_silent_request_of_an_outsider(party: RelyingParty) -> None:
    """Core, 3.1.2.1: with prompt=none, the server shows no page."""
    sample_users.open_session(party.browser, party.services, "bob")
    assert response_parameters(party.authorize(prompt="none"))["error"] == "access_denied"


def test_user_who_leaves_on_the_consent_page(party: RelyingParty) -> None:
    page = party.sign_in(party.authorize())
    groups.leave(party.services.database, "Engineering", "alice")
    assert "You do not have access to" in party.allow(page).text


def test_diagnostics_names_the_cause(party: RelyingParty, services: Services) -> None:
    error = recorded(services, party.sign_in(party.authorize(), "bob"))
    assert (error.cause, error.expected) == ("user-not-allowed", "Engineering")


def test_user_who_is_added_gets_in(party: RelyingParty) -> None:
    party.sign_in(party.authorize(), "bob")
    groups.join(party.services.database, "Engineering", "bob")
    assert "code" in response_parameters(party.allow(party.authorize()))


def test_password_grant_of_an_outsider(party: RelyingParty) -> None:
    """RFC 6749, 5.2: invalid_grant."""
    form = {"grant_type": "password", "username": "bob", "password": PASSWORD, "scope": "openid"}
    assert_error(party.token(**form), "invalid_grant")
    assert party.token(**form | {"username": "alice"}).status_code == 200


def test_device_of_an_outsider(party: RelyingParty) -> None:
    page = Device(party).start().enter(username="bob")
    assert page.status_code == 403
    assert "You do not have access to" in unescape(page.text)


def test_device_of_a_user_who_left(party: RelyingParty) -> None:
    device = Device(party).start()
    device.approve()
    groups.leave(party.services.database, "Engineering", "alice")
    assert_error(device.poll(), "invalid_grant")


def test_everything_stops_when_the_user_leaves(party: RelyingParty, services: Services) -> None:
    """S3: refresh token, access token and code stop working with the next request."""
    tokens, code = party.tokens(), party.code()
    groups.leave(services.database, "Engineering", "alice")
    assert_error(party.refresh(tokens["refresh_token"]), "invalid_grant")
    assert_error(party.redeem(code), "invalid_grant")
    assert party.userinfo(tokens["access_token"]).status_code == 401
    for token in (tokens["access_token"], tokens["refresh_token"]):
        response = party.browser.post("/oauth2/introspect", data={"token": token}, headers=party.basic)
        assert response.get_json() == {"active": False}
    assert recorded(services, party.refresh(tokens["refresh_token"])).cause == "user-not-allowed"


def test_everything_stops_when_the_client_is_restricted(party: RelyingParty, services: Services) -> None:
    edit(services, party.key, details={})
    outsider = RelyingParty(party.app, party.key, party.secret)
    tokens = outsider.tokens("bob")
    edit(services, party.key, allowed_groups=["Engineering"])
    assert outsider.userinfo(tokens["access_token"]).status_code == 401
    assert_error(outsider.refresh(tokens["refresh_token"]), "invalid_grant")


def test_renamed_group_stays_allowed(party: RelyingParty, services: Services) -> None:
    token = party.tokens()["access_token"]
    groups.rename(services.database, "Engineering", "Aerodynamics")
    assert party.userinfo(token).status_code == 200


def test_client_that_acts_for_itself_is_not_restricted(app: Flask, services: Services) -> None:
    groups.add(services.database, "Engineering")
    grant = {"grant_types": ("client_credentials",), "redirect_uris": (), "response_types": ()}
    party = RelyingParty(app, *register(services, kind="oauth2", scopes=("read",), **grant))
    edit(services, party.key, allowed_groups=["Engineering"])
    assert party.token(grant_type="client_credentials").status_code == 200


def test_account_page_says_that_the_application_cannot_be_used(party: RelyingParty) -> None:
    party.tokens()
    assert "You cannot use this application" not in party.browser.get("/account/applications").text
    groups.leave(party.services.database, "Engineering", "alice")
    assert "You cannot use this application" in party.browser.get("/account/applications").text


@pytest.fixture
def consumer(app: Flask, services: Services, sample_users: dict[str, User]) -> Consumer:
    """An OAuth 1.0a consumer for the members of Engineering."""
    groups.add(services.database, "Engineering", "alice")
    consumer = consumers.register(services, app)
    edit(services, consumer.key, allowed_groups=["Engineering"])
    return consumer


def test_outsider_cannot_allow_a_consumer(consumer: Consumer) -> None:
    """RFC 5849, 2.2: the server shows a page, from which the user returns with the denial."""
    temporary = consumer.with_token(consumer.request_token())
    page = temporary.authorize("bob")
    assert page.status_code == 403
    assert "You do not have access to" in unescape(page.text)
    back = temporary.follow(temporary.browser.get(forms.link(page, "Back to the application")))
    assert callback_parameters(back)["oauth_problem"] == "user_refused"


def test_token_credentials_stop_when_the_user_leaves(consumer: Consumer, services: Services) -> None:
    signed_in = consumer.get_token_credentials()
    assert signed_in.whoami().status_code == 200
    groups.leave(services.database, "Engineering", "alice")
    rejected = signed_in.whoami()
    assert rejected.status_code == 401
    assert recorded(services, rejected).cause == "user-not-allowed"
    groups.join(services.database, "Engineering", "alice")
    assert signed_in.whoami().status_code == 200


def test_temporary_credentials_stop_when_the_user_leaves(consumer: Consumer, services: Services) -> None:
    sample_users.open_session(consumer.browser, services, "alice")
    temporary = consumer.with_token(consumer.request_token())
    back = callback_parameters(temporary.authorize())
    groups.leave(services.database, "Engineering", "alice")
    assert temporary.access_token(back["oauth_verifier"]).status_code == 401
