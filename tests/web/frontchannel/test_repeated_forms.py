"""A decision can be sent twice without harm, by a double click, a reload or after a lost response.

The second response leads the user to the same result.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain.authorizations import consents
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients import clients
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import users
from tests.support import forms
from tests.support.consumer import callback_parameters, problem_of
from tests.support.consumer import register as register_consumer
from tests.support.device import GRANT, Device
from tests.support.relying_party import RelyingParty, edit, register, response_parameters
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import set_up

COOKIES = ("authserver_browser", "authserver_session", "authserver_known")
AT_ONCE = 4


@pytest.fixture
def rp(app, services, sample_users):
    return RelyingParty(app, *register(services))


@pytest.fixture
def device(app, services, sample_users):
    grants = {"redirect_uris": (), "grant_types": (GRANT, "refresh_token"), "response_types": ()}
    return Device(RelyingParty(app, *register(services, **grants))).start()


@pytest.fixture
def consumer(app, services, sample_users):
    consumer = register_consumer(services, app)
    return consumer.with_token(consumer.request_token())


def send_concurrently(app, browser, page, button):
    """Send one form several times at once from one browser; return the responses."""
    barrier = Barrier(AT_ONCE)

    def send(_):
        same_browser = app.test_client()
        for name in COOKIES:
            if cookie := browser.get_cookie(name):
                same_browser.set_cookie(name, cookie.value)
        barrier.wait(timeout=30)
        return forms.submit(same_browser, page, button)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(send, range(AT_ONCE)))


def is_over(answer):
    return answer.status_code == 400 and "This sign-in cannot continue" in answer.text


def test_each_request_of_a_double_click_gets_a_code(app, rp):
    page = rp.sign_in(rp.authorize())
    codes = {
        response_parameters(response)["code"]
        for response in send_concurrently(app, rp.browser, page, "consent-allow")
    }
    assert len(codes) == AT_ONCE
    assert {rp.redeem(code).status_code for code in codes} == {200}


def test_first_of_two_decisions_is_final(app, rp, database):
    page = rp.sign_in(rp.authorize())
    assert response_parameters(rp.deny(page))["error"] == "access_denied"
    assert is_over(rp.allow(page))
    assert is_over(rp.deny(page))
    with database.transaction(write=False) as db:
        assert db.query(Authorization).count() == 0


def test_cancel_after_allow_changes_nothing(rp):
    page = rp.sign_in(rp.authorize())
    code = response_parameters(rp.allow(page))["code"]
    assert is_over(rp.deny(page))
    assert response_parameters(rp.allow(page))["code"] != code
    assert rp.redeem(code).status_code == 200


def test_cancelled_sign_in_stays_cancelled(rp):
    page = rp.authorize()
    cancel = url_of_link(page, "login-cancel")
    assert response_parameters(rp.browser.get(cancel))["error"] == "access_denied"
    interaction = cancel.partition("interaction=")[2]
    rp.sign_in(rp.browser.get("/sign-in"))
    assert is_over(rp.browser.get(f"/oauth2/continue?interaction={interaction}"))


@pytest.mark.parametrize("prompt", [None, "login", "consent"])
def test_continue_url_can_be_requested_again(rp, prompt):
    page = rp.sign_in(rp.authorize(prompt=prompt))
    first = response_parameters(rp.allow(page))["code"]
    interaction = dict(forms.find(page, "consent-allow").fields)["interaction"]
    again = rp.browser.get(f"/oauth2/continue?interaction={interaction}")
    assert response_parameters(again)["code"] != first
    assert response_parameters(again)["state"] == "af0ifjsldkj"


def test_another_user_in_the_same_browser_is_rejected(rp):
    page = rp.sign_in(rp.authorize())
    interaction = dict(forms.find(page, "consent-allow").fields)["interaction"]
    rp.allow(page)
    switch = rp.browser.get("/sign-in?switch=1")
    forms.submit(rp.browser, switch, "login-submit", username="bob", password=PASSWORD)
    assert is_over(rp.browser.get(f"/oauth2/continue?interaction={interaction}"))
    forms.submit(rp.browser, rp.browser.get("/sign-out"), "logout-confirm")
    assert is_over(rp.browser.get(f"/oauth2/continue?interaction={interaction}"))


def test_another_browser_is_rejected(rp):
    page = rp.sign_in(rp.authorize())
    interaction = dict(forms.find(page, "consent-allow").fields)["interaction"]
    rp.allow(page)
    other_browser = RelyingParty(rp.app, rp.key)
    assert is_over(other_browser.browser.get(f"/oauth2/continue?interaction={interaction}"))
    other_browser.authorized("alice")
    assert is_over(other_browser.browser.get(f"/oauth2/continue?interaction={interaction}"))


def test_old_form_does_not_restore_revoked_consent(rp, services):
    page = rp.sign_in(rp.authorize())
    rp.allow(page)
    with services.database.transaction() as db:
        alice = users.find(db, "alice")
        consents.withdraw(db, SYSTEM, alice.id, clients.get(db, rp.key))
    assert is_over(rp.allow(page))


def test_old_form_is_rejected_after_a_change_of_the_client(rp, services):
    page = rp.sign_in(rp.authorize())
    rp.allow(page)
    edit(services, rp.key, name="Renamed")
    assert is_over(rp.allow(page))


def test_each_request_about_a_device_shows_the_decision(app, device):
    answers = send_concurrently(app, device.browser, device.enter(), "device-allow")
    assert {answer.status_code for answer in answers} == {200}
    assert all("The device is connected" in answer.text for answer in answers)
    assert device.poll().status_code == 200


def test_denied_device_stays_denied(device):
    page = device.enter()
    for button in ("device-deny", "device-deny", "device-allow"):
        answer = forms.submit(device.browser, page, button)
        assert (answer.status_code, "was not connected" in answer.text) == (200, True)
    assert device.poll().get_json()["error"] == "access_denied"


def test_device_decision_is_not_shown_to_other_users(device, moving_clock):
    page = device.enter()
    confirmation = dict(forms.find(page, "device-allow").fields)["confirmation"]
    forms.submit(device.browser, page, "device-allow")
    other = Device(RelyingParty(device.rp.app, device.rp.key, device.rp.secret))
    theirs = dict(forms.find(other.open_page(username="alice"), "device-submit").fields)
    sent = theirs | {"confirmation": confirmation, "decision": "allow"}
    assert other.browser.post("/device/decision", data=sent).status_code == 400
    moving_clock.advance(seconds=601)
    assert forms.submit(device.browser, page, "device-allow").status_code == 400


def consent_page(consumer):
    page = consumer.follow(consumer.browser.get(f"/oauth/authorize?oauth_token={consumer.token}"))
    return consumer.follow(
        forms.submit(consumer.browser, page, "login-submit", username="alice", password=PASSWORD)
    )


def test_each_request_of_a_double_click_gets_a_verifier(app, consumer):
    page = consent_page(consumer)
    responses = send_concurrently(app, consumer.browser, page, "consent-allow")
    assert len({callback_parameters(response)["oauth_verifier"] for response in responses}) == AT_ONCE
    first = callback_parameters(forms.submit(consumer.browser, page, "consent-allow"))
    last = callback_parameters(forms.submit(consumer.browser, page, "consent-allow"))
    assert first["oauth_token"] == last["oauth_token"] == consumer.token
    assert problem_of(consumer.access_token(first["oauth_verifier"])) == (401, "verifier_invalid")
    assert consumer.access_token(last["oauth_verifier"]).status_code == 200
    assert "You can close this page" in forms.submit(consumer.browser, page, "consent-allow").text


def test_denied_consumer_stays_denied(consumer):
    page = consent_page(consumer)
    assert (
        callback_parameters(forms.submit(consumer.browser, page, "consent-deny"))["oauth_problem"]
        == "user_refused"
    )
    again = consumer.follow(forms.submit(consumer.browser, page, "consent-allow"))
    assert (again.status_code, "token_used" in again.text) == (400, True)


def test_repeated_second_factor_code_after_the_sign_in_is_accepted(rp, database):
    totp_app = set_up(rp.app)
    page = rp.sign_in(rp.authorize())
    for _ in range(2):
        response = forms.submit(rp.browser, page, "login-submit", code=totp_app.code())
        assert response.status_code == 303
    assert 'id="consent-allow"' in rp.follow(response).text
    with database.transaction(write=False) as db:
        assert db.query(UserSession).count() == 1


def test_only_the_same_code_may_be_repeated_when_signing_in_again(rp):
    totp_app = set_up(rp.app)
    with time_machine.travel(clock.now(), tick=False) as traveler:
        forms.submit(rp.browser, rp.sign_in(rp.authorize()), "login-submit", code=totp_app.code())
        traveler.shift(60)
        code_page = forms.submit(
            rp.browser, rp.browser.get("/sign-in?again=1"), "login-submit", password=PASSWORD
        )
        code = totp_app.code()
        assert [sent(rp, code_page, code), sent(rp, code_page, code), sent(rp, code_page, "000000")] == [
            303,
            303,
            422,
        ]


def sent(rp, page, code):
    return forms.submit(rp.browser, page, "login-submit", code=code).status_code


def test_sign_in_form_of_another_user_is_rejected(rp):
    page = rp.browser.get("/sign-in")
    rp.authorized("alice")
    response = forms.submit(rp.browser, page, "login-submit", username="bob", password=PASSWORD)
    assert response.status_code == 400


def url_of_link(page, element_id):
    """Return the URL of a link on a page."""
    tag = page.text.partition(f'id="{element_id}" href="')[2]
    return tag.partition('"')[0].replace("&amp;", "&")
