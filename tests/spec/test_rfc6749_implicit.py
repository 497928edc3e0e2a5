"""RFC 6749, section 4.2: the implicit grant, for clients that are registered for it."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, register, response_parameters


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client that may get an access token from the authorization endpoint."""
    grants = ("implicit", "refresh_token")
    registration: dict[str, Any] = {"response_types": ("token",), "grant_types": grants}
    return RelyingParty(app, *register(services, kind="oauth2", scopes=("profile",), **registration))


def response_of(party: RelyingParty, state: str = "x") -> dict[str, str]:
    return response_parameters(
        party.authorized(response_type="token", scope="profile", nonce=None, state=state)
    )


def test_response_is_in_the_fragment(party: RelyingParty) -> None:
    """4.2.2: the parameters are added to the fragment component of the redirection URI."""
    location = urlsplit(party.authorized(response_type="token", scope="profile").location)
    assert "access_token=" in location.fragment
    assert location.query == ""


def test_required_parameters_are_present(party: RelyingParty) -> None:
    """4.2.2: access_token and token_type are REQUIRED, state if it was sent."""
    response = response_of(party, state="to the letter")
    assert (response["token_type"], response["state"], response["scope"]) == (
        "Bearer",
        "to the letter",
        "profile",
    )
    assert int(response["expires_in"]) > 0


def test_no_refresh_token_is_issued(party: RelyingParty) -> None:
    """4.2.2: the authorization server MUST NOT issue a refresh token."""
    assert "refresh_token" not in response_of(party)


def test_errors_are_in_the_fragment(party: RelyingParty) -> None:
    """4.2.2.1: the error is added to the fragment component, with state."""
    page = party.authorize(response_type="token", scope="nonsense")
    assert urlsplit(page.location).query == ""
    response = response_parameters(page)
    assert (response["error"], response["state"]) == ("invalid_scope", "af0ifjsldkj")


def test_grant_requires_a_registration(rp: RelyingParty) -> None:
    """4.2.2.1: unauthorized_client. RFC 9700, 2.1.2: the grant is off by default."""
    response = response_parameters(rp.authorize(response_type="token"))
    assert response["error"] == "unauthorized_client"


def test_token_endpoint_does_not_know_the_grant(party: RelyingParty) -> None:
    """4.2: there is no token request, so implicit is not a grant type of the token endpoint."""
    response = party.token(grant_type="implicit")
    assert (response.status_code, response.get_json()["error"]) == (400, "unsupported_grant_type")
