"""OpenID Connect Core, sections 3.1.2.2 and 5.5.1: the user on whom a client insists, by id_token_hint or by claims."""

import json
from typing import Any

import pytest

from tests.support.relying_party import RelyingParty, answered, claims
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
ODD_CLAIMS = [
    r'{"id_token":{"\ud800":null}}',
    r'{"userinfo":{"\ud800":null}}',
    r'{"id_token":{"sub":{"\ud800":1}}}',
    r'{"id_token":{"acr":{"value":"\ud800"}}}',
    r'{"id_token":{"acr":{"values":["\ud800"]}}}',
    r'{"id_token":{"name":{"value":"\ud800"}}}',
]


def insisting(rp: RelyingParty, **members: Any) -> tuple[str, str]:
    """Return alice's ID token and a claims parameter about sub, with her identifier for $alice."""
    hint = rp.tokens()["id_token"]
    document = json.dumps({"id_token": {"sub": members}})
    return hint, document.replace("$alice", claims(hint)["sub"])


@table("members", CANNOT_MATCH)
def test_a_sub_that_nobody_has_is_a_demand_too(rp: RelyingParty, members: dict[str, Any]) -> None:
    """5.5.1: the server MUST NOT reply for a different user, whatever stands for the one."""
    _, wanted = insisting(rp, **members)
    assert answered(rp.authorize(claims=wanted, prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("members", [{}, {"value": None}, {"essential": True}, {"values": "$alice"}])
def test_a_sub_that_alice_has_is_answered(rp: RelyingParty, members: dict[str, Any]) -> None:
    """5.5.1: without a value any user will do."""
    _, wanted = insisting(rp, **members)
    assert "code" in answered(rp.authorize(claims=wanted, prompt="none"))


def test_a_hint_does_not_switch_a_demand_off(rp: RelyingParty) -> None:
    """3.1.2.2, 5.5.1: who is asked for by both must be meant by both; else nobody is."""
    hint, wanted = insisting(rp, value="not-alice")
    answer = answered(rp.authorize(claims=wanted, id_token_hint=hint, prompt="none"))
    assert answer["error"] == "login_required"


def test_a_demand_does_not_switch_a_hint_off(rp: RelyingParty) -> None:
    """3.1.2.2: where the claims parameter allows others as well, the hint still counts."""
    hint, wanted = insisting(rp, values=["not-alice", "$alice"])
    assert "code" in answered(rp.authorize(claims=wanted, id_token_hint=hint, prompt="none"))
    rp.browser = rp.app.test_client()
    rp.authorized("bob")
    answer = answered(rp.authorize(claims=wanted, id_token_hint=hint, prompt="none"))
    assert answer["error"] == "login_required"


def test_both_count_after_the_sign_in(rp: RelyingParty) -> None:
    """5.5.1: a demand that nobody meets stays one while somebody signs in."""
    hint, wanted = insisting(rp, value="not-alice")
    rp.browser = rp.app.test_client()
    answer = answered(rp.sign_in(rp.authorize(claims=wanted, id_token_hint=hint)))
    assert answer["error"] == "login_required"


@pytest.mark.both_databases
@table("document", ODD_CLAIMS)
def test_odd_letters_in_claims_are_no_failure(rp: RelyingParty, document: str) -> None:
    """5.5: members that are not understood MUST be ignored, also while somebody signs in."""
    hint = rp.tokens()["id_token"]
    rp.browser = rp.app.test_client()
    assert "code" in answered(rp.authorized(claims=document, id_token_hint=hint))


def test_long_claims_survive_the_sign_in(rp: RelyingParty) -> None:
    """5.5: what was accepted when it arrived is accepted after the sign-in, with a hint too."""
    hint = rp.tokens()["id_token"]
    classes = ["ä" * 5000, *(f"urn:{number}" for number in range(100))]
    wanted: dict[str, Any] = {"userinfo": {"email": None}, "id_token": {"acr": {"values": classes}}}
    document = json.dumps(wanted, ensure_ascii=False)
    document = document[:-1] + f', "x": "{"y" * (7990 - len(document))}"}}'
    rp.browser = rp.app.test_client()
    assert "code" in answered(rp.authorized(scope="openid", claims=document, id_token_hint=hint))


def test_what_else_was_asked_for_survives_the_hint(rp: RelyingParty) -> None:
    """5.5: the claims of the request are those of the answer, also after a sign-in."""
    hint = rp.tokens()["id_token"]
    wanted = json.dumps({"userinfo": {"email": {"essential": True}}, "id_token": {"name": None}})
    rp.browser = rp.app.test_client()
    tokens = rp.tokens(scope="openid", claims=wanted, id_token_hint=hint)
    assert claims(tokens["id_token"])["name"] == "Alice Adams"
    assert rp.userinfo(tokens["access_token"]).get_json().keys() == {"sub", "email"}
