"""OpenID Connect Core, section 3.3: in the hybrid flow, the results of the two endpoints agree."""

from typing import Any

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, claims, register, response_parameters

HYBRID = ("code id_token", "code token", "code id_token token")
WITH_ID_TOKEN = [HYBRID[0], HYBRID[2]]


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client that is registered for every hybrid response type."""
    return RelyingParty(app, *register(services, response_types=HYBRID))


def both_id_tokens(party: RelyingParty, response_type: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the claims of the ID tokens from the authorization endpoint and from the token endpoint."""
    response = response_parameters(party.authorized(response_type=response_type))
    return claims(response["id_token"]), claims(party.redeem(response["code"]).get_json()["id_token"])


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
@pytest.mark.parametrize("name", ["iss", "sub"])
def test_both_id_tokens_have_the_same_subject(party: RelyingParty, response_type: str, name: str) -> None:
    """3.3.3.6: the iss and sub values MUST be identical in both ID tokens."""
    first, second = both_id_tokens(party, response_type)
    assert first[name] == second[name]


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
@pytest.mark.parametrize("name", ["auth_time", "acr", "amr", "sid", "nonce"])
def test_both_id_tokens_describe_the_same_sign_in(party: RelyingParty, response_type: str, name: str) -> None:
    """3.3.3.6: all claims about the authentication event in one SHOULD be in the other."""
    first, second = both_id_tokens(party, response_type)
    assert first[name] == second[name]


@pytest.mark.parametrize("response_type", HYBRID)
def test_id_token_for_a_code_has_no_c_hash(party: RelyingParty, response_type: str) -> None:
    """3.3.3.6, 3.1.3.6: c_hash binds an ID token to the code returned with it. The token endpoint returns no code."""
    response = response_parameters(party.authorized(response_type=response_type))
    assert "c_hash" not in claims(party.redeem(response["code"]).get_json()["id_token"])


def test_code_token_returns_no_id_token_in_the_front_channel(party: RelyingParty) -> None:
    """3.3.2.5: only the token endpoint returns the ID token."""
    response = response_parameters(party.authorized(response_type="code token", nonce=None))
    assert "id_token" not in response
    assert "id_token" in party.redeem(response["code"]).get_json()


def test_both_access_tokens_work(party: RelyingParty) -> None:
    """3.3.3.8: both endpoints return an access token, and these may differ."""
    response = response_parameters(party.authorized(response_type="code token"))
    second = party.redeem(response["code"]).get_json()["access_token"]
    assert [party.userinfo(token).status_code for token in (response["access_token"], second)] == [200, 200]


def test_replayed_code_revokes_the_front_channel_token(party: RelyingParty) -> None:
    """RFC 6749, 4.1.2: using a code twice revokes all tokens of the authorization."""
    response = response_parameters(party.authorized(response_type="code token"))
    assert [party.redeem(response["code"]).status_code for _ in range(2)] == [200, 400]
    assert party.userinfo(response["access_token"]).status_code == 401


def test_errors_are_returned_in_the_fragment(party: RelyingParty) -> None:
    """3.3.2.6: errors are in the fragment unless the request has another response mode."""
    page = party.authorize(response_type="code token", prompt="none")
    assert page.location.partition("#")[2].startswith("error=login_required")
    assert "?" not in page.location
