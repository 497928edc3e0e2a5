"""The authenticator app on the account pages: set-up, recovery codes and removal."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain import audit
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import second_factors, users
from authserver.domain.users.authenticator_apps import AuthenticatorApp
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.vocabulary import Acr
from tests.support import forms
from tests.support.moving_clock import MovingClock
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import set_up
from tests.web.browser_session import session_cookie, sign_in, use_cookie

HOME = "/account/authenticator"
SET_UP = f"{HOME}/set-up"
PAGES = [HOME, SET_UP, f"{HOME}/recovery-codes", f"{HOME}/remove"]
ODD = ["", "x", "a.b", "....", "\u00e9", "\0", "9" * 5000]


@pytest.fixture
def browser(client: FlaskClient, sample_users: dict[str, User]) -> FlaskClient:
    """Alice's browser, signed in by password."""
    sign_in(client, "alice")
    return client


@dataclass
class Proposal:
    """The set-up page with the proposed secret."""

    page: TestResponse

    @property
    def seed(self) -> str:
        """The secret without the spaces between its groups."""
        found = re.search(r'<code id="seed".*?</code>', self.page.text, re.DOTALL)
        assert found, self.page.text
        return re.sub(r"<[^>]+>|\s", "", found[0])

    def code(self) -> str:
        """The code that the app shows at the current time."""
        return pyotp.TOTP(self.seed).at(clock.now())


def propose(browser: FlaskClient, url: str = SET_UP) -> Proposal:
    page = browser.get(url)
    assert page.status_code == 200, page.status
    return Proposal(page)


def save(browser: FlaskClient, shown: Proposal, code: str | None = None, **more: str) -> TestResponse:
    typed = shown.code() if code is None else code
    return forms.submit(browser, shown.page, "authenticator-save", code=typed, **more)


def codes_on(page: TestResponse) -> list[str]:
    return re.findall(r"<code>([A-Z]{4}-[A-Z]{4}-[A-Z]{4})</code>", page.text)


def status_of(services: Services, user: User) -> second_factors.SecondFactorStatus:
    with services.database.transaction(write=False) as db:
        return second_factors.status_of(db, user.id)


def events(services: Services) -> list[str]:
    with services.database.transaction(write=False) as db:
        return [row.event for row in audit.page_of_events(db, audit.EventFilter())[0]]


def enrolled(browser: FlaskClient) -> list[str]:
    """Set an app up; return the recovery codes."""
    return codes_on(save(browser, propose(browser)))


@pytest.mark.parametrize("path", PAGES)
def test_pages_require_a_sign_in(client: FlaskClient, path: str) -> None:
    assert client.get(path).location == f"/sign-in?next={path}"


@pytest.mark.parametrize("path", PAGES[1:])
def test_forms_require_a_csrf_token(browser: FlaskClient, path: str) -> None:
    assert browser.post(path).status_code == 400


@pytest.mark.parametrize("path", PAGES[1:])
def test_pages_require_a_recent_sign_in(
    browser: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    enrolled(browser)
    MovingClock(monkeypatch).advance(services.settings.recent_sign_in, seconds=1)
    assert "again=1" in browser.get(path).location


def test_set_up(browser: FlaskClient, services: Services, alice: User) -> None:
    assert "password alone" in browser.get(HOME).text
    answer = save(browser, propose(browser))
    assert answer.status_code == 200
    assert len(set(codes_on(answer))) == 10
    assert "They will not be shown again" in answer.text
    assert status_of(services, alice).is_enrolled
    page = browser.get(HOME).text
    assert '<dd id="codes-left">10</dd>' in page
    assert "user:add-second-factor" in events(services)


def test_qr_code_contains_the_secret(browser: FlaskClient, alice: User) -> None:
    """The page has the otpauth URI as a link for users on a phone, and the QR code inline."""
    proposal = propose(browser)
    address = urlsplit(unescape(re.search(r'href="(otpauth:[^"]+)"', proposal.page.text)[1]))
    assert (address.netloc, unquote(address.path)) == ("totp", "/authserver:alice")
    assert parse_qs(address.query) == {"secret": [proposal.seed], "issuer": ["authserver"]}
    qr_code = unescape(re.search(r'<img class="qr" src="([^"]+)"', proposal.page.text)[1])
    assert qr_code.startswith("data:image/svg+xml")
    assert "img-src 'self' data:" in proposal.page.headers["Content-Security-Policy"]
    assert proposal.page.headers["Cache-Control"] == "no-store"


@pytest.mark.both_databases
@pytest.mark.parametrize("username", ["\U0001d538" * 100, "a:b@example.org", "%00%zz", "<b>"])
def test_any_user_name_fits_into_the_qr_code(
    client: FlaskClient, services: Services, sample_users: dict[str, User], username: str
) -> None:
    with services.database.transaction() as db:
        hashed = users.get(db, sample_users["alice"].id).password_hash
        users.add(db, SYSTEM, username=username, password_hash=hashed)
    sign_in(client, username)
    assert codes_on(save(client, propose(client)))


def test_session_is_multi_factor_after_the_set_up(
    app: Flask, browser: FlaskClient, services: Services
) -> None:
    before = session_cookie(browser)
    enrolled(browser)
    with services.database.transaction(write=False) as db:
        row = db.scalars(select(UserSession)).one()
        assert (row.acr, row.amr) == (Acr.MULTI_FACTOR, ["pwd", "otp", "mfa"])
    assert browser.get("/account").status_code == 200
    other_browser = app.test_client()
    use_cookie(other_browser, before or "")
    assert other_browser.get("/account").status_code == 303


def test_nothing_is_stored_before_a_correct_code(
    browser: FlaskClient, services: Services, alice: User
) -> None:
    proposal = propose(browser)
    wrong = save(browser, proposal, "000000")
    assert (wrong.status_code, 'id="code-error"' in wrong.text) == (422, True)
    assert not status_of(services, alice).is_enrolled
    assert Proposal(wrong).seed == proposal.seed
    assert save(browser, Proposal(wrong)).status_code == 200


def test_code_may_contain_spaces(browser: FlaskClient) -> None:
    proposal = propose(browser)
    code = proposal.code()
    assert save(browser, proposal, f" {code[:3]} {code[3:]} ").status_code == 200


@pytest.mark.both_databases
@pytest.mark.parametrize("typed", ODD)
def test_malformed_code_is_rejected(
    browser: FlaskClient, services: Services, alice: User, typed: str
) -> None:
    assert save(browser, propose(browser), typed).status_code == 422
    assert not status_of(services, alice).is_enrolled


@pytest.mark.both_databases
@pytest.mark.parametrize("forged", ODD)
def test_forged_proposal_is_replaced(
    browser: FlaskClient, services: Services, alice: User, forged: str
) -> None:
    proposal = propose(browser)
    answer = save(browser, proposal, proposal=forged)
    assert answer.status_code == 422
    assert "Scan the new QR code" in answer.text
    assert not status_of(services, alice).is_enrolled
    assert Proposal(answer).seed != proposal.seed


def test_proposal_of_another_user_is_replaced(
    app: Flask, browser: FlaskClient, services: Services, sample_users: dict[str, User]
) -> None:
    bobs_browser = app.test_client()
    sign_in(bobs_browser, "bob")
    proposal = propose(browser)
    sealed = dict(forms.find(proposal.page, "authenticator-save").fields)["proposal"]
    answer = save(bobs_browser, propose(bobs_browser), proposal.code(), proposal=sealed)
    assert (answer.status_code, "Scan the new QR code" in answer.text) == (422, True)
    assert not status_of(services, sample_users["bob"]).is_enrolled


def test_proposal_expires_after_half_an_hour(
    browser: FlaskClient, services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, proposal = MovingClock(monkeypatch), propose(browser)
    time.advance(seconds=1805)
    asked = forms.submit(browser, save(browser, proposal), "login-submit", password=PASSWORD)
    answer = forms.submit(browser, asked, "resume-submit")
    assert (answer.status_code, "has expired" in answer.text) == (422, True)
    assert not status_of(services, alice).is_enrolled


def test_form_is_preserved_during_a_sign_in(
    browser: FlaskClient, services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal = propose(browser)
    MovingClock(monkeypatch).advance(services.settings.recent_sign_in, seconds=1)
    response = save(browser, proposal)
    assert response.status_code == 403
    resumed = forms.submit(browser, response, "login-submit", password=PASSWORD)
    assert len(codes_on(forms.submit(browser, resumed, "resume-submit"))) == 10


def test_guessing_codes_is_throttled(browser: FlaskClient, services: Services) -> None:
    proposal = propose(browser)
    for _ in range(services.settings.sign_in_attempts):
        assert save(browser, proposal, "000000").status_code == 422
    answer = save(browser, proposal)
    assert (answer.status_code, "Too many attempts" in answer.text) == (429, True)
    assert int(answer.headers["Retry-After"]) > 0


def test_repeated_form_changes_nothing(browser: FlaskClient, services: Services, alice: User) -> None:
    proposal = propose(browser)
    code = proposal.code()
    save(browser, proposal, code)
    with services.database.transaction(write=False) as db:
        before = db.get_one(AuthenticatorApp, alice.id).sealed
    again = save(browser, proposal, code)
    assert again.location == HOME
    assert "Your authenticator app is already set up" in browser.get(HOME).text
    with services.database.transaction(write=False) as db:
        assert db.get_one(AuthenticatorApp, alice.id).sealed == before
    assert events(services).count("user:add-second-factor") == 1


def test_set_up_page_redirects_if_an_app_exists(browser: FlaskClient) -> None:
    enrolled(browser)
    assert browser.get(SET_UP).location == HOME


def test_recovery_codes_can_be_downloaded(browser: FlaskClient) -> None:
    page = save(browser, propose(browser))
    link = unescape(re.search(r'id="codes-download" href="([^"]+)"', page.text)[1])
    text = unquote(link.removeprefix("data:text/plain;charset=utf-8,"))
    assert [line for line in text.split("\r\n") if re.fullmatch(r"[A-Z-]{14}", line)] == codes_on(page)
    assert "alice at http://localhost" in text


def test_recovery_codes_are_on_no_other_page(browser: FlaskClient) -> None:
    codes = enrolled(browser)
    for path in ["/account", *PAGES, "/account/activity"]:
        page = browser.get(path).text
        assert not [code for code in codes if code in page]


def test_next_url_is_kept(browser: FlaskClient) -> None:
    next_url = "/oauth2/continue?interaction=x"
    started = browser.get(HOME, query_string={"next": next_url})
    page = save(browser, propose(browser, started.location))
    assert f'id="authenticator-continue" href="{next_url}"' in page.text
    assert (
        f'id="authenticator-continue" href="{next_url}"'
        in browser.get(started.location, follow_redirects=True).text
    )


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\evil"]
)
def test_external_next_url_is_ignored(browser: FlaskClient, elsewhere: str) -> None:
    assert browser.get(HOME, query_string={"next": elsewhere}).status_code == 200
    proposal = propose(browser)
    page = save(browser, proposal, next=elsewhere)
    assert 'id="authenticator-continue"' not in page.text
    assert "evil" not in page.text


def test_other_sessions_can_be_ended_before_returning(app: Flask, browser: FlaskClient) -> None:
    other = app.test_client()
    sign_in(other, "alice")
    next_url = "/oauth2/continue?interaction=x"
    page = save(browser, propose(browser, f"{SET_UP}?next={next_url}"))
    answer = forms.submit(browser, page, "end-others")
    assert "One other session is signed out." in browser.get(answer.location).text
    assert f'href="{next_url}"' in browser.get(answer.location).text
    assert other.get("/account").status_code == 303


def test_end_sessions_is_not_offered_without_other_sessions(browser: FlaskClient) -> None:
    assert 'id="end-others"' not in save(browser, propose(browser)).text


def test_end_sessions_ignores_an_external_next_url(browser: FlaskClient) -> None:
    token = dict(forms.find(browser.get("/account"), "profile-save").fields)["csrf_token"]
    form = {"csrf_token": token, "next": "//evil.example"}
    assert browser.post("/account/sessions/end-others", data=form).location == "/account/sessions"


def test_new_recovery_codes(browser: FlaskClient, services: Services, alice: User) -> None:
    old = enrolled(browser)
    page = forms.submit(browser, browser.get(f"{HOME}/recovery-codes"), "codes-renew")
    new = codes_on(page)
    assert (len(new), set(new) & set(old)) == (10, set())
    with services.database.transaction() as db:
        assert second_factors.redeem(db, services.vault, alice.id, old[0]) is None
        assert second_factors.redeem(db, services.vault, alice.id, new[0]) == second_factors.RECOVERY
    assert "user:renew-recovery-codes" in events(services)


def test_reload_does_not_replace_the_recovery_codes(
    browser: FlaskClient, services: Services, alice: User
) -> None:
    enrolled(browser)
    asked = browser.get(f"{HOME}/recovery-codes")
    kept = codes_on(forms.submit(browser, asked, "codes-renew"))
    again = forms.submit(browser, asked, "codes-renew")
    assert (again.location, codes_on(again)) == (HOME, [])
    assert "This form was already submitted" in browser.get(HOME).text
    with services.database.transaction() as db:
        assert second_factors.redeem(db, services.vault, alice.id, kept[0])


@pytest.mark.both_databases
@pytest.mark.parametrize("token", ODD)
def test_invalid_form_token_is_ignored(browser: FlaskClient, token: str) -> None:
    enrolled(browser)
    asked = browser.get(f"{HOME}/recovery-codes")
    assert forms.submit(browser, asked, "codes-renew", form_token=token).status_code == 200


def test_remove(app: Flask, browser: FlaskClient, services: Services, alice: User) -> None:
    enrolled(browser)
    asked = browser.get(f"{HOME}/remove")
    assert "password alone" in asked.text
    assert forms.submit(browser, asked, "remove-confirm").location == HOME
    assert "The authenticator app was removed." in browser.get(HOME).text
    assert not status_of(services, alice).is_enrolled
    assert "user:remove-second-factor" in events(services)
    assert sign_in(app.test_client(), "alice").location == "/account"
    assert forms.submit(browser, asked, "remove-confirm").location == HOME
    assert events(services).count("user:remove-second-factor") == 1


def test_replace_and_remove_without_an_app(browser: FlaskClient) -> None:
    enrolled(browser)
    renewing, removing = browser.get(f"{HOME}/recovery-codes"), browser.get(f"{HOME}/remove")
    forms.submit(browser, removing, "remove-confirm")
    assert forms.submit(browser, renewing, "codes-renew").location == HOME
    assert browser.get(f"{HOME}/recovery-codes").location == HOME
    assert browser.get(f"{HOME}/remove").location == HOME


@pytest.mark.parametrize("path", ["/recovery-codes", "/remove"])
def test_password_alone_cannot_replace_or_remove_the_app(app: Flask, browser: FlaskClient, path: str) -> None:
    """A session that is older than the set-up may belong to an attacker who knows the password."""
    set_up(app)
    assert browser.get(f"{HOME}{path}").location.startswith("/sign-in/code?next=")


@pytest.mark.parametrize(
    ("used", "sentence"),
    [(6, None), (7, "3 recovery codes are"), (9, "One recovery code is"), (10, "No recovery codes are")],
)
def test_low_number_of_recovery_codes_is_shown(
    browser: FlaskClient, services: Services, alice: User, used: int, sentence: str | None
) -> None:
    codes = enrolled(browser)
    with services.database.transaction() as db:
        for code in codes[:used]:
            assert second_factors.redeem(db, services.vault, alice.id, code)
    for page in (browser.get("/account").text, browser.get(HOME).text):
        assert (sentence or "left. ") in page if sentence else "notice-warning" not in page


def test_profile_shows_whether_there_is_an_app(browser: FlaskClient) -> None:
    assert "None: set up an authenticator app" in browser.get("/account").text
    enrolled(browser)
    assert "None: set up" not in browser.get("/account").text


def test_sessions_show_the_authentication_methods(app: Flask, browser: FlaskClient) -> None:
    sign_in(app.test_client(), "alice")
    enrolled(browser)
    rows = re.findall(r"Signed in ([a-z ]+?) <time", browser.get("/account/sessions").text)
    assert rows == ["with password and code", "with password"]


def test_set_up_is_shown_in_the_activity(browser: FlaskClient) -> None:
    enrolled(browser)
    assert "An authenticator app was set up." in browser.get("/account/activity").text


def test_changes_do_not_affect_other_users(
    app: Flask, browser: FlaskClient, services: Services, sample_users: dict[str, Any]
) -> None:
    set_up(app, "bob")
    enrolled(browser)
    forms.submit(browser, browser.get(f"{HOME}/remove"), "remove-confirm")
    assert status_of(services, sample_users["bob"]).codes_left == 10
