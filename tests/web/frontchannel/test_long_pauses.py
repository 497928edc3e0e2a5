"""A sign-in that was interrupted for a long time, or continued in another browser, never ends on a page without a way on."""

import re

import pytest

from tests.support import forms
from tests.support.consumer import CALLBACK, callback_parameters
from tests.support.consumer import register as register_consumer
from tests.support.relying_party import RelyingParty, claims, edit, register, response_parameters
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import set_up

pytestmark = pytest.mark.both_databases
OVER = "This sign-in cannot continue"


@pytest.fixture
def rp(app, services, sample_users):
    return RelyingParty(app, *register(services))


@pytest.fixture
def consumer(app, services, sample_users):
    consumer = register_consumer(services, app)
    return consumer.with_token(consumer.request_token())


@pytest.fixture
def pause(services, moving_clock):
    """Let the time pass until authorization requests have expired."""
    return lambda: moving_clock.advance(services.settings.interaction_lifetime, seconds=1)


def links_of(page):
    """Return the links in the page by label."""
    found = re.findall(r'<a class="button button-primary" href="([^"]+)">([^<]+)</a>', page.text)
    return {label: url.replace("&amp;", "&") for url, label in found}


@pytest.mark.parametrize("prompt", [None, "login", "select_account"])
def test_password_after_a_pause_continues_the_request(rp, pause, prompt):
    page = rp.authorize(prompt=prompt)
    pause()
    consent = rp.sign_in(page)
    response = response_parameters(rp.allow(consent))
    assert (response["state"], "code" in response) == ("af0ifjsldkj", True)


def test_second_factor_after_a_pause_continues_the_request(app, rp, pause):
    totp_app = set_up(app)
    page = rp.authorize()
    pause()
    code_page = rp.sign_in(page)
    consent = rp.follow(forms.submit(rp.browser, code_page, "login-submit", code=totp_app.code()))
    assert "code" in response_parameters(rp.allow(consent))


@pytest.mark.parametrize("button", ["consent-allow", "consent-deny"])
def test_late_decision_shows_the_consent_page_again(rp, pause, button):
    page = rp.sign_in(rp.authorize())
    pause()
    again = rp.follow(forms.submit(rp.browser, page, button))
    assert 'id="consent-allow"' in again.text
    assert "code" in response_parameters(rp.allow(again))


def test_late_cancel_returns_to_the_application(rp, pause):
    page = rp.authorize()
    cancel = re.search(r'id="login-cancel" href="([^"]+)"', page.text)[1].replace("&amp;", "&")
    pause()
    assert response_parameters(rp.follow(rp.browser.get(cancel)))["error"] == "access_denied"


def test_old_sign_in_is_not_fresh_after_a_restart(rp, services, moving_clock):
    """Core, section 3.1.2.1: prompt=login asks again, unless the sign-in was made for this request a short time ago."""
    page = rp.sign_in(rp.authorize(prompt="login"))
    interaction = dict(forms.find(page, "consent-allow").fields)["interaction"]
    moving_clock.advance(services.settings.interaction_lifetime * 2)
    again = rp.follow(rp.browser.get(f"/oauth2/continue?interaction={interaction}"))
    assert 'id="login-submit"' in again.text


def test_restarted_request_is_checked_again(rp, services, pause):
    page = rp.authorize()
    edit(services, rp.key, redirect_uris=("https://elsewhere.example/cb",))
    pause()
    assert rp.sign_in(page).status_code == 400


def test_restarted_request_can_be_completed_once(rp, pause):
    page = rp.authorize()
    pause()
    consent = rp.sign_in(page)
    response_parameters(rp.deny(consent))
    assert OVER in rp.allow(consent).text


def test_other_browser_can_start_again(rp, services):
    page = rp.sign_in(rp.authorize())
    interaction = dict(forms.find(page, "consent-allow").fields)["interaction"]
    other = RelyingParty(rp.app, rp.key, rp.secret)
    over = other.browser.get(f"/oauth2/continue?interaction={interaction}")
    assert (over.status_code, OVER in over.text) == (400, True)
    links = links_of(over)
    assert links["Back to the application"] == "https://rp.example/"
    response = other.allow(other.sign_in(other.follow(other.browser.get(links["Start again"]))))
    token = other.redeem(response_parameters(response)["code"]).get_json()["id_token"]
    assert claims(token)["nonce"] == "n-0S6_WzA2Mj"


def test_expired_request_of_another_browser_is_not_restarted_without_asking(rp, pause):
    page = rp.sign_in(rp.authorize())
    interaction = dict(forms.find(page, "consent-allow").fields)["interaction"]
    other = RelyingParty(rp.app, rp.key, rp.secret)
    other.authorized()
    pause()
    over = other.browser.get(f"/oauth2/continue?interaction={interaction}")
    assert (over.status_code, "Start again" in links_of(over)) == (400, True)


def test_finished_request_links_to_the_application(rp, services):
    edit(services, rp.key, details={"initiate_login_uri": "https://rp.example/login?from=op"})
    page = rp.sign_in(rp.authorize())
    rp.deny(page)
    links = links_of(rp.allow(page))
    assert links["Back to the application"] == "https://rp.example/login?from=op&iss=http%3A%2F%2Flocalhost"
    assert 'id="consent-allow"' in rp.follow(rp.browser.get(links["Start again"])).text


@pytest.mark.parametrize("handle", ["", "x", "asi_1.x"])
@pytest.mark.parametrize("restart", ["", "&restart=1"])
def test_unknown_request_links_to_the_account(rp, handle, restart):
    page = rp.browser.get(f"/oauth2/continue?interaction={handle}{restart}")
    assert (page.status_code, links_of(page)) == (400, {"Your account": "/account"})


def test_oauth1_sign_in_after_a_pause_leads_back(consumer, services, moving_clock):
    """RFC 5849, section 2.2: expired temporary credentials cannot continue, so the consumer must start again."""
    page = consumer.follow(
        consumer.browser.get("/oauth/authorize", query_string={"oauth_token": consumer.token})
    )
    moving_clock.advance(services.settings.temporary_credential_lifetime, seconds=1)
    over = consumer.follow(
        forms.submit(consumer.browser, page, "login-submit", username="alice", password=PASSWORD)
    )
    assert (over.status_code, links_of(over)) == (400, {"Back to the application": "https://tool.example/"})


def test_late_oauth1_decision_leads_back(consumer, services, moving_clock):
    page = consumer.follow(
        consumer.browser.get("/oauth/authorize", query_string={"oauth_token": consumer.token})
    )
    page = consumer.follow(
        forms.submit(consumer.browser, page, "login-submit", username="alice", password=PASSWORD)
    )
    moving_clock.advance(services.settings.temporary_credential_lifetime, seconds=1)
    over = consumer.follow(forms.submit(consumer.browser, page, "consent-allow"))
    assert (over.status_code, links_of(over)) == (400, {"Back to the application": "https://tool.example/"})


def test_finished_oauth1_sign_in_leads_back(consumer):
    assert CALLBACK.startswith("https://tool.example/")
    callback_parameters(consumer.authorize())
    over = consumer.authorize()
    assert (over.status_code, "Back to the application" in links_of(over)) == (400, True)


def test_unknown_oauth1_token_links_to_the_account(consumer):
    over = consumer.browser.get("/oauth/authorize?oauth_token=nothing")
    assert (over.status_code, links_of(over)) == (400, {"Your account": "/account"})
