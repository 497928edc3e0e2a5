"""OpenID Connect Core, section 5: claims by scope and by name, and the userinfo endpoint."""

import json

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, answered, claims, register
from tests.support.table import table


def test_userinfo_gives_the_claims_of_the_scopes(rp: RelyingParty) -> None:
    """5.3.2, 5.4: sub is REQUIRED; the claims of the granted scopes are there, well typed."""
    tokens = rp.tokens()
    answer = rp.userinfo(tokens["access_token"])
    document = answer.get_json()
    assert answer.content_type == "application/json"
    assert document["sub"] == claims(tokens["id_token"])["sub"]
    assert (document["name"], document["preferred_username"]) == ("Alice Adams", "alice")
    assert (document["email"], document["email_verified"]) == ("alice@example.org", False)
    assert isinstance(document["updated_at"], int)


def test_userinfo_gives_no_more_than_the_scopes(rp: RelyingParty) -> None:
    """5.4: no claims that nobody asked for."""
    assert rp.userinfo(rp.tokens(scope="openid")["access_token"]).get_json().keys() == {"sub"}


def test_unknown_claims_are_left_out(rp: RelyingParty) -> None:
    """5.3.2: a claim that is not returned is omitted, never null or an empty string."""
    document = rp.userinfo(rp.tokens(scope="openid profile phone address")["access_token"]).get_json()
    assert not {"phone_number", "address", "birthdate"} & document.keys()


def test_claims_can_be_asked_for_by_name(rp: RelyingParty) -> None:
    """5.5: single claims for userinfo and for the ID token."""
    wanted = {"userinfo": {"email": {"essential": True}}, "id_token": {"name": None}}
    tokens = rp.tokens(scope="openid", claims=json.dumps(wanted))
    assert rp.userinfo(tokens["access_token"]).get_json()["email"] == "alice@example.org"
    assert claims(tokens["id_token"])["name"] == "Alice Adams"


def test_claims_by_name_are_consented_to(rp: RelyingParty) -> None:
    """5.5: the user is asked for what the client gets, even if no scope names it."""
    rp.authorized(scope="openid")
    wanted = json.dumps({"userinfo": {"email": None}})
    assert answered(rp.authorize(scope="openid", claims=wanted, prompt="none"))["error"] == "consent_required"


def test_claims_beyond_the_registration_are_left_out(
    app: Flask, services: Services, people: dict[str, User]
) -> None:
    """5.5.1: the server MUST NOT generate an error when claims are not returned, essential or voluntary."""
    wanted = json.dumps({"userinfo": {"email": {"essential": True}}, "id_token": {"name": None}})
    party = RelyingParty(app, *register(services, scopes=("openid",)))
    tokens = party.tokens(scope="openid", claims=wanted)
    assert "name" not in claims(tokens["id_token"])
    assert party.userinfo(tokens["access_token"]).get_json().keys() == {"sub"}


@table("value", ["x", "[]", "1", '{"userinfo": []}', '{"id_token": {"name": 1}}', "[" * 5000])
def test_malformed_claims_are_refused(rp: RelyingParty, value: str) -> None:
    """5.5: the parameter is a JSON object."""
    assert answered(rp.authorize(claims=value))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "value",
    [
        {"userinfo": {"shoe_size": None, "email": None}},
        {"userinfo": {"email": {"essential": True, "unheard_of": [1]}}},
        {"unheard_of": {"x": 1}, "userinfo": {"email": None}},
        {"userinfo": {"email#de": None, "email": None}},
    ],
)
def test_what_is_not_understood_is_ignored(rp: RelyingParty, value: dict) -> None:
    """5.5: any members used that are not understood MUST be ignored."""
    tokens = rp.tokens(scope="openid", claims=json.dumps(value))
    assert rp.userinfo(tokens["access_token"]).get_json().keys() == {"sub", "email"}


def test_an_essential_claim_that_is_not_known_is_no_error(rp: RelyingParty) -> None:
    """5.5.1: the server MUST NOT return an error when a claim is not available, essential or not."""
    wanted = {place: {"phone_number": {"essential": True}} for place in ("userinfo", "id_token")}
    tokens = rp.tokens(scope="openid", claims=json.dumps(wanted))
    assert "phone_number" not in claims(tokens["id_token"])
    assert rp.userinfo(tokens["access_token"]).get_json().keys() == {"sub"}


@pytest.mark.parametrize(
    ("member", "acceptable"), [("value", "{}"), ("values", ["{}"]), ("values", ["somebody-else", "{}"])]
)
def test_a_sub_that_is_signed_in_is_silent(
    rp: RelyingParty, member: str, acceptable: str | list[str]
) -> None:
    """5.5.1: with a value, or a choice of values, for sub the server MUST only answer positively for such a user."""
    subject = claims(rp.tokens()["id_token"])["sub"]

    def asked_for(sub: str) -> dict[str, str]:
        wanted = json.loads(json.dumps(acceptable).replace("{}", sub))
        document = json.dumps({"id_token": {"sub": {member: wanted}}})
        return answered(rp.authorize(claims=document, prompt="none"))

    assert "code" in asked_for(subject)
    assert asked_for("another-one")["error"] == "login_required"


def test_an_essential_acr_that_cannot_be_reached_is_a_failure(rp: RelyingParty) -> None:
    """5.5.1.1: an essential acr that is not met is a failed authentication attempt."""
    rp.authorized()
    wanted = json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:of-somebody-else"]}}})
    answer = answered(rp.authorize(claims=wanted))
    assert answer["error"] == "unmet_authentication_requirements"
