"""Scopes that administrators define: words on the consent page, and who may ask."""

import pytest
from flask import Flask

from authserver.context import SYSTEM
from authserver.domain import scopes
from authserver.domain.users import User
from authserver.protocol.services import Services
from tests.support.people import PASSWORD
from tests.support.relying_party import RelyingParty, answered, refused, register

ALONE = {"kind": "oauth2", "grant_types": ("client_credentials",), "redirect_uris": (), "response_types": ()}


def define(services: Services, name: str = "models.read", *, is_open: bool) -> None:
    with services.database.transaction() as session:
        scopes.add(session, SYSTEM, name=name, words="Read your models", is_open=is_open)


def test_people_are_asked_in_its_words(rp: RelyingParty, services: Services) -> None:
    define(services, is_open=True)
    page = rp.sign_in(rp.authorize(scope="openid models.read"))
    assert "Read your models" in page.text
    assert rp.redeem(answered(rp.allow(page))["code"]).get_json()["scope"] == "openid models.read"


def test_a_closed_scope_needs_the_registration(app: Flask, services: Services) -> None:
    define(services, is_open=False)
    stranger = RelyingParty(app, *register(services, **ALONE))
    refused(stranger.token(grant_type="client_credentials", scope="models.read"), "invalid_scope")
    member = RelyingParty(app, *register(services, scopes=("models.read",), **ALONE))
    assert member.token(grant_type="client_credentials", scope="models.read").status_code == 200


def test_an_open_scope_closes_again(app: Flask, services: Services) -> None:
    define(services, is_open=True)
    party = RelyingParty(app, *register(services, **ALONE))
    assert party.token(grant_type="client_credentials", scope="models.read").status_code == 200
    with services.database.transaction() as session:
        row = scopes.get(session, "models.read")
        scopes.edit(session, SYSTEM, row, words=row.words, is_open=False, revision=row.revision)
    refused(party.token(grant_type="client_credentials", scope="models.read"), "invalid_scope")


def test_who_names_no_scope_gets_no_open_one(app: Flask, services: Services, people: dict[str, User]) -> None:
    """RFC 6749, 3.3, and S14: the default is what the client is registered for, however it is asked."""
    grants = ("authorization_code", "client_credentials", "password")
    party = RelyingParty(
        app,
        *register(services, kind="oauth2", grant_types=grants, response_types=("code",), scopes=("read",)),
    )
    define(services, is_open=True)
    own = party.token(grant_type="client_credentials")
    typed = party.token(grant_type="password", username="alice", password=PASSWORD)
    code = answered(party.allow(party.sign_in(party.authorize(scope=None))))["code"]
    assert [answer.get_json()["scope"] for answer in (own, typed, party.redeem(code))] == ["read"] * 3


@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
)
def test_discovery_names_it(app: Flask, services: Services, path: str) -> None:
    define(services, is_open=False)
    assert "models.read" in app.test_client().get(path).get_json()["scopes_supported"]
