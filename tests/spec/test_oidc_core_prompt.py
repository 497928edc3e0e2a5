"""OpenID Connect Core, section 3.1.2.1: prompt, max_age and the hints."""

import pytest
import time_machine

from authserver import clock
from authserver.protocol import issued_jwts
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, answered, claims, register


def is_sign_in(page) -> bool:
    return page.status_code == 200 and 'id="login-submit"' in page.text


def test_none_without_a_sign_in_is_login_required(rp: RelyingParty) -> None:
    """prompt=none MUST NOT display pages: login_required, with state."""
    answer = answered(rp.authorize(prompt="none"))
    assert (answer["error"], answer["state"]) == ("login_required", "af0ifjsldkj")


def test_none_without_consent_is_consent_required(rp: RelyingParty) -> None:
    """prompt=none MUST NOT display pages: consent_required."""
    page = rp.authorize()
    rp.sign_in(page)
    assert answered(rp.authorize(prompt="none"))["error"] == "consent_required"


def test_none_succeeds_silently(rp: RelyingParty) -> None:
    """Signed in and consented: the answer comes without a page."""
    rp.authorized()
    assert "code" in answered(rp.authorize(prompt="none"))


def test_none_together_with_another_is_refused(rp: RelyingParty) -> None:
    """If none is there with any other value, an error is returned."""
    assert answered(rp.authorize(prompt="none login"))["error"] == "invalid_request"


def test_login_asks_again(rp: RelyingParty) -> None:
    """prompt=login: the server SHOULD prompt for reauthentication; auth_time is later then."""
    with time_machine.travel(clock.now(), tick=False) as traveller:
        first = claims(rp.tokens()["id_token"])
        traveller.shift(100)
        page = rp.authorize(prompt="login")
        assert is_sign_in(page)
        code = answered(rp.sign_in(page))["code"]
        second = claims(rp.redeem(code).get_json()["id_token"])
    assert second["auth_time"] == first["auth_time"] + 100


def test_consent_asks_again(rp: RelyingParty) -> None:
    """prompt=consent: the server SHOULD prompt for consent before returning."""
    rp.authorized()
    page = rp.authorize(prompt="consent")
    assert 'id="consent-allow"' in page.text
    assert "code" in answered(rp.allow(page))


def test_login_and_consent_ask_for_both(rp: RelyingParty) -> None:
    """Several values are possible."""
    rp.authorized()
    page = rp.authorize(prompt="login consent")
    assert is_sign_in(page)
    page = rp.sign_in(page)
    assert 'id="consent-allow"' in page.text
    assert "code" in answered(rp.allow(page))


def test_select_account_lets_the_user_choose(rp: RelyingParty) -> None:
    """prompt=select_account: the user can choose another account."""
    rp.authorized()
    page = rp.authorize(prompt="select_account")
    assert is_sign_in(page)
    page = rp.sign_in(page, "bob")
    code = answered(rp.allow(page))["code"]
    userinfo = rp.userinfo(rp.redeem(code).get_json()["access_token"]).get_json()
    assert userinfo["preferred_username"] == "bob"


def test_max_age_asks_again_when_it_is_exceeded(rp: RelyingParty) -> None:
    """If the elapsed time is greater than max_age, the server MUST re-authenticate."""
    with time_machine.travel(clock.now(), tick=False) as traveller:
        rp.authorized()
        traveller.shift(20)
        assert "code" in answered(rp.authorize(max_age="30"))
        assert is_sign_in(rp.authorize(max_age="10"))
        assert answered(rp.authorize(max_age="10", prompt="none"))["error"] == "login_required"


def test_max_age_zero_always_asks(rp: RelyingParty) -> None:
    """max_age=0 is the same as prompt=login."""
    with time_machine.travel(clock.now(), tick=False) as traveller:
        rp.authorized()
        traveller.shift(1)
        page = rp.authorize(max_age="0")
        assert is_sign_in(page)
        assert "code" in answered(rp.sign_in(page))


@pytest.mark.parametrize("value", ["-1", "x", "1.5"])
def test_a_malformed_max_age_is_refused(rp: RelyingParty, value: str) -> None:
    """S26: bad input gets a clear error."""
    assert answered(rp.authorize(max_age=value))["error"] == "invalid_request"


def test_login_hint_fills_the_form_in(rp: RelyingParty) -> None:
    """login_hint: a hint to the login identifier, which stays editable."""
    assert 'value="bob"' in rp.authorize(login_hint="bob").text


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_login_hint_for_another_user_stays_editable(rp: RelyingParty, wish: dict[str, str]) -> None:
    """login_hint, also where the user in the browser has to sign in again: the one who is asked for can."""
    rp.authorized("alice")
    page = rp.authorize(login_hint="bob", **wish)
    assert ('value="bob"' in page.text, "readonly" in page.text) == (True, False)
    tokens = rp.redeem(answered(rp.allow(rp.sign_in(page, "bob")))["code"]).get_json()
    assert rp.userinfo(tokens["access_token"]).get_json()["preferred_username"] == "bob"


@pytest.mark.parametrize("hint", ["alice", "ALICE", "alice@example.org"])
def test_a_login_hint_for_the_user_asks_for_the_password_alone(rp: RelyingParty, hint: str) -> None:
    """prompt=login: reauthentication of whoever is signed in, by name or by e-mail address."""
    rp.authorized("alice")
    page = rp.authorize(login_hint=hint, prompt="login")
    assert ('value="alice"' in page.text, "readonly" in page.text) == (True, True)


def test_an_id_token_hint_of_the_user_is_silent(rp: RelyingParty) -> None:
    """If the user identified by the hint is signed in, the answer is positive; its expiry does not matter."""
    with time_machine.travel(clock.now(), tick=False) as traveller:
        token = rp.tokens()["id_token"]
        traveller.shift(1000)
        assert "code" in answered(rp.authorize(prompt="none", id_token_hint=token))


def test_an_id_token_hint_of_another_user_is_login_required(rp: RelyingParty) -> None:
    """If another user is signed in, the server SHOULD return login_required."""
    token = rp.tokens()["id_token"]
    other = RelyingParty(rp.app, rp.key, rp.secret)
    other.authorized("bob")
    assert answered(other.authorize(prompt="none", id_token_hint=token))["error"] == "login_required"


def test_a_forged_id_token_hint_is_refused(rp: RelyingParty) -> None:
    """Only ID tokens of this server are hints."""
    token = rp.tokens()["id_token"]
    header, _, signature = token.split(".")
    forged = f"{header}.eyJzdWIiOiJ4In0.{signature}"
    for hint in (forged, "nonsense", token + "x", "a.b.c"):
        assert answered(rp.authorize(prompt="none", id_token_hint=hint))["error"] == "invalid_request"


def test_an_id_token_of_another_issuer_is_no_hint(rp: RelyingParty, services: Services) -> None:
    """An ID token previously issued by this server, which its iss says, and not the key alone."""
    content = claims(rp.tokens()["id_token"])
    for issuer, error in (("http://localhost", None), ("https://other.example", "invalid_request")):
        hint = issued_jwts.sign_jwt(services.key_ring, "RS256", "JWT", content | {"iss": issuer})
        assert answered(rp.authorize(prompt="none", id_token_hint=hint)).get("error") == error


def test_unknown_hints_are_tolerated(rp: RelyingParty) -> None:
    """display, ui_locales, claims_locales and acr_values must not cause an error."""
    page = rp.authorized(display="popup", ui_locales="se xx", claims_locales="se", acr_values="1 2")
    assert "code" in answered(page)


@pytest.mark.parametrize(
    ("parameter", "error"),
    [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")],
)
def test_request_objects_are_declined(rp: RelyingParty, parameter: str, error: str) -> None:
    """3.1.2.6: request_not_supported, request_uri_not_supported."""
    assert answered(rp.authorize(**{parameter: "https://rp.example/request.jwt"}))["error"] == error


def test_signed_userinfo_is_no_hint(rp: RelyingParty, services: Services) -> None:
    """3.1.2.1: an ID token is passed as the hint; S23: one kind of token does not serve as another."""
    party = RelyingParty(rp.app, *register(services, details={"userinfo_signed_response_alg": "RS256"}))
    token = party.userinfo(party.tokens()["access_token"]).text
    assert answered(party.authorize(prompt="none", id_token_hint=token))["error"] == "invalid_request"
