"""RFC 6238, section 5.2, and RFC 4226, section 7: one-time passwords at the sign-in page."""

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support import forms
from tests.support.relying_party import RelyingParty, response_parameters
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import TotpApp, set_up


@pytest.fixture
def totp_app(app: Flask, rp: RelyingParty) -> TotpApp:
    """Alice's authenticator app."""
    return set_up(app)


def code_page(rp: RelyingParty, party: RelyingParty | None = None) -> TestResponse:
    """Return the page that asks for the code, in a new browser."""
    rp.browser = rp.app.test_client()
    page = rp.sign_in(rp.authorize())
    assert 'id="code"' in page.text
    return page


def enter(rp: RelyingParty, page: TestResponse, code: str) -> TestResponse:
    return forms.submit(rp.browser, page, "login-submit", code=code)


def test_current_code_signs_in(rp: RelyingParty, totp_app: TotpApp) -> None:
    """5.2: the validation system compares OTPs of the present time step."""
    response = enter(rp, code_page(rp), totp_app.code())
    assert response.status_code == 303
    assert 'id="consent-allow"' in rp.follow(response).text


def test_code_is_accepted_once(rp: RelyingParty, totp_app: TotpApp) -> None:
    """5.2: the verifier MUST NOT accept the second attempt of the OTP."""
    code = totp_app.code()
    assert enter(rp, code_page(rp), code).status_code == 303
    assert enter(rp, code_page(rp), code).status_code == 422


def test_one_step_of_delay_is_accepted(rp: RelyingParty, totp_app: TotpApp) -> None:
    """5.2: at most one time step is allowed as the network delay."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        traveler.shift(60)
        page, code = code_page(rp), totp_app.code()
        traveler.shift(30)
        assert enter(rp, page, code).status_code == 303


def test_more_delay_is_rejected(rp: RelyingParty, totp_app: TotpApp) -> None:
    """5.2: a larger window gives attackers more guesses."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        traveler.shift(60)
        page, code = code_page(rp), totp_app.code()
        traveler.shift(60)
        assert enter(rp, page, code).status_code == 422


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "typed",
    [
        "",
        "000000",
        "12345",
        "1234567",
        "abcdef",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "\0",
        "\ud800",
        "9" * 5000,
    ],
)
def test_other_values_are_rejected(rp: RelyingParty, totp_app: TotpApp, typed: str) -> None:
    """RFC 4226, 7.2: a wrong value does not authenticate. S26: no input causes a server error."""
    page = code_page(rp)
    form = forms.find(page, "login-submit")
    sent = dict(form.fields) | {"code": typed.encode("utf-8", "surrogatepass").decode("latin-1")}
    response = rp.browser.post(form.action, data=sent)
    assert response.status_code == 422, response.text
    assert 'id="code-error"' in response.text


def test_guessing_is_throttled(rp: RelyingParty, totp_app: TotpApp, services: Services) -> None:
    """RFC 4226, 7.3: the number of attempts is limited, across all unknown browsers together."""
    for _ in range(services.settings.sign_in_attempts):
        assert enter(rp, code_page(rp), "000000").status_code == 422
    response = enter(rp, code_page(rp), totp_app.code())
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0


def test_guessing_does_not_lock_the_user_out(rp: RelyingParty, totp_app: TotpApp, services: Services) -> None:
    """S20: a browser in which the user has signed in before has its own limit."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        enter(rp, code_page(rp), totp_app.code())
        own = rp.browser
        for _ in range(services.settings.sign_in_attempts):
            enter(rp, code_page(rp), "000000")
        assert enter(rp, code_page(rp), "000000").status_code == 429
        rp.browser = own
        traveler.shift(60)
        page = forms.submit(own, rp.authorize(prompt="login"), "login-submit", password=PASSWORD)
        assert enter(rp, page, totp_app.code()).status_code == 303


def test_recovery_code_is_accepted_once(rp: RelyingParty, totp_app: TotpApp) -> None:
    """A recovery code replaces the app once. Case and dashes do not matter."""
    code = totp_app.recovery_codes[0].lower().replace("-", " ")
    assert enter(rp, code_page(rp), code).status_code == 303
    assert enter(rp, code_page(rp), code).status_code == 422


def test_password_step_is_bound_to_its_browser(rp: RelyingParty, totp_app: TotpApp) -> None:
    """S12: another browser cannot finish a sign-in that this one started."""
    page = code_page(rp)
    fields = dict(forms.find(page, "login-submit").fields)
    other_browser = rp.app.test_client()
    token = dict(forms.find(other_browser.get("/sign-in"), "login-submit").fields)["csrf_token"]
    response = other_browser.post(
        "/sign-in/code", data=fields | {"csrf_token": token, "code": totp_app.code()}
    )
    assert response.status_code == 400
    assert not other_browser.get_cookie("authserver_session")


def test_password_step_expires(rp: RelyingParty, totp_app: TotpApp) -> None:
    """The user has to enter the password again after some time."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        page = code_page(rp)
        traveler.shift(11 * 60)
        assert enter(rp, page, totp_app.code()).status_code == 400


@pytest.mark.parametrize("pending", ["", "x", "a.b", "\u00e9"])
def test_forged_password_step_is_rejected(rp: RelyingParty, totp_app: TotpApp, pending: str) -> None:
    """The form is accepted only with the value that the server sealed."""
    fields = dict(forms.find(code_page(rp), "login-submit").fields) | {
        "pending": pending,
        "code": totp_app.code(),
    }
    assert rp.browser.post("/sign-in/code", data=fields).status_code == 400


def test_user_disabled_during_the_sign_in_is_rejected(
    rp: RelyingParty, totp_app: TotpApp, services: Services, alice: User
) -> None:
    """S3: disabling takes effect on the next request."""
    page = code_page(rp)
    with services.database.transaction() as db:
        users.disable(db, SYSTEM, users.get(db, alice.id))
    assert enter(rp, page, totp_app.code()).status_code == 400


def test_no_session_before_both_factors(rp: RelyingParty, totp_app: TotpApp) -> None:
    """The page for the code sets no session cookie that another page would accept."""
    code_page(rp)
    assert rp.browser.get("/account").status_code == 303
    assert response_parameters(rp.authorize(prompt="none"))["error"] == "login_required"
