"""OpenID Connect Core, section 5: claims by scope and by name, and the userinfo endpoint."""

import json

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, claims, register, response_parameters
from tests.support.table import table


def test_userinfo_returns_the_claims_of_the_scopes(rp: RelyingParty) -> None:
    """5.3.2, 5.4: sub is REQUIRED. The claims of the granted scopes are present with the right types."""
    tokens = rp.tokens()
    response = rp.userinfo(tokens["access_token"])
    document = response.get_json()
    assert response.content_type == "application/json"
    assert document["sub"] == claims(tokens["id_token"])["sub"]
    assert (document["name"], document["preferred_username"]) == ("Alice Adams", "alice")
    assert (document["email"], document["email_verified"]) == ("alice@example.org", False)
    assert isinstance(document["updated_at"], int)


def test_userinfo_returns_no_other_claims(rp: RelyingParty) -> None:
    """5.4: no claims outside the granted scopes."""
    assert rp.userinfo(rp.tokens(scope="openid")["access_token"]).get_json().keys() == {"sub"}


def test_empty_claims_are_omitted(rp: RelyingParty) -> None:
    """5.3.2: a claim that is not returned is omitted, never null or an empty string."""
    document = rp.userinfo(rp.tokens(scope="openid profile phone address")["access_token"]).get_json()
    assert not {"phone_number", "address", "birthdate"} & document.keys()


def test_claims_can_be_requested_by_name(rp: RelyingParty) -> None:
    """5.5: single claims for userinfo and for the ID token."""
    requested = {"userinfo": {"email": {"essential": True}}, "id_token": {"name": None}}
    tokens = rp.tokens(scope="openid", claims=json.dumps(requested))
    assert rp.userinfo(tokens["access_token"]).get_json()["email"] == "alice@example.org"
    assert claims(tokens["id_token"])["name"] == "Alice Adams"


def test_claims_by_name_need_consent(rp: RelyingParty) -> None:
    """5.5: a requested claim needs consent, even if no granted scope contains it."""
    rp.authorized(scope="openid")
    requested = json.dumps({"userinfo": {"email": None}})
    assert (
        response_parameters(rp.authorize(scope="openid", claims=requested, prompt="none"))["error"]
        == "consent_required"
    )


def test_claims_beyond_the_registration_are_omitted(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """5.5.1: the server MUST NOT generate an error when claims are not returned, essential or voluntary."""
    requested = json.dumps({"userinfo": {"email": {"essential": True}}, "id_token": {"name": None}})
    party = RelyingParty(app, *register(services, scopes=("openid",)))
    tokens = party.tokens(scope="openid", claims=requested)
    assert "name" not in claims(tokens["id_token"])
    assert party.userinfo(tokens["access_token"]).get_json().keys() == {"sub"}


@table("value", ["x", "[]", "1", '{"userinfo": []}', '{"id_token": {"name": 1}}', "[" * 5000])
def test_malformed_claims_are_rejected(rp: RelyingParty, value: str) -> None:
    """5.5: the parameter is a JSON object."""
    assert response_parameters(rp.authorize(claims=value))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "value",
    [
        {"userinfo": {"shoe_size": None, "email": None}},
        {"userinfo": {"email": {"essential": True, "unheard_of": [1]}}},
        {"unheard_of": {"x": 1}, "userinfo": {"email": None}},
        {"userinfo": {"email#de": None, "email": None}},
    ],
)
def test_unknown_members_are_ignored(rp: RelyingParty, value: dict) -> None:
    """5.5: any members used that are not understood MUST be ignored."""
    tokens = rp.tokens(scope="openid", claims=json.dumps(value))
    assert rp.userinfo(tokens["access_token"]).get_json().keys() == {"sub", "email"}


def test_unknown_essential_claim_is_not_an_error(rp: RelyingParty) -> None:
    """5.5.1: the server MUST NOT return an error when a claim is not available, essential or not."""
    requested = {place: {"phone_number": {"essential": True}} for place in ("userinfo", "id_token")}
    tokens = rp.tokens(scope="openid", claims=json.dumps(requested))
    assert "phone_number" not in claims(tokens["id_token"])
    assert rp.userinfo(tokens["access_token"]).get_json().keys() == {"sub"}


@pytest.mark.parametrize(
    ("member", "acceptable"), [("value", "{}"), ("values", ["{}"]), ("values", ["somebody-else", "{}"])]
)
def test_sub_of_the_signed_in_user_needs_no_page(
    rp: RelyingParty, member: str, acceptable: str | list[str]
) -> None:
    """5.5.1: with a value or values for sub, the server MUST only send a positive response for such a user."""
    subject = claims(rp.tokens()["id_token"])["sub"]

    def request_sub(sub: str) -> dict[str, str]:
        requested = json.loads(json.dumps(acceptable).replace("{}", sub))
        document = json.dumps({"id_token": {"sub": {member: requested}}})
        return response_parameters(rp.authorize(claims=document, prompt="none"))

    assert "code" in request_sub(subject)
    assert request_sub("another-one")["error"] == "login_required"


def test_essential_acr_out_of_reach_fails(rp: RelyingParty) -> None:
    """5.5.1.1: an essential acr that is not reached is a failed authentication attempt."""
    rp.authorized()
    requested = json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:of-somebody-else"]}}})
    response = response_parameters(rp.authorize(claims=requested))
    assert response["error"] == "unmet_authentication_requirements"
