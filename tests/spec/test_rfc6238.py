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
from tests.support.people import PASSWORD
from tests.support.relying_party import RelyingParty, answered
from tests.support.second_factors import Telephone, set_up


@pytest.fixture
def telephone(app: Flask, rp: RelyingParty) -> Telephone:
    """Alice's app."""
    return set_up(app)


def half_way(rp: RelyingParty, party: RelyingParty | None = None) -> TestResponse:
    """Return the page that asks for the code, in a browser of its own."""
    rp.browser = rp.app.test_client()
    page = rp.sign_in(rp.authorize())
    assert 'id="code"' in page.text
    return page


def enter(rp: RelyingParty, page: TestResponse, code: str) -> TestResponse:
    return forms.submit(rp.browser, page, "login-submit", code=code)


def test_the_code_signs_in(rp: RelyingParty, telephone: Telephone) -> None:
    """5.2: the validation system compares OTPs of the present time step."""
    answer = enter(rp, half_way(rp), telephone.code())
    assert answer.status_code == 303
    assert 'id="consent-allow"' in rp.follow(answer).text


def test_a_code_is_taken_once(rp: RelyingParty, telephone: Telephone) -> None:
    """5.2: the verifier MUST NOT accept the second attempt of the OTP."""
    code = telephone.code()
    assert enter(rp, half_way(rp), code).status_code == 303
    assert enter(rp, half_way(rp), code).status_code == 422


def test_one_step_of_delay_is_accepted(rp: RelyingParty, telephone: Telephone) -> None:
    """5.2: at most one time step is allowed as the network delay."""
    with time_machine.travel(clock.now(), tick=False) as traveller:
        traveller.shift(60)
        page, code = half_way(rp), telephone.code()
        traveller.shift(30)
        assert enter(rp, page, code).status_code == 303


def test_more_delay_is_not(rp: RelyingParty, telephone: Telephone) -> None:
    """5.2: the larger the window, the larger the target."""
    with time_machine.travel(clock.now(), tick=False) as traveller:
        traveller.shift(60)
        page, code = half_way(rp), telephone.code()
        traveller.shift(60)
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
def test_anything_else_is_refused(rp: RelyingParty, telephone: Telephone, typed: str) -> None:
    """RFC 4226, 7.2: a wrong value is no authentication; and no input is a server error (S26)."""
    page = half_way(rp)
    form = forms.find(page, "login-submit")
    sent = dict(form.fields) | {"code": typed.encode("utf-8", "surrogatepass").decode("latin-1")}
    answer = rp.browser.post(form.action, data=sent)
    assert answer.status_code == 422, answer.text
    assert 'id="code-error"' in answer.text


def test_guessing_is_throttled(rp: RelyingParty, telephone: Telephone, services: Services) -> None:
    """RFC 4226, 7.3: the number of attempts is limited, over all browsers of strangers together."""
    for _ in range(services.settings.sign_in_attempts):
        assert enter(rp, half_way(rp), "000000").status_code == 422
    answer = enter(rp, half_way(rp), telephone.code())
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_a_guessing_stranger_does_not_shut_the_owner_out(
    rp: RelyingParty, telephone: Telephone, services: Services
) -> None:
    """S20: a browser in which the person has signed in before has a budget of its own."""
    with time_machine.travel(clock.now(), tick=False) as traveller:
        enter(rp, half_way(rp), telephone.code())
        own = rp.browser
        for _ in range(services.settings.sign_in_attempts):
            enter(rp, half_way(rp), "000000")
        assert enter(rp, half_way(rp), "000000").status_code == 429
        rp.browser = own
        traveller.shift(60)
        page = forms.submit(own, rp.authorize(prompt="login"), "login-submit", password=PASSWORD)
        assert enter(rp, page, telephone.code()).status_code == 303


def test_a_recovery_code_is_taken_once(rp: RelyingParty, telephone: Telephone) -> None:
    """A recovery code replaces the app, once; case and dashes do not matter."""
    code = telephone.recovery_codes[0].lower().replace("-", " ")
    assert enter(rp, half_way(rp), code).status_code == 303
    assert enter(rp, half_way(rp), code).status_code == 422


def test_the_proof_of_the_password_is_bound_to_its_browser(rp: RelyingParty, telephone: Telephone) -> None:
    """S12: what one browser has begun, another cannot finish."""
    page = half_way(rp)
    fields = dict(forms.find(page, "login-submit").fields)
    stranger = rp.app.test_client()
    token = dict(forms.find(stranger.get("/sign-in"), "login-submit").fields)["csrf_token"]
    answer = stranger.post("/sign-in/code", data=fields | {"csrf_token": token, "code": telephone.code()})
    assert answer.status_code == 400
    assert not stranger.get_cookie("authserver_session")


def test_the_proof_of_the_password_is_over_after_a_while(rp: RelyingParty, telephone: Telephone) -> None:
    """A password that was typed long ago proves nothing any more."""
    with time_machine.travel(clock.now(), tick=False) as traveller:
        page = half_way(rp)
        traveller.shift(11 * 60)
        assert enter(rp, page, telephone.code()).status_code == 400


@pytest.mark.parametrize("proof", ["", "x", "a.b", "\u00e9"])
def test_a_made_up_proof_is_none(rp: RelyingParty, telephone: Telephone, proof: str) -> None:
    """The form counts only with what the server sealed."""
    fields = dict(forms.find(half_way(rp), "login-submit").fields) | {
        "proof": proof,
        "code": telephone.code(),
    }
    assert rp.browser.post("/sign-in/code", data=fields).status_code == 400


def test_an_account_disabled_half_way_is_refused(
    rp: RelyingParty, telephone: Telephone, services: Services, alice: User
) -> None:
    """S3: disabling takes effect on the next request."""
    page = half_way(rp)
    with services.database.transaction() as db:
        users.disable(db, SYSTEM, users.get(db, alice.id))
    assert enter(rp, page, telephone.code()).status_code == 400


def test_nothing_is_answered_before_both_halves(rp: RelyingParty, telephone: Telephone) -> None:
    """The page for the code gives no session that another page would believe."""
    half_way(rp)
    assert rp.browser.get("/account").status_code == 303
    assert answered(rp.authorize(prompt="none"))["error"] == "login_required"
