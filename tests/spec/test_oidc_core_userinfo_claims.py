"""OpenID Connect Core, sections 5.1 and 5.4: every standard claim, with its type and its scope."""

import json
from typing import Any

import pytest

from authserver.context import SYSTEM
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from authserver.protocol.services import Services
from tests.support import forms
from tests.support.command import Runner
from tests.support.relying_party import RelyingParty, claims
from tests.support.table import table

ALL_CLAIMS: dict[str, Any] = {
    "given_name": "Alice",
    "family_name": "Adams",
    "middle_name": "Bea",
    "nickname": "Al",
    "profile": "https://alice.example/me",
    "picture": "https://alice.example/me.png",
    "website": "https://alice.example/",
    "gender": "female",
    "birthdate": "1990-12-31",
    "zoneinfo": "Europe/Berlin",
    "locale": "en-GB",
    "phone_number": "+49 30 1234567",
    "phone_number_verified": True,
    "address": {
        "formatted": "1 Road\n10115 Berlin",
        "street_address": "1 Road",
        "locality": "Berlin",
        "region": "Berlin",
        "postal_code": "10115",
        "country": "DE",
    },
}
CLAIMS_OF_SCOPE = {
    "profile": {
        "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
        "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    },
    "email": {"email", "email_verified"},
    "address": {"address"},
    "phone": {"phone_number", "phone_number_verified"},
}  # fmt: skip


def set_claims(services: Services, alice: User, claims: dict[str, Any]) -> None:
    with services.database.transaction() as db:
        users.edit_claims(db, SYSTEM, users.get(db, alice.id), claims)


def userinfo(rp: RelyingParty, scope: str) -> dict[str, Any]:
    document: dict[str, Any] = rp.userinfo(rp.tokens(scope=scope)["access_token"]).get_json()
    return document


@pytest.mark.parametrize("scope", CLAIMS_OF_SCOPE)
def test_scope_returns_its_claims(rp: RelyingParty, services: Services, alice: User, scope: str) -> None:
    """5.4: each scope requests its claims, and no others."""
    set_claims(services, alice, ALL_CLAIMS)
    assert set(userinfo(rp, f"openid {scope}")) == {"sub"} | CLAIMS_OF_SCOPE[scope]


def test_claims_have_their_types(rp: RelyingParty, services: Services, alice: User) -> None:
    """5.1: booleans are booleans, updated_at is a number, address is an object."""
    set_claims(services, alice, ALL_CLAIMS)
    document = userinfo(rp, "openid profile email address phone")
    assert {name: document[name] for name in ALL_CLAIMS} == ALL_CLAIMS
    assert document["email_verified"] is False
    assert type(document["updated_at"]) is int


def test_unknown_claims_are_omitted(rp: RelyingParty) -> None:
    """5.3.2: a claim that is not returned is omitted, not null or empty."""
    assert set(userinfo(rp, "openid profile address phone")) == {
        "sub",
        "name",
        "preferred_username",
        "updated_at",
    }


@pytest.mark.both_databases
@table(
    ("name", "value"),
    [
        ("birthdate", "31.12.1990"),
        ("birthdate", "1990-13-01"),
        ("zoneinfo", "Mars/Olympus"),
        ("locale", "english please"),
        ("phone_number", "030 123"),
        ("picture", "javascript:alert(1)"),
        ("website", "alice.example"),
        ("phone_number_verified", "true"),
        ("given_name", 5),
        ("given_name", "A\0"),
        ("address", "Berlin"),
        ("address", {"planet": "Mars"}),
        ("sub", "somebody"),
        ("email", "a@b"),
    ],
)
def test_claim_with_another_type_is_rejected(services: Services, alice: User, name: str, value: Any) -> None:
    """5.1: only values of the right type are stored."""
    with pytest.raises(InvalidInput):
        set_claims(services, alice, {name: value})


def test_new_phone_number_is_unverified(services: Services, rp: RelyingParty, alice: User) -> None:
    """5.1: phone_number_verified means that this very number was verified."""
    set_claims(services, alice, ALL_CLAIMS)
    set_claims(services, alice, {"phone_number": "+49 30 7654321"})
    assert userinfo(rp, "openid phone")["phone_number_verified"] is False


def test_users_edit_their_claims(rp: RelyingParty) -> None:
    """The account page accepts the claims, and shows errors below their fields."""
    rp.tokens()
    page = rp.browser.get("/account")
    response = forms.submit(rp.browser, page, "profile-save", given_name="Alice", **{"address.country": "DE"})
    assert response.status_code == 303
    assert userinfo(rp, "openid profile address")["address"] == {"country": "DE"}
    response = forms.submit(rp.browser, page, "profile-save", birthdate="soon")
    assert response.status_code == 422
    assert "birthdate-error" in response.text


def test_command_line_edits_claims(runner: Runner, rp: RelyingParty) -> None:
    """authserver users edit --claim."""
    runner.run("users", "edit", "alice", "--claim", "nickname=Al", "--claim", "address.country=DE")
    assert userinfo(rp, "openid profile address")["nickname"] == "Al"
    assert runner.run_json("users", "edit", "alice", "--claim", "nickname=")["claims"] == {
        "address": {"country": "DE"}
    }
    assert runner.invoke("users", "edit", "alice", "--claim", "nonsense").exit_code != 0


@pytest.mark.parametrize("verified", [True, False])
def test_email_verified_is_the_mark_of_an_administrator(
    rp: RelyingParty, services: Services, alice: User, verified: bool
) -> None:
    """5.1: email_verified is true only if the provider ensured that the user controls the address."""
    with services.database.transaction() as db:
        user = users.get(db, alice.id)
        users.edit(db, SYSTEM, user, name=user.name, email=user.email, email_verified=verified)
    wanted = json.dumps({"id_token": {"email": None, "email_verified": None}})
    tokens = rp.tokens(scope="openid email", claims=wanted)
    for document in (claims(tokens["id_token"]), rp.userinfo(tokens["access_token"]).get_json()):
        assert (document["email"], document["email_verified"]) == ("alice@example.org", verified)


def test_new_address_is_not_verified(rp: RelyingParty, services: Services, alice: User) -> None:
    """5.1: the mark belongs to one address, not to the account."""
    with services.database.transaction() as db:
        user = users.get(db, alice.id)
        users.edit(db, SYSTEM, user, name=user.name, email=user.email, email_verified=True)
        users.edit(db, SYSTEM, user, name=user.name, email="new@example.org")
    assert userinfo(rp, "openid email")["email_verified"] is False
