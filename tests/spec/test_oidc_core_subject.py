"""OpenID Connect Core, sections 3.1.2.2 and 5.5.1: requests for a certain user, by id_token_hint or the sub claim."""

import json
from typing import Any

import pytest

from tests.support.relying_party import RelyingParty, claims, response_parameters
from tests.support.table import table

CANNOT_MATCH: list[dict[str, Any]] = [
    {"value": 1},
    {"value": ["$alice"]},
    {"value": ""},
    {"values": []},
    {"values": [1, None]},
    {"values": "not-alice"},
    {"value": "$alice", "values": []},
    {"value": "not-alice", "values": ["$alice"]},
    {"value": "not-alice", "values": None},
]
MALFORMED_CLAIMS = [
    r'{"id_token":{"\ud800":null}}',
    r'{"userinfo":{"\ud800":null}}',
    r'{"id_token":{"sub":{"\ud800":1}}}',
    r'{"id_token":{"acr":{"value":"\ud800"}}}',
    r'{"id_token":{"acr":{"values":["\ud800"]}}}',
    r'{"id_token":{"name":{"value":"\ud800"}}}',
]


def sub_request(rp: RelyingParty, **members: Any) -> tuple[str, str]:
    """Return alice's ID token and a claims parameter with her identifier in place of $alice."""
    hint = rp.tokens()["id_token"]
    document = json.dumps({"id_token": {"sub": members}})
    return hint, document.replace("$alice", claims(hint)["sub"])


@table("members", CANNOT_MATCH)
def test_unknown_sub_is_a_requirement_too(rp: RelyingParty, members: dict[str, Any]) -> None:
    """5.5.1: the server MUST NOT respond for a different user, for any requested value."""
    _, requested = sub_request(rp, **members)
    assert response_parameters(rp.authorize(claims=requested, prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("members", [{}, {"value": None}, {"essential": True}, {"values": "$alice"}])
def test_sub_of_the_user_is_accepted(rp: RelyingParty, members: dict[str, Any]) -> None:
    """5.5.1: without a value, any user is accepted."""
    _, requested = sub_request(rp, **members)
    assert "code" in response_parameters(rp.authorize(claims=requested, prompt="none"))


def test_hint_does_not_override_the_sub_claim(rp: RelyingParty) -> None:
    """3.1.2.2, 5.5.1: if both name a user, it must be the same one. Otherwise the request fails."""
    hint, requested = sub_request(rp, value="not-alice")
    response = response_parameters(rp.authorize(claims=requested, id_token_hint=hint, prompt="none"))
    assert response["error"] == "login_required"


def test_sub_claim_does_not_override_the_hint(rp: RelyingParty) -> None:
    """3.1.2.2: the hint applies even if the claims parameter allows other users as well."""
    hint, requested = sub_request(rp, values=["not-alice", "$alice"])
    assert "code" in response_parameters(rp.authorize(claims=requested, id_token_hint=hint, prompt="none"))
    rp.browser = rp.app.test_client()
    rp.authorized("bob")
    response = response_parameters(rp.authorize(claims=requested, id_token_hint=hint, prompt="none"))
    assert response["error"] == "login_required"


def test_both_apply_after_the_sign_in(rp: RelyingParty) -> None:
    """5.5.1: a requirement that no user satisfies still applies after a sign-in."""
    hint, requested = sub_request(rp, value="not-alice")
    rp.browser = rp.app.test_client()
    response = response_parameters(rp.sign_in(rp.authorize(claims=requested, id_token_hint=hint)))
    assert response["error"] == "login_required"


@pytest.mark.both_databases
@table("document", MALFORMED_CLAIMS)
def test_odd_characters_in_claims_are_ignored(rp: RelyingParty, document: str) -> None:
    """5.5: members that are not understood MUST be ignored, even while the user signs in."""
    hint = rp.tokens()["id_token"]
    rp.browser = rp.app.test_client()
    assert "code" in response_parameters(rp.authorized(claims=document, id_token_hint=hint))


def test_long_claims_survive_the_sign_in(rp: RelyingParty) -> None:
    """5.5: claims that were accepted before the sign-in are accepted after it, even with a hint."""
    hint = rp.tokens()["id_token"]
    classes = ["ä" * 5000, *(f"urn:{number}" for number in range(100))]
    requested: dict[str, Any] = {"userinfo": {"email": None}, "id_token": {"acr": {"values": classes}}}
    document = json.dumps(requested, ensure_ascii=False)
    document = document[:-1] + f', "x": "{"y" * (7990 - len(document))}"}}'
    rp.browser = rp.app.test_client()
    assert "code" in response_parameters(rp.authorized(scope="openid", claims=document, id_token_hint=hint))


def test_other_claims_survive_the_sign_in(rp: RelyingParty) -> None:
    """5.5: the response contains the requested claims, even after a sign-in."""
    hint = rp.tokens()["id_token"]
    requested = json.dumps({"userinfo": {"email": {"essential": True}}, "id_token": {"name": None}})
    rp.browser = rp.app.test_client()
    tokens = rp.tokens(scope="openid", claims=requested, id_token_hint=hint)
    assert claims(tokens["id_token"])["name"] == "Alice Adams"
    assert rp.userinfo(tokens["access_token"]).get_json().keys() == {"sub", "email"}
