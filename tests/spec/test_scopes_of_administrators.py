"""Scopes of the administrators: their description on the consent page, and which clients may request them."""

from collections.abc import Iterator

import pytest
from flask import Flask

from authserver.app import create_app
from authserver.context import SYSTEM
from authserver.domain import scopes
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support.relying_party import RelyingParty, assert_error, register, response_parameters
from tests.support.sample_users import PASSWORD

CLIENT_CREDENTIALS = {
    "kind": "oauth2",
    "grant_types": ("client_credentials",),
    "redirect_uris": (),
    "response_types": (),
}


def define_scope(services: Services, name: str = "models.read", *, is_open: bool) -> None:
    with services.database.transaction() as db:
        scopes.add(db, SYSTEM, name=name, words="Read your models", is_open=is_open)


def test_consent_page_shows_the_description(rp: RelyingParty, services: Services) -> None:
    define_scope(services, is_open=True)
    page = rp.sign_in(rp.authorize(scope="openid models.read"))
    assert "Read your models" in page.text
    assert rp.redeem(response_parameters(rp.allow(page))["code"]).get_json()["scope"] == "openid models.read"


def test_closed_scope_requires_the_registration(app: Flask, services: Services) -> None:
    define_scope(services, is_open=False)
    unregistered = RelyingParty(app, *register(services, **CLIENT_CREDENTIALS))
    assert_error(unregistered.token(grant_type="client_credentials", scope="models.read"), "invalid_scope")
    registered = RelyingParty(app, *register(services, scopes=("models.read",), **CLIENT_CREDENTIALS))
    assert registered.token(grant_type="client_credentials", scope="models.read").status_code == 200


def test_open_scope_can_be_closed(app: Flask, services: Services) -> None:
    define_scope(services, is_open=True)
    party = RelyingParty(app, *register(services, **CLIENT_CREDENTIALS))
    assert party.token(grant_type="client_credentials", scope="models.read").status_code == 200
    with services.database.transaction() as db:
        row = scopes.get(db, "models.read")
        scopes.edit(db, SYSTEM, row, words=row.words, is_open=False, revision=row.revision)
    assert_error(party.token(grant_type="client_credentials", scope="models.read"), "invalid_scope")


def edit_scope(services: Services, *, words: str = "Read your models", is_open: bool = True) -> None:
    with services.database.transaction() as db:
        row = scopes.get(db, "models.read")
        scopes.edit(db, SYSTEM, row, words=words, is_open=is_open, revision=row.revision)


def remove_scope(services: Services) -> None:
    with services.database.transaction() as db:
        scopes.remove(db, SYSTEM, scopes.get(db, "models.read"))


@pytest.fixture
def other_process(app: Flask, settings: Settings) -> Iterator[Services]:
    """Another process with the same database."""
    other = create_app(settings)
    yield other.extensions["authserver"]
    other.extensions["authserver"].database.engine.dispose()


def test_edit_by_another_process_takes_effect_at_once(
    app: Flask, services: Services, other_process: Services
) -> None:
    """S2: the edit applies from the next request on, on every node, to new and existing tokens."""
    define_scope(services, is_open=False)
    party = RelyingParty(app, *register(services, **CLIENT_CREDENTIALS))
    request = {"grant_type": "client_credentials", "scope": "models.read"}
    assert_error(party.token(**request), "invalid_scope")
    edit_scope(other_process, is_open=True)
    token = party.token(**request).get_json()["access_token"]
    edit_scope(other_process, is_open=False)
    assert_error(party.token(**request), "invalid_scope")
    response = party.browser.post("/oauth2/introspect", data={"token": token}, headers=party.basic)
    assert response.get_json() == {"active": False}


def test_removal_by_another_process_takes_effect_at_once(
    app: Flask, services: Services, other_process: Services
) -> None:
    """S2: a scope that is not defined can be requested only by clients that are registered for it by name."""
    define_scope(services, is_open=True)
    party = RelyingParty(app, *register(services, **CLIENT_CREDENTIALS))
    request = {"grant_type": "client_credentials", "scope": "models.read"}
    assert party.token(**request).status_code == 200
    remove_scope(other_process)
    assert_error(party.token(**request), "invalid_scope")


def test_definition_by_another_process_takes_effect_at_once(
    app: Flask, services: Services, other_process: Services
) -> None:
    party = RelyingParty(app, *register(services, **CLIENT_CREDENTIALS))
    request = {"grant_type": "client_credentials", "scope": "models.read"}
    assert_error(party.token(**request), "invalid_scope")
    define_scope(other_process, is_open=True)
    assert party.token(**request).status_code == 200


def test_changed_description_needs_a_new_confirmation(rp: RelyingParty, services: Services) -> None:
    """S12: the server grants what the page showed."""
    define_scope(services, is_open=True)
    page = rp.sign_in(rp.authorize(scope="openid models.read"))
    edit_scope(services, words="Read and delete your models")
    again = rp.allow(page)
    assert 'id="consent-allow"' in again.text
    assert "Read and delete your models" in again.text
    assert rp.redeem(response_parameters(rp.allow(again))["code"]).status_code == 200


def test_redefined_scope_needs_new_consent(rp: RelyingParty, services: Services) -> None:
    """S12: consent to the old description does not cover the new one."""
    define_scope(services, is_open=True)
    rp.tokens(scope="openid models.read")
    assert "code" in response_parameters(rp.authorize(scope="openid models.read"))
    remove_scope(services)
    define_scope(services, is_open=True)
    page = rp.authorize(scope="openid models.read")
    assert 'id="consent-allow"' in page.text
    assert "code" in response_parameters(rp.authorize(scope="openid"))


def test_open_scopes_are_not_in_the_default(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """RFC 6749, 3.3, and S14: the default is the registered scope of the client, with every grant type."""
    grants = ("authorization_code", "client_credentials", "password")
    party = RelyingParty(
        app,
        *register(services, kind="oauth2", grant_types=grants, response_types=("code",), scopes=("read",)),
    )
    define_scope(services, is_open=True)
    own = party.token(grant_type="client_credentials")
    typed = party.token(grant_type="password", username="alice", password=PASSWORD)
    code = response_parameters(party.allow(party.sign_in(party.authorize(scope=None))))["code"]
    assert [response.get_json()["scope"] for response in (own, typed, party.redeem(code))] == ["read"] * 3


@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
)
def test_discovery_lists_the_scope(app: Flask, services: Services, path: str) -> None:
    define_scope(services, is_open=False)
    assert "models.read" in app.test_client().get(path).get_json()["scopes_supported"]
