"""OpenID Connect Core, sections 3.1.2.1 and 5.5.1.1: the authentication context class that a client requests."""

import json
import re

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain.users import second_factors, users
from authserver.protocol.services import Services
from tests.support import forms
from tests.support.relying_party import RelyingParty, claims, register, response_parameters
from tests.support.sample_users import PASSWORD as PASSPHRASE
from tests.support.second_factors import TotpApp, set_up

PASSWORD = "urn:authserver:acr:password"
MULTI_FACTOR = "urn:authserver:acr:multi-factor"
ESSENTIAL = json.dumps({"id_token": {"acr": {"essential": True, "value": MULTI_FACTOR}}})
VOLUNTARY = json.dumps({"id_token": {"acr": {"values": [MULTI_FACTOR, PASSWORD]}}})


@pytest.fixture
def totp_app(app: Flask, rp: RelyingParty) -> TotpApp:
    """Alice's authenticator app."""
    return set_up(app)


def enter(rp: RelyingParty, page: TestResponse, code: str) -> TestResponse:
    assert 'id="code"' in page.text, page.text
    return rp.follow(forms.submit(rp.browser, page, "login-submit", code=code))


def id_token(rp: RelyingParty, response: TestResponse) -> dict[str, object]:
    if 'id="consent-allow"' in response.text:
        response = rp.allow(response)
    return claims(rp.redeem(response_parameters(response)["code"]).get_json()["id_token"])


@pytest.fixture
def signed_in_before(app: Flask, rp: RelyingParty) -> TotpApp:
    """Alice signed in with her password, and set up her app afterwards."""
    rp.tokens()
    return set_up(app)


def test_discovery_lists_the_acr_values(rp: RelyingParty) -> None:
    """Discovery, section 3: acr_values_supported."""
    document = rp.browser.get("/.well-known/openid-configuration").get_json()
    assert document["acr_values_supported"] == [PASSWORD, MULTI_FACTOR]


def test_second_factor_is_required_at_every_sign_in(rp: RelyingParty, totp_app: TotpApp) -> None:
    """Core, section 2: acr and amr describe how the user signed in."""
    page = rp.sign_in(rp.authorize())
    content = id_token(rp, enter(rp, page, totp_app.code()))
    assert (content["acr"], content["amr"]) == (MULTI_FACTOR, ["pwd", "otp", "mfa"])


def test_password_alone_does_not_sign_in(rp: RelyingParty, totp_app: TotpApp) -> None:
    """An incomplete sign-in does not count."""
    rp.sign_in(rp.authorize())
    assert response_parameters(rp.authorize(prompt="none"))["error"] == "login_required"


def test_acr_values_request_the_second_factor(app: Flask, rp: RelyingParty) -> None:
    """3.1.2.1: acr_values request only the second factor. auth_time does not change."""
    before = claims(rp.tokens()["id_token"])
    signed_in_before = set_up(app)
    content = id_token(rp, enter(rp, rp.authorize(acr_values=MULTI_FACTOR), signed_in_before.code()))
    assert (before["acr"], content["acr"]) == (PASSWORD, MULTI_FACTOR)
    assert content["auth_time"] == before["auth_time"]


def test_completed_second_factor_is_not_requested_again(rp: RelyingParty, signed_in_before: TotpApp) -> None:
    """3.1.2.1: the second factor counts for the rest of the session."""
    enter(rp, rp.authorize(acr_values=MULTI_FACTOR), signed_in_before.code())
    assert id_token(rp, rp.authorize(acr_values=MULTI_FACTOR, prompt="none"))["acr"] == MULTI_FACTOR


def test_first_acr_value_is_preferred(rp: RelyingParty) -> None:
    """3.1.2.1: acr_values are in order of preference. A voluntary class is not required."""
    for first, second in ((PASSWORD, MULTI_FACTOR), (MULTI_FACTOR, PASSWORD)):
        assert id_token(rp, rp.authorized(acr_values=f"{first} {second}"))["acr"] == PASSWORD


def test_voluntary_acr_claim_requests_the_second_factor(rp: RelyingParty, signed_in_before: TotpApp) -> None:
    """5.5.1.1: the claims parameter can request the acr claim too."""
    assert (
        id_token(rp, enter(rp, rp.authorize(claims=VOLUNTARY), signed_in_before.code()))["acr"]
        == MULTI_FACTOR
    )


@pytest.mark.parametrize("voluntary", [{"acr_values": MULTI_FACTOR}, {"claims": VOLUNTARY}])
def test_voluntary_acr_out_of_reach_is_ignored(rp: RelyingParty, voluntary: dict[str, str]) -> None:
    """5.5.1.1: acr is voluntary here, so the sign-in succeeds and the response states its class."""
    assert id_token(rp, rp.authorized(**voluntary))["acr"] == PASSWORD


def test_voluntary_acr_does_not_fail_prompt_none(rp: RelyingParty) -> None:
    """3.1.2.1: prompt=none must not show a page. The response states the class."""
    rp.tokens()
    assert id_token(rp, rp.authorize(acr_values=MULTI_FACTOR, prompt="none"))["acr"] == PASSWORD


def test_unknown_acr_values_are_ignored(rp: RelyingParty) -> None:
    """3.1.2.1: acr_values is voluntary."""
    assert id_token(rp, rp.authorized(acr_values="1 urn:of-somebody-else"))["acr"] == PASSWORD


def test_essential_acr_requests_the_second_factor(rp: RelyingParty, signed_in_before: TotpApp) -> None:
    """5.5.1.1: an essential acr must be reached."""
    assert (
        id_token(rp, enter(rp, rp.authorize(claims=ESSENTIAL), signed_in_before.code()))["acr"]
        == MULTI_FACTOR
    )


def test_essential_acr_fails_prompt_none(rp: RelyingParty, signed_in_before: TotpApp) -> None:
    """3.1.2.6: with prompt=none, the client learns that the user has to act."""
    assert response_parameters(rp.authorize(claims=ESSENTIAL, prompt="none"))["error"] == "login_required"


def test_essential_acr_offers_to_set_up_an_app(rp: RelyingParty) -> None:
    """5.5.1.1: users without a second factor can set one up."""
    page = rp.sign_in(rp.authorize(claims=ESSENTIAL))
    assert 'id="second-factor-set-up"' in page.text
    assert "/account/authenticator?next=" in page.text


def test_essential_acr_out_of_reach_fails_prompt_none(rp: RelyingParty) -> None:
    """5.5.1.1: an essential acr that cannot be reached is a failed authentication attempt."""
    rp.tokens()
    assert (
        response_parameters(rp.authorize(claims=ESSENTIAL, prompt="none"))["error"]
        == "unmet_authentication_requirements"
    )


def test_user_can_decline_the_second_factor(rp: RelyingParty, signed_in_before: TotpApp) -> None:
    """3.1.2.6: leaving the page for the code denies access."""
    page = rp.authorize(claims=ESSENTIAL)
    found = re.search(r'id="login-cancel" href="([^"]+)"', page.text)
    assert found is not None
    assert response_parameters(rp.follow(rp.browser.get(found[1])))["error"] == "access_denied"


@pytest.mark.parametrize(
    "members",
    [{"value": 1}, {"values": []}, {"values": [1]}, {"values": "x"}, {"value": PASSWORD, "values": []}],
)
def test_essential_acr_with_unsupported_values_fails(rp: RelyingParty, members: dict[str, object]) -> None:
    """5.5.1.1: an essential acr that cannot be reached is a failed authentication attempt, for every value."""
    rp.tokens()
    requested = json.dumps({"id_token": {"acr": {"essential": True} | members}})
    assert response_parameters(rp.authorize(claims=requested))["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize("values", [[], [1], ["urn:of-somebody-else"]])
def test_acr_claim_without_values_does_not_override_acr_values(
    rp: RelyingParty, signed_in_before: TotpApp, values: list[object]
) -> None:
    """5.5.1.1 does not define the combination. A claim request without values must not hide acr_values."""
    requested = json.dumps({"id_token": {"acr": {"values": values}}})
    assert 'id="code"' in rp.authorize(claims=requested, acr_values=MULTI_FACTOR).text


@pytest.mark.parametrize("class_", [MULTI_FACTOR, "urn:of-somebody-else"])
def test_essential_acr_and_id_token_hint_both_apply(rp: RelyingParty, class_: str) -> None:
    """5.5.1.1: the requirement still applies after the sign-in."""
    hint = rp.tokens()["id_token"]
    requested = json.dumps({"id_token": {"acr": {"essential": True, "value": class_}}})
    rp.browser = rp.app.test_client()
    page = rp.sign_in(rp.authorize(claims=requested, id_token_hint=hint))
    if class_ == MULTI_FACTOR:
        assert 'id="second-factor-set-up"' in page.text
    else:
        assert response_parameters(page)["error"] == "unmet_authentication_requirements"


def test_two_factors_satisfy_the_password_class(rp: RelyingParty, totp_app: TotpApp) -> None:
    """5.5.1.1: the returned acr is one of the requested values."""
    requested = json.dumps({"id_token": {"acr": {"essential": True, "values": [PASSWORD]}}})
    page = rp.sign_in(rp.authorize(claims=requested))
    assert id_token(rp, enter(rp, page, totp_app.code()))["acr"] == PASSWORD


def test_essential_acr_without_a_value_requires_nothing(rp: RelyingParty) -> None:
    """5.5.1: essential without a value requests only the claim."""
    requested = json.dumps({"id_token": {"acr": {"essential": True}}})
    assert id_token(rp, rp.authorized(claims=requested))["acr"] == PASSWORD


def test_prompt_login_requests_both_factors(rp: RelyingParty, totp_app: TotpApp) -> None:
    """3.1.2.1: prompt=login requests both factors again, and auth_time is later."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        first = id_token(rp, enter(rp, rp.sign_in(rp.authorize()), totp_app.code()))
        traveler.shift(60)
        page = forms.submit(rp.browser, rp.authorize(prompt="login"), "login-submit", password=PASSPHRASE)
        second = id_token(rp, enter(rp, page, totp_app.code()))
    assert (second["acr"], second["auth_time"]) == (MULTI_FACTOR, int(str(first["auth_time"])) + 60)


def test_password_is_enough_after_removing_the_app(
    rp: RelyingParty, totp_app: TotpApp, services: Services
) -> None:
    """The sign-in then reaches the password class."""
    with services.database.transaction() as db:
        alice = users.find(db, "alice")
        assert alice is not None
        second_factors.remove(db, SYSTEM, alice)
    assert id_token(rp, rp.authorized())["acr"] == PASSWORD


def test_default_acr_values_apply(rp: RelyingParty, signed_in_before: TotpApp, services: Services) -> None:
    """OpenID Connect Registration, section 2: default_acr_values apply if the request names none."""
    details = {"default_acr_values": [MULTI_FACTOR]}
    party = RelyingParty(rp.app, *register(services, details=details))
    party.browser = rp.browser
    assert id_token(party, enter(party, party.authorize(), signed_in_before.code()))["acr"] == MULTI_FACTOR
