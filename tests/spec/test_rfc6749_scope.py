"""RFC 6749, section 3.3: the syntax of scope at every endpoint. Both databases give the same result (S26)."""

from typing import Any

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, assert_error, register, response_parameters
from tests.support.sample_users import PASSWORD
from tests.support.table import table

GRANTS = ("authorization_code", "refresh_token", "password", "client_credentials")
MALFORMED_SCOPES = ["  ", "openid\temail", "openid\nemail", "openid\u00a0email", 'openid "', "openid \\"]


@pytest.fixture
def all_grants_rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client for every grant type with a scope."""
    return RelyingParty(app, *register(services, grant_types=GRANTS))


def scope_request(party: RelyingParty, scope: str, grant_type: str) -> Any:
    user_credentials = {"username": "alice", "password": PASSWORD} if grant_type == "password" else {}
    return party.token(grant_type=grant_type, scope=scope, **user_credentials)


@table("scope", MALFORMED_SCOPES)
def test_malformed_scope_is_rejected_at_refresh(all_grants_rp: RelyingParty, scope: str) -> None:
    """3.3: scope tokens are printable ASCII, separated by spaces. 5.2: a malformed scope is invalid_scope."""
    assert_error(all_grants_rp.refresh(all_grants_rp.tokens()["refresh_token"], scope=scope), "invalid_scope")


@table("scope", MALFORMED_SCOPES)
@table("grant_type", ["password", "client_credentials"])
def test_malformed_scope_is_rejected_at_the_token_endpoint(
    all_grants_rp: RelyingParty, scope: str, grant_type: str
) -> None:
    """3.3, 5.2: a malformed scope is invalid_scope."""
    assert_error(scope_request(all_grants_rp, scope, grant_type), "invalid_scope")


@table("scope", MALFORMED_SCOPES)
def test_malformed_scope_is_rejected_at_the_authorization_endpoint(
    all_grants_rp: RelyingParty, scope: str
) -> None:
    """4.1.2.1: a malformed scope is invalid_scope."""
    assert response_parameters(all_grants_rp.authorize(scope=scope))["error"] == "invalid_scope"


def test_repeated_scope_counts_once(all_grants_rp: RelyingParty) -> None:
    """3.3: the response contains the granted scope once, with single spaces."""
    response = all_grants_rp.refresh(
        all_grants_rp.tokens()["refresh_token"], scope="openid " * 600 + " email"
    )
    assert response.get_json()["scope"] == "openid email"


def test_number_of_registered_scopes_is_limited(services: Services) -> None:
    """S28: the number is limited, so that every database can store a grant of all registered scopes."""
    with pytest.raises(InvalidInput):
        register(services, kind="oauth2", scopes=tuple(f"{number:02}{'x' * 90}" for number in range(60)))
