"""OpenID Connect Core, section 11: offline access."""

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.logout import sign_out
from tests.support.relying_party import RelyingParty, answered, register

SCOPE = "openid offline_access"
TYPES = ("code", "code id_token", "id_token", "id_token token")


@pytest.fixture
def party(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    """A client for all response types."""
    return RelyingParty(app, *register(services, response_types=TYPES))


def test_consent_is_asked_for_it(party: RelyingParty) -> None:
    """The server MUST obtain consent before it gives offline access, also where the rest was consented to before."""
    party.authorized(scope="openid")
    page = party.authorize(scope=SCOPE)
    assert 'id="consent-allow"' in page.text
    assert "after you sign out" in page.text


def test_it_is_refused_silently_without_consent(party: RelyingParty) -> None:
    """The server MUST ensure that consent was given for the offline access that is requested."""
    party.authorized(scope="openid")
    assert answered(party.authorize(scope=SCOPE, prompt="none"))["error"] == "consent_required"


def test_a_refresh_token_outlives_the_session(party: RelyingParty) -> None:
    """A refresh token that works when the user is not present."""
    tokens = party.tokens(scope=SCOPE, prompt="consent")
    sign_out(party)
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_without_it_the_session_s_end_is_the_end(party: RelyingParty) -> None:
    """Access that was not asked for is not given."""
    tokens = party.tokens(scope="openid")
    sign_out(party)
    assert party.refresh(tokens["refresh_token"]).status_code == 400


@pytest.mark.parametrize("response_type", ["id_token", "id_token token"])
def test_it_is_ignored_without_a_code(party: RelyingParty, response_type: str) -> None:
    """The server MUST ignore the request unless the response type results in an authorization code."""
    party.authorized(scope="openid")
    answer = answered(party.authorize(scope=SCOPE, response_type=response_type))
    assert "offline_access" not in answer.get("scope", "")
    assert "id_token" in answer


def test_an_access_token_without_a_code_ends_with_the_session(party: RelyingParty) -> None:
    """The server MUST ignore the request: nothing of it outlives the session."""
    token = answered(party.authorized(scope=SCOPE, response_type="id_token token"))["access_token"]
    assert party.userinfo(token).status_code == 200
    sign_out(party)
    assert party.userinfo(token).status_code == 401


def test_a_hybrid_code_has_it(party: RelyingParty) -> None:
    """A response type with a code is one that results in a code."""
    answer = answered(party.authorized(scope=SCOPE, response_type="code id_token", prompt="consent"))
    tokens = party.redeem(answer["code"]).get_json()
    sign_out(party)
    assert party.refresh(tokens["refresh_token"]).status_code == 200
