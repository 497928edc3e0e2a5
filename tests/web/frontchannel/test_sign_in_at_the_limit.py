"""The sign-in with password and code after too many attempts, and the limits that administrators lift (S19, S20)."""

import re

import pytest
import time_machine

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain.users import second_factors, users
from authserver.domain.users.sign_in_limits import SignInLimits
from tests.support import consumer, forms
from tests.support.relying_party import RelyingParty, register, response_parameters
from tests.support.sample_users import PASSWORD, open_session
from tests.support.second_factors import set_up
from tests.web.browser_session import session_cookie, sign_in

LIMIT, LIMIT_OF_NETWORK, LIMIT_OF_ACCOUNT = 3, 5, 7


@pytest.fixture
def settings(settings):
    """Allow only a few attempts."""
    limits = {
        "sign_in_attempts": LIMIT,
        "sign_in_attempts_per_network": LIMIT_OF_NETWORK,
        "sign_in_attempts_per_account": LIMIT_OF_ACCOUNT,
    }
    return settings.model_copy(update=limits)


@pytest.fixture
def totp_app(app, sample_users):
    """Alice's authenticator app."""
    return set_up(app)


def attempt(app, name, password="wrong", address="192.0.2.1", **typed):
    """Sign in with a new browser at this address."""
    browser = app.test_client()
    browser.environ_base["REMOTE_ADDR"] = address
    page = browser.get("/sign-in")
    return forms.submit(browser, page, "login-submit", username=name, password=password, **typed)


def fill_account(app, name="alice"):
    """Guess passwords from many networks, until the limit of the account is reached."""
    for number in range(LIMIT_OF_ACCOUNT):
        attempt(app, name, address=f"198.51.{number}.1")


def fill_network(app):
    """Guess passwords of many accounts from the network of the tests' requests."""
    for number in range(LIMIT_OF_NETWORK):
        attempt(app, f"user{number}", address="127.0.0.1")


def fill_browser(app):
    """Guess the password of one account from the network of the tests' requests."""
    for _ in range(LIMIT):
        attempt(app, "alice", address="127.0.0.1")


def limited(client, username="alice"):
    """Return the page after the password alone was not accepted."""
    page = sign_in(client, username)
    assert (page.status_code, 'id="limit-reached"' in page.text) == (429, True)
    return page


def enter(client, page, code, password=PASSWORD, **more):
    return forms.submit(client, page, "login-submit", password=password, code=code, **more)


@pytest.mark.both_databases
@pytest.mark.parametrize("fill", [fill_account, fill_network, fill_browser])
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_owner_signs_in_with_password_and_code(app, client, totp_app, fill, kind):
    fill(app)
    code = totp_app.code() if kind == "app" else totp_app.recovery_codes[0].lower()
    assert enter(client, limited(client), code).status_code == 303
    assert client.get("/account").status_code == 200


def test_code_is_redeemed(app, client, totp_app):
    """RFC 6238, section 5.2: a code is accepted only once."""
    fill_account(app)
    code = totp_app.code()
    assert enter(client, limited(client), code).status_code == 303
    other = app.test_client()
    assert enter(other, limited(other), code).status_code == 422


def test_page_is_the_same_for_everybody(app, client, totp_app):
    """S19: for a user with a second factor, for one without, and for an unknown name."""
    shown = set()
    for name in ("alice", "bob", "nobody"):
        fill_account(app, name)
        page = sign_in(app.test_client(), name)
        text = re.sub(r'(nonce|value)="[^"]*"', "", page.text)
        shown.add((page.status_code, text.replace(name, "")))
    assert len(shown) == 1
    status, text = shown.pop()
    assert (status, "Wait 15 minutes" in text) == (429, True)


def test_failures_look_the_same(app, totp_app, services, monkeypatch):
    """S19: wrong code, wrong password, no second factor and no account. All take one hash."""
    hashes, verify = [], services.passwords.verify
    monkeypatch.setattr(services.passwords, "verify", lambda *args: hashes.append(1) or verify(*args))
    shown = set()
    for name, code, password in (
        ("alice", "000000", PASSWORD),
        ("alice", totp_app.code(), "wrong"),
        ("bob", "000000", PASSWORD),
        ("nobody", "000000", PASSWORD),
    ):
        page = attempt(app, name, password, code=code)
        text = re.sub(r'(nonce|value)="[^"]*"', "", page.text)
        shown.add((page.status_code, text.replace(name, "")))
    assert len(shown) == 1
    status, text = shown.pop()
    assert (status, "The user name, the password or the code is wrong." in text) == (422, True)
    assert len(hashes) == 4


def test_wrong_password_does_not_use_up_the_code(app, client, totp_app):
    fill_account(app)
    code = totp_app.recovery_codes[0]
    page = enter(client, limited(client), code, "wrong")
    assert (page.status_code, 'id="code"' in page.text, code in page.text) == (422, True, False)
    assert enter(client, page, code).status_code == 303


@pytest.mark.both_databases
def test_passwords_after_a_code_are_limited(app, client, totp_app):
    """Somebody who has seen a code has a few attempts at the password. Then the owner has to wait."""
    fill_account(app)
    page, code = limited(client), totp_app.recovery_codes[0]
    for _ in range(LIMIT):
        page = enter(client, page, code, "wrong")
        assert page.status_code == 422
    assert enter(client, page, code).status_code == 429


@pytest.mark.both_databases
def test_guesses_at_app_codes_are_limited(app, client, totp_app):
    """RFC 4226, section 7.3. A recovery code, which cannot be guessed, is still accepted."""
    fill_account(app)
    page = limited(client)
    for number in range(LIMIT):
        assert attempt(app, "alice", address=f"203.0.{number}.1", code="000000").status_code == 422
    assert enter(client, page, totp_app.code()).status_code == 429
    assert enter(client, page, totp_app.recovery_codes[0]).status_code == 303


@pytest.mark.only_on("sqlite")
def test_unknown_names_have_the_same_limits(app, sample_users):
    """S19: the limits do not show whether an account or a second factor exists."""
    for name in ("bob", "nobody"):
        codes = [
            attempt(app, name, address=f"203.0.{number}.1", code="000000") for number in range(LIMIT + 1)
        ]
        assert [answer.status_code for answer in codes] == [422] * LIMIT + [429]


def test_guesses_at_app_codes_do_not_block_the_second_step(app, client, totp_app):
    """S20: strangers cannot use up the attempts of users who have entered the password."""
    for number in range(LIMIT + 1):
        attempt(app, "alice", address=f"203.0.{number}.1", code="000000")
    page = sign_in(client, "alice")
    assert forms.submit(client, page, "login-submit", code=totp_app.code()).status_code == 303


def test_recovery_code_is_accepted_although_codes_of_the_network_are_limited(app, client, totp_app):
    """S20: others on the network cannot block it, neither here nor after the password."""
    for number in range(LIMIT_OF_NETWORK):
        assert attempt(app, f"user{number}", address="127.0.0.1", code="BBBB-BBBB-BBBB").status_code == 422
    assert attempt(app, "alice", PASSWORD, "127.0.0.1", code="BBBB-BBBB-BBBB").status_code == 429
    assert attempt(app, "alice", PASSWORD, "127.0.0.1", code=totp_app.recovery_codes[0]).status_code == 303


def test_recovery_code_is_accepted_in_the_second_step_after_wrong_app_codes(app, client, totp_app):
    """S20: somebody who knows the password cannot block the recovery codes by guessing codes of the app."""
    for _ in range(LIMIT + 1):
        browser = app.test_client()
        page = sign_in(browser, "alice")
        last = forms.submit(browser, page, "login-submit", code="000000")
    assert last.status_code == 429
    page = sign_in(client, "alice")
    assert forms.submit(client, page, "login-submit", code=totp_app.recovery_codes[0]).status_code == 303


@pytest.mark.both_databases
@pytest.mark.parametrize("code", ["\0", "9" * 5000, "\u0661\u0662\u0663\u0664\u0665\u0666", "\U0001f511"])
def test_malformed_code_is_rejected(app, totp_app, code):
    """S26: no input causes a server error."""
    assert attempt(app, "alice", PASSWORD, code=code).status_code == 422


def test_password_alone_works_when_the_limit_has_ended(app, client, totp_app):
    fill_account(app)
    page = limited(client)
    with time_machine.travel(clock.now(), tick=False) as traveler:
        traveler.shift(15 * 60 + 1)
        answer = enter(client, page, "")
        assert (answer.status_code, 'action="/sign-in/code"' in answer.text) == (200, True)


def test_authorization_request_continues(app, services, totp_app):
    rp = RelyingParty(app, *register(services))
    fill_account(app)
    page = rp.sign_in(rp.authorize())
    assert page.status_code == 429
    page = rp.follow(enter(rp.browser, page, totp_app.code()))
    assert response_parameters(rp.allow(page))["code"]


def test_oauth1_request_continues(app, services, totp_app):
    tool = consumer.register(services, app)
    temporary = tool.with_token(tool.request_token())
    fill_account(app)
    page = temporary.follow(
        temporary.browser.get("/oauth/authorize", query_string={"oauth_token": temporary.token})
    )
    page = forms.submit(temporary.browser, page, "login-submit", username="alice", password=PASSWORD)
    page = temporary.follow(enter(temporary.browser, page, totp_app.code()))
    verifier = consumer.callback_parameters(
        temporary.follow(forms.submit(temporary.browser, page, "consent-allow"))
    )["oauth_verifier"]
    assert temporary.access_token(verifier).status_code == 200


def test_confirmed_identity_continues(app, client, totp_app, services, alice):
    """A signed-in user must sign in again for a sensitive action, and the limit is reached."""
    open_session(client, services, "alice")
    fill_account(app)
    page = client.get("/sign-in?again=1&next=/account/sessions")
    page = forms.submit(client, page, "login-submit", password=PASSWORD)
    assert (page.status_code, 'id="limit-reached"' in page.text) == (429, True)
    assert enter(client, page, totp_app.code()).location == "/account/sessions"


def test_browser_is_known_afterwards(app, client, totp_app, settings):
    """The next sign-in in the same browser has a separate limit."""
    fill_account(app)
    enter(client, limited(client), totp_app.recovery_codes[0])
    forms.submit(client, client.get("/sign-out"), "logout-confirm")
    page = sign_in(client, "alice")
    assert (page.status_code, 'action="/sign-in/code"' in page.text) == (200, True)


def lift(services, name):
    with services.database.transaction() as db:
        user = users.find(db, name)
        return SignInLimits(services.settings, services.vault).lift(db, SYSTEM, user)


@pytest.mark.both_databases
@pytest.mark.parametrize("fill", [fill_account, fill_browser])
def test_administrator_lifts_the_limit(app, client, sample_users, services, fill):
    fill(app)
    limited(client)
    assert lift(services, "alice")
    assert sign_in(client, "alice").status_code == 303
    assert not lift(services, "alice"), "no limit is reached"


def test_lifted_limit_counts_again(app, client, sample_users, services):
    fill_account(app)
    lift(services, "alice")
    fill_account(app)
    limited(client)


def test_limits_of_codes_are_lifted_too(app, client, totp_app, services):
    for _ in range(LIMIT):
        page = sign_in(client, "alice")
        forms.submit(client, page, "login-submit", code="000000")
    assert forms.submit(client, page, "login-submit", code=totp_app.code()).status_code == 429
    assert lift(services, "alice")
    assert forms.submit(client, page, "login-submit", code=totp_app.code()).status_code == 303


def test_limits_of_other_accounts_stay(app, client, sample_users, services):
    fill_account(app, "bob")
    fill_account(app, "alice")
    lift(services, "alice")
    assert sign_in(client, "bob").status_code == 429
    assert session_cookie(client) is None


def test_recovery_code_stays_valid_until_it_is_redeemed(database, services, totp_app, alice):
    with database.transaction() as db:
        code = totp_app.recovery_codes[0]
        assert second_factors.is_valid(db, services.vault, alice.id, code)
        assert second_factors.redeem(db, services.vault, alice.id, code) == second_factors.RECOVERY
        assert not second_factors.is_valid(db, services.vault, alice.id, code)
