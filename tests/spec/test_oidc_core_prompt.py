"""OpenID Connect Core, section 3.1.2.1: prompt, max_age and the hints."""

import pytest
import time_machine

from authserver import clock
from authserver.domain.users import users
from authserver.protocol import issued_jwts
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, claims, register, response_parameters


def is_sign_in(page) -> bool:
    return page.status_code == 200 and 'id="login-submit"' in page.text


def test_prompt_none_without_a_sign_in_is_login_required(rp: RelyingParty) -> None:
    """prompt=none MUST NOT display pages: login_required, with state."""
    response = response_parameters(rp.authorize(prompt="none"))
    assert (response["error"], response["state"]) == ("login_required", "af0ifjsldkj")


def test_prompt_none_without_consent_is_consent_required(rp: RelyingParty) -> None:
    """prompt=none MUST NOT display pages: consent_required."""
    page = rp.authorize()
    rp.sign_in(page)
    assert response_parameters(rp.authorize(prompt="none"))["error"] == "consent_required"


def test_prompt_none_succeeds_after_sign_in_and_consent(rp: RelyingParty) -> None:
    """prompt=none: a signed-in user who consented sees no page."""
    rp.authorized()
    assert "code" in response_parameters(rp.authorize(prompt="none"))


def test_prompt_none_with_another_value_is_rejected(rp: RelyingParty) -> None:
    """If prompt contains none together with any other value, an error is returned."""
    assert response_parameters(rp.authorize(prompt="none login"))["error"] == "invalid_request"


def test_prompt_login_requires_a_new_sign_in(rp: RelyingParty) -> None:
    """prompt=login: the server SHOULD prompt for reauthentication, which makes auth_time later."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        first = claims(rp.tokens()["id_token"])
        traveler.shift(100)
        page = rp.authorize(prompt="login")
        assert is_sign_in(page)
        code = response_parameters(rp.sign_in(page))["code"]
        second = claims(rp.redeem(code).get_json()["id_token"])
    assert second["auth_time"] == first["auth_time"] + 100


def test_prompt_consent_asks_again(rp: RelyingParty) -> None:
    """prompt=consent: the server SHOULD prompt for consent before returning."""
    rp.authorized()
    page = rp.authorize(prompt="consent")
    assert 'id="consent-allow"' in page.text
    assert "code" in response_parameters(rp.allow(page))


def test_prompt_login_consent_asks_for_both(rp: RelyingParty) -> None:
    """prompt can contain several values."""
    rp.authorized()
    page = rp.authorize(prompt="login consent")
    assert is_sign_in(page)
    page = rp.sign_in(page)
    assert 'id="consent-allow"' in page.text
    assert "code" in response_parameters(rp.allow(page))


def test_prompt_select_account_offers_another_account(rp: RelyingParty) -> None:
    """prompt=select_account: the user can choose another account."""
    rp.authorized()
    page = rp.authorize(prompt="select_account")
    assert is_sign_in(page)
    page = rp.sign_in(page, "bob")
    code = response_parameters(rp.allow(page))["code"]
    userinfo = rp.userinfo(rp.redeem(code).get_json()["access_token"]).get_json()
    assert userinfo["preferred_username"] == "bob"


def test_exceeded_max_age_requires_a_new_sign_in(rp: RelyingParty) -> None:
    """If the elapsed time is greater than max_age, the server MUST re-authenticate."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        rp.authorized()
        traveler.shift(20)
        assert "code" in response_parameters(rp.authorize(max_age="30"))
        assert is_sign_in(rp.authorize(max_age="10"))
        assert response_parameters(rp.authorize(max_age="10", prompt="none"))["error"] == "login_required"


def test_max_age_zero_always_requires_a_new_sign_in(rp: RelyingParty) -> None:
    """max_age=0 is the same as prompt=login."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        rp.authorized()
        traveler.shift(1)
        page = rp.authorize(max_age="0")
        assert is_sign_in(page)
        assert "code" in response_parameters(rp.sign_in(page))


@pytest.mark.parametrize("value", ["-1", "x", "1.5"])
def test_malformed_max_age_is_rejected(rp: RelyingParty, value: str) -> None:
    """S26: invalid input returns a clear error."""
    assert response_parameters(rp.authorize(max_age=value))["error"] == "invalid_request"


def test_login_hint_prefills_the_form(rp: RelyingParty) -> None:
    """login_hint: a hint to the login identifier, which the user can change."""
    assert 'value="bob"' in rp.authorize(login_hint="bob").text


@pytest.mark.parametrize("hint", ["bob@example.org", "BOB@example.org"])
def test_login_hint_with_an_address_signs_in(rp: RelyingParty, hint: str) -> None:
    """login_hint: an email address as the hint is prefilled, and the user signs in with it."""
    page = rp.authorize(login_hint=hint)
    assert f'value="{hint}"' in page.text
    tokens = rp.redeem(response_parameters(rp.allow(rp.sign_in(page, hint)))["code"]).get_json()
    assert rp.userinfo(tokens["access_token"]).get_json()["preferred_username"] == "bob"


def test_login_hint_with_a_long_address_is_complete(rp: RelyingParty) -> None:
    """login_hint: an address of the maximum length (RFC 5321, section 4.5.3.1.3) is not cut off."""
    hint = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example"
    assert len(hint) > 250
    assert f'value="{hint}"' in rp.authorize(login_hint=hint).text


def test_login_hint_with_the_address_of_another_account_asks_for_that_user(
    rp: RelyingParty, services: Services
) -> None:
    """login_hint: an address that the signed-in user shares with the account to which it belongs names that account."""
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        user.email, user.email_key = "bob@example.org", None
    rp.authorized("alice")
    page = rp.authorize(login_hint="bob@example.org", prompt="login")
    assert ('value="bob@example.org"' in page.text, "readonly" in page.text) == (True, False)


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"max_age": "0"}])
def test_login_hint_for_another_user_is_editable(rp: RelyingParty, wish: dict[str, str]) -> None:
    """login_hint: the user whom it names can sign in, even if another user is signed in and must sign in again."""
    rp.authorized("alice")
    page = rp.authorize(login_hint="bob", **wish)
    assert ('value="bob"' in page.text, "readonly" in page.text) == (True, False)
    tokens = rp.redeem(response_parameters(rp.allow(rp.sign_in(page, "bob")))["code"]).get_json()
    assert rp.userinfo(tokens["access_token"]).get_json()["preferred_username"] == "bob"


@pytest.mark.parametrize("hint", ["alice", "ALICE", "alice@example.org"])
def test_login_hint_for_the_current_user_asks_for_the_password_only(rp: RelyingParty, hint: str) -> None:
    """prompt=login: reauthentication of the signed-in user, by user name or email address."""
    rp.authorized("alice")
    page = rp.authorize(login_hint=hint, prompt="login")
    assert ('value="alice"' in page.text, "readonly" in page.text) == (True, True)


def test_id_token_hint_of_the_current_user_needs_no_page(rp: RelyingParty) -> None:
    """If the hint identifies the signed-in user, the response is positive, even if the hint has expired."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        token = rp.tokens()["id_token"]
        traveler.shift(1000)
        assert "code" in response_parameters(rp.authorize(prompt="none", id_token_hint=token))


def test_id_token_hint_of_another_user_is_login_required(rp: RelyingParty) -> None:
    """If another user is signed in, the server SHOULD return login_required."""
    token = rp.tokens()["id_token"]
    other = RelyingParty(rp.app, rp.key, rp.secret)
    other.authorized("bob")
    assert (
        response_parameters(other.authorize(prompt="none", id_token_hint=token))["error"] == "login_required"
    )


def test_forged_id_token_hint_is_rejected(rp: RelyingParty) -> None:
    """Only ID tokens of this server are valid hints."""
    token = rp.tokens()["id_token"]
    header, _, signature = token.split(".")
    forged = f"{header}.eyJzdWIiOiJ4In0.{signature}"
    for hint in (forged, "nonsense", token + "x", "a.b.c"):
        assert (
            response_parameters(rp.authorize(prompt="none", id_token_hint=hint))["error"] == "invalid_request"
        )


def test_id_token_of_another_issuer_is_rejected(rp: RelyingParty, services: Services) -> None:
    """The hint is an ID token previously issued by this server, so iss is checked and not only the signature."""
    content = claims(rp.tokens()["id_token"])
    for issuer, error in (("http://localhost", None), ("https://other.example", "invalid_request")):
        hint = issued_jwts.sign_jwt(services.key_ring, "RS256", "JWT", content | {"iss": issuer})
        assert response_parameters(rp.authorize(prompt="none", id_token_hint=hint)).get("error") == error


def test_unsupported_hints_are_ignored(rp: RelyingParty) -> None:
    """Unsupported values of display, ui_locales, claims_locales and acr_values must not cause an error."""
    page = rp.authorized(display="popup", ui_locales="se xx", claims_locales="se", acr_values="1 2")
    assert "code" in response_parameters(page)


@pytest.mark.parametrize(
    ("parameter", "error"),
    [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")],
)
def test_request_objects_are_rejected(rp: RelyingParty, parameter: str, error: str) -> None:
    """3.1.2.6: request_not_supported, request_uri_not_supported."""
    assert (
        response_parameters(rp.authorize(**{parameter: "https://rp.example/request.jwt"}))["error"] == error
    )


def test_signed_userinfo_is_not_a_hint(rp: RelyingParty, services: Services) -> None:
    """3.1.2.1: the hint is an ID token. S23: one type of token cannot be used as another."""
    party = RelyingParty(rp.app, *register(services, details={"userinfo_signed_response_alg": "RS256"}))
    token = party.userinfo(party.tokens()["access_token"]).text
    assert (
        response_parameters(party.authorize(prompt="none", id_token_hint=token))["error"] == "invalid_request"
    )
