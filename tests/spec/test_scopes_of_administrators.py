"""Scopes that administrators define: words on the consent page, and who may ask."""

from collections.abc import Iterator

import pytest
from flask import Flask

from authserver.app import create_app
from authserver.context import SYSTEM
from authserver.domain import scopes
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support.people import PASSWORD
from tests.support.relying_party import RelyingParty, answered, refused, register

ALONE = {"kind": "oauth2", "grant_types": ("client_credentials",), "redirect_uris": (), "response_types": ()}


def define(services: Services, name: str = "models.read", *, is_open: bool) -> None:
    with services.database.transaction() as db:
        scopes.add(db, SYSTEM, name=name, words="Read your models", is_open=is_open)


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
    with services.database.transaction() as db:
        row = scopes.get(db, "models.read")
        scopes.edit(db, SYSTEM, row, words=row.words, is_open=False, revision=row.revision)
    refused(party.token(grant_type="client_credentials", scope="models.read"), "invalid_scope")


def change(services: Services, *, words: str = "Read your models", is_open: bool = True) -> None:
    with services.database.transaction() as db:
        row = scopes.get(db, "models.read")
        scopes.edit(db, SYSTEM, row, words=words, is_open=is_open, revision=row.revision)


def remove(services: Services) -> None:
    with services.database.transaction() as db:
        scopes.remove(db, SYSTEM, scopes.get(db, "models.read"))


@pytest.fixture
def elsewhere(app: Flask, settings: Settings) -> Iterator[Services]:
    """Another process on the same database."""
    other = create_app(settings)
    yield other.extensions["authserver"]
    other.extensions["authserver"].database.engine.dispose()


def test_another_process_s_edit_counts_at_once(app: Flask, services: Services, elsewhere: Services) -> None:
    """S2: with the very next request, on every node, for new tokens and for those that are out."""
    define(services, is_open=False)
    party = RelyingParty(app, *register(services, **ALONE))
    ask = {"grant_type": "client_credentials", "scope": "models.read"}
    refused(party.token(**ask), "invalid_scope")
    change(elsewhere, is_open=True)
    token = party.token(**ask).get_json()["access_token"]
    change(elsewhere, is_open=False)
    refused(party.token(**ask), "invalid_scope")
    answer = party.browser.post("/oauth2/introspect", data={"token": token}, headers=party.basic)
    assert answer.get_json() == {"active": False}


def test_another_process_s_removal_counts_at_once(
    app: Flask, services: Services, elsewhere: Services
) -> None:
    """S2: nobody may ask for what is not defined, unless registered for it by name."""
    define(services, is_open=True)
    party = RelyingParty(app, *register(services, **ALONE))
    ask = {"grant_type": "client_credentials", "scope": "models.read"}
    assert party.token(**ask).status_code == 200
    remove(elsewhere)
    refused(party.token(**ask), "invalid_scope")


def test_another_process_s_definition_counts_at_once(
    app: Flask, services: Services, elsewhere: Services
) -> None:
    party = RelyingParty(app, *register(services, **ALONE))
    ask = {"grant_type": "client_credentials", "scope": "models.read"}
    refused(party.token(**ask), "invalid_scope")
    define(elsewhere, is_open=True)
    assert party.token(**ask).status_code == 200


def test_words_that_changed_meanwhile_are_shown_again(rp: RelyingParty, services: Services) -> None:
    """S12: what was shown is what is granted."""
    define(services, is_open=True)
    page = rp.sign_in(rp.authorize(scope="openid models.read"))
    change(services, words="Read and delete your models")
    again = rp.allow(page)
    assert 'id="consent-allow"' in again.text
    assert "Read and delete your models" in again.text
    assert rp.redeem(answered(rp.allow(again))["code"]).status_code == 200


def test_a_scope_that_is_defined_anew_is_asked_for_again(rp: RelyingParty, services: Services) -> None:
    """S12: what was allowed under other words is not allowed under these."""
    define(services, is_open=True)
    rp.tokens(scope="openid models.read")
    assert "code" in answered(rp.authorize(scope="openid models.read"))
    remove(services)
    define(services, is_open=True)
    page = rp.authorize(scope="openid models.read")
    assert 'id="consent-allow"' in page.text
    assert "code" in answered(rp.authorize(scope="openid"))


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
