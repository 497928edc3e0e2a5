"""Custom claims: the claims of a scope that an administrator defines, from attributes, constants and fields of the user."""

from typing import Any

import pytest
from flask import Flask

from authserver.context import SYSTEM
from authserver.domain import scopes
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.spec.test_groups_and_roles import documents
from tests.support import groups
from tests.support.relying_party import RelyingParty, edit, register, response_parameters

SOURCES = {
    "department": "attribute:department",
    "cost_centers": "attribute:cost_centers",
    "missing": "attribute:missing",
    "tenant": '"acme"',
    "login": "username",
    "mail": "email",
    "teams": "groups",
    "duties": "roles",
}
VALUES = {
    "department": "Aerodynamics",
    "cost_centers": ["12", "34"],
    "tenant": "acme",
    "login": "alice",
    "mail": "alice@example.org",
    "teams": ["Engineering"],
    "duties": ["editor"],
}


def define(services: Services, name: str = "directory", **claims: str) -> None:
    with services.database.transaction() as db:
        scopes.add(db, SYSTEM, name=name, words="See your place of work", claims=claims)


def redefine(services: Services, **claims: str) -> None:
    with services.database.transaction() as db:
        row = scopes.get(db, "directory")
        scopes.edit(db, SYSTEM, row, words=row.words, is_open=False, revision=row.revision, claims=claims)


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client that is registered for the scope and has roles."""
    groups.add(services.database, "Engineering", "alice")
    groups.set_attributes(
        services.database, "alice", department="Aerodynamics", cost_centers=["12", "34"], secret="x"
    )
    details = {"access_token_signed_response_alg": "ES256", "roles": ["editor=Engineering"]}
    return RelyingParty(app, *register(services, scopes=("openid", "directory"), details=details))


def test_claims_of_a_scope_are_in_every_document(party: RelyingParty, services: Services) -> None:
    """ID token, userinfo, JWT access token (RFC 9068, 2.2.2) and introspection. Claims without a value are absent."""
    define(services, **SOURCES)
    for document in documents(party, scope="openid directory"):
        assert {name: document[name] for name in SOURCES if name in document} == VALUES


def test_claims_need_the_scope(party: RelyingParty, services: Services) -> None:
    define(services, **SOURCES)
    for document in documents(party, scope="openid"):
        assert set(document).isdisjoint(SOURCES)


def test_claims_parameter_requests_a_custom_claim(party: RelyingParty, services: Services) -> None:
    """Core, 5.5: the consent page shows the scope of the claim."""
    define(services, **SOURCES)
    wanted = '{"id_token": {"department": null}, "userinfo": {"tenant": null}}'
    page = party.sign_in(party.authorize(scope="openid", claims=wanted))
    assert "See your place of work" in page.text
    party.redeem(response_parameters(party.allow(page))["code"])
    id_token, userinfo, *_ = documents(party, scope="openid", claims=wanted)
    assert id_token["department"] == "Aerodynamics"
    assert userinfo["tenant"] == "acme"
    assert "tenant" not in id_token


def test_custom_claim_needs_the_registration(party: RelyingParty, services: Services) -> None:
    define(services, **SOURCES)
    edit(services, party.key, scopes=["openid"])
    _, userinfo, *_ = documents(party, scope="openid", claims='{"userinfo": {"department": null}}')
    assert "department" not in userinfo


def test_discovery_lists_custom_claims(party: RelyingParty, services: Services) -> None:
    """OpenID Connect Discovery, section 3: claims_supported."""
    define(services, **SOURCES)
    document = party.browser.get("/.well-known/openid-configuration").get_json()
    assert set(SOURCES) <= set(document["claims_supported"])


def test_new_claim_needs_new_consent(party: RelyingParty, services: Services) -> None:
    """S12: users consented to the scope with other claims."""
    define(services, tenant='"acme"')
    party.tokens(scope="openid directory")
    assert "code" in response_parameters(party.authorize(scope="openid directory"))
    redefine(services, tenant='"acme"', department="attribute:department")
    assert 'id="consent-allow"' in party.authorize(scope="openid directory").text


def test_removed_claim_needs_no_new_consent(party: RelyingParty, services: Services) -> None:
    define(services, **SOURCES)
    party.tokens(scope="openid directory")
    redefine(services, tenant='"acme"')
    assert "code" in response_parameters(party.authorize(scope="openid directory"))


def test_change_takes_effect_with_the_next_response(party: RelyingParty, services: Services) -> None:
    define(services, tenant='"acme"')
    token = party.tokens(scope="openid directory")["access_token"]
    redefine(services, tenant='"other"')
    assert party.userinfo(token).get_json()["tenant"] == "other"


def test_attributes_without_a_claim_are_never_sent(party: RelyingParty, services: Services) -> None:
    define(services, **SOURCES)
    for document in documents(party, scope="openid directory"):
        assert "secret" not in document


def test_pairwise_client_gets_the_claims_too(app: Flask, services: Services, party: RelyingParty) -> None:
    define(services, **SOURCES)
    details: dict[str, Any] = {"subject_type": "pairwise", "access_token_signed_response_alg": "ES256"}
    other = RelyingParty(app, *register(services, scopes=("openid", "directory"), details=details))
    assert documents(other, scope="openid directory")[0]["department"] == "Aerodynamics"
