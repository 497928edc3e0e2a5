"""OpenID Connect Core, sections 3.1.2.1 and 5.5.1.1: how strongly a client wants the person to have signed in."""

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
from tests.support.people import PASSWORD as PASSPHRASE
from tests.support.relying_party import RelyingParty, answered, claims, register
from tests.support.second_factors import Telephone, set_up

PASSWORD = "urn:authserver:acr:password"
MULTI_FACTOR = "urn:authserver:acr:multi-factor"
INSISTING = json.dumps({"id_token": {"acr": {"essential": True, "value": MULTI_FACTOR}}})
WISHING = json.dumps({"id_token": {"acr": {"values": [MULTI_FACTOR, PASSWORD]}}})


@pytest.fixture
def telephone(app: Flask, rp: RelyingParty) -> Telephone:
    """Alice's app."""
    return set_up(app)


def enter(rp: RelyingParty, page: TestResponse, code: str) -> TestResponse:
    assert 'id="code"' in page.text, page.text
    return rp.follow(forms.submit(rp.browser, page, "login-submit", code=code))


def id_token(rp: RelyingParty, answer: TestResponse) -> dict[str, object]:
    if 'id="consent-allow"' in answer.text:
        answer = rp.allow(answer)
    return claims(rp.redeem(answered(answer)["code"]).get_json()["id_token"])


@pytest.fixture
def signed_in_before(app: Flask, rp: RelyingParty) -> Telephone:
    """Alice has signed in with her password, and sets up her app afterwards."""
    rp.tokens()
    return set_up(app)


def test_discovery_names_the_classes(rp: RelyingParty) -> None:
    """Discovery, section 3: acr_values_supported."""
    document = rp.browser.get("/.well-known/openid-configuration").get_json()
    assert document["acr_values_supported"] == [PASSWORD, MULTI_FACTOR]


def test_a_second_factor_is_asked_for_at_every_sign_in(rp: RelyingParty, telephone: Telephone) -> None:
    """Core, section 2: acr and amr say how the person has signed in."""
    page = rp.sign_in(rp.authorize())
    content = id_token(rp, enter(rp, page, telephone.code()))
    assert (content["acr"], content["amr"]) == (MULTI_FACTOR, ["pwd", "otp", "mfa"])


def test_the_password_alone_does_not_sign_in(rp: RelyingParty, telephone: Telephone) -> None:
    """A sign-in that stopped half-way is none."""
    rp.sign_in(rp.authorize())
    assert answered(rp.authorize(prompt="none"))["error"] == "login_required"


def test_acr_values_raise_a_sign_in(rp: RelyingParty, signed_in_before: Telephone) -> None:
    """3.1.2.1: acr_values ask for the second factor alone; the time of the sign-in does not change."""
    before = id_token(rp, rp.authorize())
    content = id_token(rp, enter(rp, rp.authorize(acr_values=MULTI_FACTOR), signed_in_before.code()))
    assert (before["acr"], content["acr"]) == (PASSWORD, MULTI_FACTOR)
    assert content["auth_time"] == before["auth_time"]


def test_a_raised_sign_in_stays_raised(rp: RelyingParty, signed_in_before: Telephone) -> None:
    """3.1.2.1: what was proved once in a session is not asked for again."""
    enter(rp, rp.authorize(acr_values=MULTI_FACTOR), signed_in_before.code())
    assert id_token(rp, rp.authorize(acr_values=MULTI_FACTOR, prompt="none"))["acr"] == MULTI_FACTOR


def test_the_first_of_several_classes_is_preferred(rp: RelyingParty, signed_in_before: Telephone) -> None:
    """3.1.2.1: acr_values are in order of preference."""
    assert id_token(rp, rp.authorize(acr_values=f"{PASSWORD} {MULTI_FACTOR}"))["acr"] == PASSWORD
    assert 'id="code"' in rp.authorize(acr_values=f"{MULTI_FACTOR} {PASSWORD}").text


def test_a_wish_in_the_claims_parameter_raises_a_sign_in(
    rp: RelyingParty, signed_in_before: Telephone
) -> None:
    """5.5.1.1: the acr claim can be asked for by the claims parameter too."""
    assert (
        id_token(rp, enter(rp, rp.authorize(claims=WISHING), signed_in_before.code()))["acr"] == MULTI_FACTOR
    )


@pytest.mark.parametrize("wish", [{"acr_values": MULTI_FACTOR}, {"claims": WISHING}])
def test_a_wish_that_cannot_be_had_is_none(rp: RelyingParty, wish: dict[str, str]) -> None:
    """5.5.1.1: acr is voluntary here, so that the sign-in goes on and tells which class it is."""
    assert id_token(rp, rp.authorized(**wish))["acr"] == PASSWORD


def test_a_wish_does_not_break_a_silent_request(rp: RelyingParty, signed_in_before: Telephone) -> None:
    """3.1.2.1: nothing may be asked with prompt=none; the answer tells which class it is."""
    assert id_token(rp, rp.authorize(acr_values=MULTI_FACTOR, prompt="none"))["acr"] == PASSWORD


def test_unknown_classes_are_no_demand(rp: RelyingParty) -> None:
    """3.1.2.1: acr_values is voluntary."""
    assert id_token(rp, rp.authorized(acr_values="1 urn:of-somebody-else"))["acr"] == PASSWORD


def test_an_essential_class_raises_a_sign_in(rp: RelyingParty, signed_in_before: Telephone) -> None:
    """5.5.1.1: an essential acr must be met."""
    assert (
        id_token(rp, enter(rp, rp.authorize(claims=INSISTING), signed_in_before.code()))["acr"]
        == MULTI_FACTOR
    )


def test_an_essential_class_is_not_skipped_silently(rp: RelyingParty, signed_in_before: Telephone) -> None:
    """3.1.2.6: with prompt=none the client learns that the person has to act."""
    assert answered(rp.authorize(claims=INSISTING, prompt="none"))["error"] == "login_required"


def test_an_essential_class_can_be_reached_by_setting_up(rp: RelyingParty) -> None:
    """5.5.1.1: who has no second factor yet is offered to set one up."""
    page = rp.sign_in(rp.authorize(claims=INSISTING))
    assert 'id="second-factor-set-up"' in page.text
    assert "/account/authenticator?next=" in page.text


def test_an_essential_class_out_of_reach_fails_a_silent_request(rp: RelyingParty) -> None:
    """5.5.1.1: an essential acr that cannot be met is a failed authentication attempt."""
    rp.tokens()
    assert (
        answered(rp.authorize(claims=INSISTING, prompt="none"))["error"]
        == "unmet_authentication_requirements"
    )


def test_an_essential_class_can_be_declined(rp: RelyingParty, signed_in_before: Telephone) -> None:
    """3.1.2.6: who leaves the page for the code refuses access."""
    page = rp.authorize(claims=INSISTING)
    found = re.search(r'id="login-cancel" href="([^"]+)"', page.text)
    assert found is not None
    assert answered(rp.follow(rp.browser.get(found[1])))["error"] == "access_denied"


@pytest.mark.parametrize(
    "members",
    [{"value": 1}, {"values": []}, {"values": [1]}, {"values": "x"}, {"value": PASSWORD, "values": []}],
)
def test_an_essential_class_that_there_cannot_be_is_a_failure(
    rp: RelyingParty, members: dict[str, object]
) -> None:
    """5.5.1.1: an essential acr that cannot be met is a failed authentication attempt, whatever it is."""
    rp.tokens()
    wanted = json.dumps({"id_token": {"acr": {"essential": True} | members}})
    assert answered(rp.authorize(claims=wanted))["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize("values", [[], [1], ["urn:of-somebody-else"]])
def test_a_wish_for_no_class_leaves_the_word_to_acr_values(
    rp: RelyingParty, signed_in_before: Telephone, values: list[object]
) -> None:
    """5.5.1.1: what both parameters together mean is left open; a wish that says nothing must not hide the other."""
    wanted = json.dumps({"id_token": {"acr": {"values": values}}})
    assert 'id="code"' in rp.authorize(claims=wanted, acr_values=MULTI_FACTOR).text


@pytest.mark.parametrize("class_", [MULTI_FACTOR, "urn:of-somebody-else"])
def test_an_essential_class_stays_one_beside_a_hint(rp: RelyingParty, class_: str) -> None:
    """5.5.1.1: the demand is still there after the sign-in."""
    hint = rp.tokens()["id_token"]
    wanted = json.dumps({"id_token": {"acr": {"essential": True, "value": class_}}})
    rp.browser = rp.app.test_client()
    page = rp.sign_in(rp.authorize(claims=wanted, id_token_hint=hint))
    if class_ == MULTI_FACTOR:
        assert 'id="second-factor-set-up"' in page.text
    else:
        assert answered(page)["error"] == "unmet_authentication_requirements"


def test_two_factors_meet_the_password_class(rp: RelyingParty, telephone: Telephone) -> None:
    """5.5.1.1: the acr that is returned is one of those that were asked for."""
    wanted = json.dumps({"id_token": {"acr": {"essential": True, "values": [PASSWORD]}}})
    page = rp.sign_in(rp.authorize(claims=wanted))
    assert id_token(rp, enter(rp, page, telephone.code()))["acr"] == PASSWORD


def test_an_essential_class_without_a_name_is_no_demand(rp: RelyingParty) -> None:
    """5.5.1: essential without a value asks for the claim only."""
    wanted = json.dumps({"id_token": {"acr": {"essential": True}}})
    assert id_token(rp, rp.authorized(claims=wanted))["acr"] == PASSWORD


def test_the_code_is_wanted_again_with_prompt_login(rp: RelyingParty, telephone: Telephone) -> None:
    """3.1.2.1: prompt=login asks for both factors again, and auth_time is later."""
    with time_machine.travel(clock.now(), tick=False) as traveller:
        first = id_token(rp, enter(rp, rp.sign_in(rp.authorize()), telephone.code()))
        traveller.shift(60)
        page = forms.submit(rp.browser, rp.authorize(prompt="login"), "login-submit", password=PASSPHRASE)
        second = id_token(rp, enter(rp, page, telephone.code()))
    assert (second["acr"], second["auth_time"]) == (MULTI_FACTOR, int(str(first["auth_time"])) + 60)


def test_removing_the_app_makes_the_password_enough(
    rp: RelyingParty, telephone: Telephone, services: Services
) -> None:
    """The password class is what is reached then."""
    with services.database.transaction() as db:
        alice = users.find(db, "alice")
        assert alice is not None
        second_factors.remove(db, SYSTEM, alice)
    assert id_token(rp, rp.authorized())["acr"] == PASSWORD


def test_a_registered_default_counts(
    rp: RelyingParty, signed_in_before: Telephone, services: Services
) -> None:
    """OpenID Connect Registration, section 2: default_acr_values count where the request names none."""
    details = {"default_acr_values": [MULTI_FACTOR]}
    party = RelyingParty(rp.app, *register(services, details=details))
    party.browser = rp.browser
    assert id_token(party, enter(party, party.authorize(), signed_in_before.code()))["acr"] == MULTI_FACTOR
