"""OpenID Connect Core, section 11: offline access."""

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.logout import sign_out
from tests.support.relying_party import RelyingParty, register, response_parameters

SCOPE = "openid offline_access"
TYPES = ("code", "code id_token", "id_token", "id_token token")


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client that is registered for all response types."""
    return RelyingParty(app, *register(services, response_types=TYPES))


def test_consent_is_required(party: RelyingParty) -> None:
    """The server MUST obtain consent before it grants offline access, even if the user consented to the other scopes."""
    party.authorized(scope="openid")
    page = party.authorize(scope=SCOPE)
    assert 'id="consent-allow"' in page.text
    assert "after you sign out" in page.text


def test_prompt_none_without_consent_fails(party: RelyingParty) -> None:
    """The server MUST ensure that the user consented to the requested offline access."""
    party.authorized(scope="openid")
    assert response_parameters(party.authorize(scope=SCOPE, prompt="none"))["error"] == "consent_required"


def test_refresh_token_outlives_the_session(party: RelyingParty) -> None:
    """The refresh token works when the user is not present."""
    tokens = party.tokens(scope=SCOPE, prompt="consent")
    sign_out(party)
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_without_offline_access_tokens_end_with_the_session(party: RelyingParty) -> None:
    """Offline access is granted only if it was requested."""
    tokens = party.tokens(scope="openid")
    sign_out(party)
    assert party.refresh(tokens["refresh_token"]).status_code == 400


@pytest.mark.parametrize("response_type", ["id_token", "id_token token"])
def test_offline_access_is_ignored_without_a_code(party: RelyingParty, response_type: str) -> None:
    """The server MUST ignore the request unless the response type results in an authorization code."""
    party.authorized(scope="openid")
    response = response_parameters(party.authorize(scope=SCOPE, response_type=response_type))
    assert "offline_access" not in response.get("scope", "")
    assert "id_token" in response


def test_access_token_without_a_code_ends_with_the_session(party: RelyingParty) -> None:
    """The server MUST ignore the request, so nothing outlives the session."""
    token = response_parameters(party.authorized(scope=SCOPE, response_type="id_token token"))["access_token"]
    assert party.userinfo(token).status_code == 200
    sign_out(party)
    assert party.userinfo(token).status_code == 401


def test_hybrid_response_type_grants_offline_access(party: RelyingParty) -> None:
    """A response type that contains code results in an authorization code."""
    response = response_parameters(
        party.authorized(scope=SCOPE, response_type="code id_token", prompt="consent")
    )
    tokens = party.redeem(response["code"]).get_json()
    sign_out(party)
    assert party.refresh(tokens["refresh_token"]).status_code == 200
