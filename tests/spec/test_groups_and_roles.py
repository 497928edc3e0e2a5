"""The claims groups and roles (RFC 9068, section 2.2.3.1): who receives them, and their values."""

from typing import Any

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support import groups
from tests.support.relying_party import RelyingParty, claims, edit, register

JWT = {"access_token_signed_response_alg": "ES256"}


@pytest.fixture(autouse=True)
def engineering(services: Services, sample_users: dict[str, User]) -> None:
    """Alice is in two groups, Bob in none."""
    groups.add(services.database, "wing", "alice")
    groups.add(services.database, "Engineering", "alice")


@pytest.fixture
def party(app: Flask, services: Services) -> RelyingParty:
    """A client that gets JWT access tokens."""
    return RelyingParty(app, *register(services, details=JWT))


def introspect(party: RelyingParty, token: str) -> dict[str, Any]:
    response = party.browser.post("/oauth2/introspect", data={"token": token}, headers=party.basic)
    document: dict[str, Any] = response.get_json()
    return document


def documents(party: RelyingParty, username: str = "alice", **request: str) -> list[dict[str, Any]]:
    """Return the contents of ID token, userinfo, access token and both introspections."""
    tokens = party.tokens(username, **request)
    return [
        claims(tokens["id_token"]),
        party.userinfo(tokens["access_token"]).get_json(),
        claims(tokens["access_token"]),
        introspect(party, tokens["access_token"]),
        introspect(party, tokens["refresh_token"]),
    ]


def test_scope_groups_adds_the_groups_everywhere(party: RelyingParty) -> None:
    """The groups are a list of names, sorted without regard to case."""
    for document in documents(party, scope="openid groups"):
        assert document["groups"] == ["Engineering", "wing"]


def test_groups_need_the_scope(party: RelyingParty) -> None:
    for document in documents(party, scope="openid profile"):
        assert "groups" not in document


def test_user_without_groups_has_an_empty_list(party: RelyingParty) -> None:
    for document in documents(party, "bob", scope="openid groups"):
        assert document["groups"] == []


def test_consent_page_names_the_scope(party: RelyingParty) -> None:
    page = party.sign_in(party.authorize(scope="openid groups"))
    assert "See the groups that you belong to" in page.text


def test_claims_parameter_requests_groups(party: RelyingParty) -> None:
    """Core, 5.5: a claim can be requested by name. The consent page then shows the scope of the claim."""
    page = party.sign_in(party.authorize(scope="openid", claims='{"userinfo": {"groups": null}}'))
    assert "See the groups that you belong to" in page.text
    tokens = party.tokens(scope="openid", claims='{"userinfo": {"groups": null}}')
    assert party.userinfo(tokens["access_token"]).get_json()["groups"] == ["Engineering", "wing"]


def test_claim_needs_the_registration_for_the_scope(party: RelyingParty, services: Services) -> None:
    """A client that is not registered for the scope cannot request the claim by name."""
    edit(services, party.key, scopes=["openid"])
    tokens = party.tokens(scope="openid", claims='{"userinfo": {"groups": null}}')
    assert "groups" not in party.userinfo(tokens["access_token"]).get_json()


def test_claim_ends_with_the_registration_for_the_scope(party: RelyingParty, services: Services) -> None:
    """The registration is checked at every use, also for claims that were requested by name."""
    token = party.tokens(scope="openid", claims='{"userinfo": {"groups": null, "email": null}}')[
        "access_token"
    ]
    edit(services, party.key, scopes=["openid"])
    assert set(party.userinfo(token).get_json()) == {"sub"}


def test_unregistered_scope_groups_is_ignored(app: Flask, services: Services) -> None:
    """Core, 3.1.2.1: Argo CD and others request groups by default. The request continues without the scope."""
    other = RelyingParty(app, *register(services, scopes=("openid", "profile")))
    assert other.tokens(scope="openid profile groups")["scope"] == "openid profile"


def test_changed_membership_is_in_the_next_response(party: RelyingParty, services: Services) -> None:
    tokens = party.tokens(scope="openid groups")
    groups.leave(services.database, "wing", "alice")
    assert party.userinfo(tokens["access_token"]).get_json()["groups"] == ["Engineering"]
    refreshed = party.refresh(tokens["refresh_token"]).get_json()
    assert claims(refreshed["id_token"])["groups"] == ["Engineering"]


def test_renamed_group_has_its_new_name(party: RelyingParty, services: Services) -> None:
    token = party.tokens(scope="openid groups")["access_token"]
    groups.rename(services.database, "Engineering", "Aerodynamics")
    assert party.userinfo(token).get_json()["groups"] == ["Aerodynamics", "wing"]


def test_roles_of_a_client(party: RelyingParty, services: Services) -> None:
    """Every client with roles gets the claim, because an administrator defined the roles for this client."""
    edit(services, party.key, roles=["viewer=wing", "editor=Engineering", "editor=wing"])
    for document in documents(party, scope="openid"):
        assert document["roles"] == ["editor", "viewer"]
    for document in documents(RelyingParty(party.app, party.key, party.secret), "bob", scope="openid"):
        assert document["roles"] == []


def test_other_clients_do_not_get_roles(party: RelyingParty) -> None:
    for document in documents(party, scope="openid"):
        assert "roles" not in document


def test_roles_follow_a_renamed_group(party: RelyingParty, services: Services) -> None:
    edit(services, party.key, roles=["editor=Engineering"])
    token = party.tokens(scope="openid")["access_token"]
    groups.rename(services.database, "Engineering", "Aerodynamics")
    assert party.userinfo(token).get_json()["roles"] == ["editor"]


def test_discovery_lists_scope_and_claims(app: Flask) -> None:
    """OpenID Connect Discovery, section 3."""
    document = app.test_client().get("/.well-known/openid-configuration").get_json()
    assert "groups" in document["scopes_supported"]
    assert {"groups", "roles"} <= set(document["claims_supported"])
