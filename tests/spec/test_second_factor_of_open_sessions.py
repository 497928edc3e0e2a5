"""S1: a session from before the setup of a second factor grants nothing until its user has entered a code.

This holds on every protocol: RFC 6749, section 4.1.1, OpenID Connect Core, section 3.1.2, RFC 8628, section 3.3, and
RFC 5849, section 2.2.
"""

from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain import user_sessions
from authserver.domain.users import users
from authserver.protocol.services import Services
from tests.support import consumer as consumers
from tests.support import forms, sample_users
from tests.support.consumer import Consumer, callback_parameters
from tests.support.device import GRANT, Device
from tests.support.relying_party import RelyingParty, claims, register, response_parameters
from tests.support.second_factors import TotpApp, set_up

MULTI_FACTOR = "urn:authserver:acr:multi-factor"

pytestmark = pytest.mark.both_databases


@pytest.fixture
def device(app: Flask, services: Services, rp: RelyingParty) -> Device:
    """A device whose user has the browser of the relying party."""
    grants = {"redirect_uris": (), "grant_types": (GRANT, "refresh_token"), "response_types": ()}
    party = RelyingParty(app, *register(services, name="The Device", **grants))
    party.browser = rp.browser
    return Device(party).start()


@pytest.fixture
def consumer(app: Flask, services: Services, rp: RelyingParty) -> Consumer:
    """A consumer with the browser of the relying party."""
    tool = consumers.register(services, app)
    tool.browser = rp.browser
    temporary = tool.with_token(tool.request_token())
    temporary.browser = rp.browser
    return temporary


def enter(rp: RelyingParty, page: TestResponse, totp_app: TotpApp) -> TestResponse:
    """Enter the code that the page asks for."""
    assert 'id="code"' in page.text, page.text
    return rp.follow(forms.submit(rp.browser, page, "login-submit", code=totp_app.code()))


def test_authorization_endpoint_asks_for_the_code(app: Flask, rp: RelyingParty) -> None:
    """Core, section 3.1.2.3: the server must authenticate the user, which now takes two factors."""
    rp.tokens()
    totp_app = set_up(app)
    response = enter(rp, rp.authorize(), totp_app)
    token = rp.redeem(response_parameters(response)["code"]).get_json()["id_token"]
    assert claims(token)["acr"] == MULTI_FACTOR


def test_oauth2_without_openid_asks_for_the_code(app: Flask, services: Services, rp: RelyingParty) -> None:
    """RFC 6749, section 3.1: the server MUST verify the identity of the resource owner."""
    party = RelyingParty(app, *register(services, name="Plain", kind="oauth2", scopes=("profile",)))
    party.tokens(scope="profile", nonce=None)
    set_up(app)
    assert 'id="code"' in party.authorize(scope="profile", nonce=None).text


def test_prompt_none_reports_login_required(app: Flask, rp: RelyingParty) -> None:
    """Core, section 3.1.2.6: with prompt=none, the client learns that the user has to act."""
    rp.tokens()
    set_up(app)
    assert response_parameters(rp.authorize(prompt="none"))["error"] == "login_required"


def test_open_consent_page_grants_nothing(app: Flask, rp: RelyingParty) -> None:
    """Core, section 3.1.2.4: a decision counts only for a user who is authenticated."""
    page = rp.sign_in(rp.authorize())
    set_up(app)
    assert 'id="code"' in rp.allow(page).text


def test_repeated_decision_grants_nothing(app: Flask, rp: RelyingParty) -> None:
    """Core, section 3.1.2.4: sending a decision again does not need less than the decision itself."""
    page = rp.sign_in(rp.authorize())
    response_parameters(rp.allow(page))
    set_up(app)
    assert rp.allow(page).status_code == 400


def test_device_page_asks_for_the_code(app: Flask, device: Device) -> None:
    """RFC 8628, section 3.3: the server authenticates the user before the user allows a device."""
    sample_users.open_session(device.browser, device.rp.services, "alice")
    totp_app = set_up(app)
    page = enter(device.rp, device.open_page(device.codes["verification_uri_complete"]), totp_app)
    assert 'id="device-allow"' in page.text


def test_entered_user_code_asks_for_the_second_factor(app: Flask, device: Device) -> None:
    """RFC 8628, section 3.3: also if the page for the user code was already open."""
    sample_users.open_session(device.browser, device.rp.services, "alice")
    page = device.open_page()
    set_up(app)
    asked = forms.submit(device.browser, page, "device-submit", user_code=device.codes["user_code"])
    assert 'id="code"' in asked.text


def test_open_device_confirmation_grants_nothing(app: Flask, device: Device) -> None:
    """RFC 8628, section 3.3: also if the confirmation was already open."""
    page = device.enter()
    set_up(app)
    asked = forms.submit(device.browser, page, "device-allow")
    assert 'id="code"' in asked.text
    assert device.poll().get_json()["error"] == "authorization_pending"


def test_oauth1_authorization_asks_for_the_code(app: Flask, rp: RelyingParty, consumer: Consumer) -> None:
    """RFC 5849, section 2.2: the server MUST verify the identity of the resource owner."""
    sample_users.open_session(rp.browser, rp.services, "alice")
    totp_app = set_up(app)
    page = consumer.authorize()
    allowed = forms.submit(rp.browser, enter(rp, page, totp_app), "consent-allow")
    assert "oauth_verifier" in callback_parameters(allowed)


def test_oauth1_without_consent_asks_for_the_code(app: Flask, services: Services, rp: RelyingParty) -> None:
    """RFC 5849, section 2.2: also if the consumer needs no consent."""
    tool = consumers.register(services, app, is_trusted=True)
    tool.browser = rp.browser
    sample_users.open_session(rp.browser, services, "alice")
    set_up(app)
    assert 'id="code"' in tool.with_token(tool.request_token()).authorize().text


def test_open_oauth1_consent_page_grants_nothing(app: Flask, rp: RelyingParty, consumer: Consumer) -> None:
    """RFC 5849, section 2.2: also if the consent page was already open."""
    sample_users.open_session(rp.browser, rp.services, "alice")
    page = rp.browser.get("/oauth/authorize", query_string={"oauth_token": consumer.token})
    set_up(app)
    asked = rp.follow(forms.submit(rp.browser, page, "consent-allow"))
    assert 'id="code"' in asked.text


@pytest.mark.parametrize(
    "path", ["/account", "/account/sessions", "/account/applications", "/account/activity"]
)
def test_account_pages_ask_for_the_code(app: Flask, rp: RelyingParty, path: str) -> None:
    """S18: the session gives no access to the account either."""
    sample_users.open_session(rp.browser, rp.services, "alice")
    totp_app = set_up(app)
    page = rp.browser.get(path)
    assert urlsplit(page.location).path == "/sign-in/code"
    assert enter(rp, rp.follow(page), totp_app).request.path == path


def test_account_form_asks_for_the_code(app: Flask, rp: RelyingParty) -> None:
    """S18: a form that was already open changes nothing. Its input is preserved."""
    sample_users.open_session(rp.browser, rp.services, "alice")
    page = rp.browser.get("/account")
    totp_app = set_up(app)
    asked = forms.submit(rp.browser, page, "profile-save", name="Somebody")
    assert (asked.status_code, 'id="code"' in asked.text) == (403, True)
    assert "Somebody" in enter(rp, asked, totp_app).text


def test_console_asks_for_the_code(app: Flask, rp: RelyingParty) -> None:
    """S22: the session gives no access to the console either."""
    sample_users.open_session(rp.browser, rp.services, "admin")
    set_up(app, "admin")
    assert urlsplit(rp.browser.get("/admin/clients").location).path == "/sign-in/code"


def test_session_without_the_second_factor_can_be_ended(app: Flask, rp: RelyingParty) -> None:
    """S18: signing out never requires a code."""
    rp.tokens()
    set_up(app)
    forms.submit(rp.browser, rp.browser.get("/sign-out"), "logout-confirm")
    assert 'id="login-submit"' in rp.authorize().text


def test_removed_second_factor_no_longer_counts(app: Flask, rp: RelyingParty) -> None:
    """Core, section 2: acr. After the app was replaced, a session in which the old app was used needs the new one."""
    old_app = set_up(app)
    enter(rp, rp.sign_in(rp.authorize()), old_app)
    with rp.services.database.transaction() as db:
        alice = users.find(db, "alice")
        assert alice is not None
        user_sessions.remove_second_factor(db, SYSTEM, alice)
    set_up(app)
    assert 'id="code"' in rp.authorize().text
