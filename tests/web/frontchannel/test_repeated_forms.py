"""Forms of decisions that come twice, by a double click, a reload or a lost answer: no harm is done, and no dead end."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain.authorizations import consents
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients import clients
from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.users import users
from tests.support import forms
from tests.support.consumer import problem, returned
from tests.support.consumer import register as register_consumer
from tests.support.device import GRANT, Device
from tests.support.people import PASSWORD
from tests.support.relying_party import RelyingParty, answered, edit, register
from tests.support.second_factors import set_up

COOKIES = ("authserver_browser", "authserver_session", "authserver_known")
AT_ONCE = 4


@pytest.fixture
def rp(app, services, people):
    return RelyingParty(app, *register(services))


@pytest.fixture
def device(app, services, people):
    grants = {"redirect_uris": (), "grant_types": (GRANT, "refresh_token"), "response_types": ()}
    return Device(RelyingParty(app, *register(services, **grants))).start()


@pytest.fixture
def consumer(app, services, people):
    consumer = register_consumer(services, app)
    return consumer.with_token(consumer.request_token())


def at_once(app, browser, page, button):
    """The answers to one form that a browser sends several times in the same moment."""
    barrier = Barrier(AT_ONCE)

    def send(_):
        twin = app.test_client()
        for name in COOKIES:
            if cookie := browser.get_cookie(name):
                twin.set_cookie(name, cookie.value)
        barrier.wait(timeout=30)
        return forms.submit(twin, page, button)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(send, range(AT_ONCE)))


def is_over(answer):
    return answer.status_code == 400 and "This sign-in cannot go on" in answer.text


def test_every_sending_of_a_double_click_is_answered(app, rp):
    page = rp.sign_in(rp.authorize())
    codes = {answered(answer)["code"] for answer in at_once(app, rp.browser, page, "consent-allow")}
    assert len(codes) == AT_ONCE
    assert {rp.redeem(code).status_code for code in codes} == {200}


def test_who_presses_both_buttons_has_decided_once(app, rp, database):
    page = rp.sign_in(rp.authorize())
    assert answered(rp.deny(page))["error"] == "access_denied"
    assert is_over(rp.allow(page))
    assert is_over(rp.deny(page))
    with database.transaction(write=False) as db:
        assert db.query(Authorization).count() == 0


def test_cancelling_what_was_allowed_changes_nothing(rp):
    page = rp.sign_in(rp.authorize())
    code = answered(rp.allow(page))["code"]
    assert is_over(rp.deny(page))
    assert answered(rp.allow(page))["code"] != code
    assert rp.redeem(code).status_code == 200


def test_a_cancelled_sign_in_stays_cancelled(rp):
    page = rp.authorize()
    cancel = forms_link(page, "login-cancel")
    assert answered(rp.browser.get(cancel))["error"] == "access_denied"
    interaction = cancel.partition("interaction=")[2]
    rp.sign_in(rp.browser.get("/sign-in"))
    assert is_over(rp.browser.get(f"/oauth2/continue?interaction={interaction}"))


@pytest.mark.parametrize("prompt", [None, "login", "consent"])
def test_the_way_on_after_a_sign_in_is_gone_again(rp, prompt):
    page = rp.sign_in(rp.authorize(prompt=prompt))
    first = answered(rp.allow(page))["code"]
    interaction = dict(forms.find(page, "consent-allow").fields)["interaction"]
    again = rp.browser.get(f"/oauth2/continue?interaction={interaction}")
    assert answered(again)["code"] != first
    assert answered(again)["state"] == "af0ifjsldkj"


def test_another_person_in_this_browser_is_not_answered(rp):
    page = rp.sign_in(rp.authorize())
    interaction = dict(forms.find(page, "consent-allow").fields)["interaction"]
    rp.allow(page)
    switch = rp.browser.get("/sign-in?switch=1")
    forms.submit(rp.browser, switch, "login-submit", username="bob", password=PASSWORD)
    assert is_over(rp.browser.get(f"/oauth2/continue?interaction={interaction}"))
    forms.submit(rp.browser, rp.browser.get("/sign-out"), "logout-confirm")
    assert is_over(rp.browser.get(f"/oauth2/continue?interaction={interaction}"))


def test_a_thief_in_another_browser_is_not_answered(rp):
    page = rp.sign_in(rp.authorize())
    interaction = dict(forms.find(page, "consent-allow").fields)["interaction"]
    rp.allow(page)
    thief = RelyingParty(rp.app, rp.key)
    assert is_over(thief.browser.get(f"/oauth2/continue?interaction={interaction}"))
    thief.authorized("alice")
    assert is_over(thief.browser.get(f"/oauth2/continue?interaction={interaction}"))


def test_consent_that_was_taken_back_is_not_given_by_the_old_form(rp, services):
    page = rp.sign_in(rp.authorize())
    rp.allow(page)
    with services.database.transaction() as db:
        alice = users.find(db, "alice")
        consents.withdraw(db, SYSTEM, alice.id, clients.get(db, rp.key))
    assert is_over(rp.allow(page))


def test_a_client_that_was_changed_since_is_not_answered(rp, services):
    page = rp.sign_in(rp.authorize())
    rp.allow(page)
    edit(services, rp.key, name="Renamed")
    assert is_over(rp.allow(page))


def test_every_sending_about_a_device_shows_the_decision(app, device):
    answers = at_once(app, device.browser, device.enter(), "device-allow")
    assert {answer.status_code for answer in answers} == {200}
    assert all("The device is connected" in answer.text for answer in answers)
    assert device.poll().status_code == 200


def test_a_refused_device_stays_refused(device):
    page = device.enter()
    for button in ("device-deny", "device-deny", "device-allow"):
        answer = forms.submit(device.browser, page, button)
        assert (answer.status_code, "was not connected" in answer.text) == (200, True)
    assert device.poll().get_json()["error"] == "access_denied"


def test_a_decision_about_a_device_is_not_told_to_others(device, moving_clock):
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


def test_a_consumer_gets_the_verifier_that_the_browser_brings(app, consumer):
    page = consent_page(consumer)
    answers = at_once(app, consumer.browser, page, "consent-allow")
    assert len({returned(answer)["oauth_verifier"] for answer in answers}) == AT_ONCE
    first = returned(forms.submit(consumer.browser, page, "consent-allow"))
    last = returned(forms.submit(consumer.browser, page, "consent-allow"))
    assert first["oauth_token"] == last["oauth_token"] == consumer.token
    assert problem(consumer.access_token(first["oauth_verifier"])) == (401, "verifier_invalid")
    assert consumer.access_token(last["oauth_verifier"]).status_code == 200
    assert "You can close this page" in forms.submit(consumer.browser, page, "consent-allow").text


def test_a_consumer_that_was_refused_stays_refused(consumer):
    page = consent_page(consumer)
    assert returned(forms.submit(consumer.browser, page, "consent-deny"))["oauth_problem"] == "user_refused"
    again = consumer.follow(forms.submit(consumer.browser, page, "consent-allow"))
    assert (again.status_code, "token_used" in again.text) == (400, True)


def test_the_code_that_let_somebody_in_is_no_mistake_when_it_comes_again(rp, database):
    telephone = set_up(rp.app)
    page = rp.sign_in(rp.authorize())
    for _ in range(2):
        answer = forms.submit(rp.browser, page, "login-submit", code=telephone.code())
        assert answer.status_code == 303
    assert 'id="consent-allow"' in rp.follow(answer).text
    with database.transaction(write=False) as db:
        assert db.query(UserSession).count() == 1


def test_the_code_of_signing_in_again_may_come_again_and_no_other(rp):
    telephone = set_up(rp.app)
    with time_machine.travel(clock.now(), tick=False) as traveller:
        forms.submit(rp.browser, rp.sign_in(rp.authorize()), "login-submit", code=telephone.code())
        traveller.shift(60)
        half = forms.submit(rp.browser, rp.browser.get("/sign-in?again=1"), "login-submit", password=PASSWORD)
        code = telephone.code()
        assert [sent(rp, half, code), sent(rp, half, code), sent(rp, half, "000000")] == [303, 303, 422]


def sent(rp, page, code):
    return forms.submit(rp.browser, page, "login-submit", code=code).status_code


def test_a_form_of_another_person_does_not_lead_into_the_account(rp):
    page = rp.browser.get("/sign-in")
    rp.authorized("alice")
    answer = forms.submit(rp.browser, page, "login-submit", username="bob", password=PASSWORD)
    assert answer.status_code == 400


def forms_link(page, element_id):
    """The address of a link of a page."""
    tag = page.text.partition(f'id="{element_id}" href="')[2]
    return tag.partition('"')[0].replace("&amp;", "&")
