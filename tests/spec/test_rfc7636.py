"""RFC 7636: Proof Key for Code Exchange."""

import base64
import hashlib

import pytest
from flask import Flask

from authserver.protocol.services import Services
from tests.support.relying_party import (
    CHALLENGE,
    VERIFIER,
    RelyingParty,
    assert_error,
    register,
    response_parameters,
)


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def test_right_verifier_is_accepted(public_rp: RelyingParty) -> None:
    """4.6: the server compares the transformed verifier with the challenge."""
    response = public_rp.redeem(public_rp.code(), {}, client_id=public_rp.key)
    assert response.status_code == 200


def test_wrong_verifier_is_rejected(rp: RelyingParty) -> None:
    """4.6: if the values are not equal, invalid_grant MUST be returned."""
    assert_error(rp.redeem(rp.code(), code_verifier="w" * 43), "invalid_grant")


def test_missing_verifier_is_rejected(rp: RelyingParty) -> None:
    """4.5: code_verifier is REQUIRED."""
    assert_error(rp.redeem(rp.code(), code_verifier=None), "invalid_grant")


@pytest.mark.parametrize(
    "verifier", ["v" * 42, "v" * 129, VERIFIER[:-1] + "=", VERIFIER[:-1] + "é", VERIFIER + "\n"]
)
def test_verifier_with_invalid_characters_or_length_is_rejected(rp: RelyingParty, verifier: str) -> None:
    """4.1: 43 to 128 unreserved characters, even if the challenge was derived from the same text."""
    code = rp.code(code_challenge=challenge_of(verifier))
    assert_error(rp.redeem(code, code_verifier=verifier), "invalid_grant")


@pytest.mark.parametrize("verifier", ["v" * 43, "v" * 128, "-._~" * 11])
def test_every_valid_verifier_is_accepted(rp: RelyingParty, verifier: str) -> None:
    """4.1: unreserved characters, from 43 to 128 of them."""
    code = rp.code(code_challenge=challenge_of(verifier))
    assert rp.redeem(code, code_verifier=verifier).status_code == 200


def test_challenge_is_not_a_verifier(rp: RelyingParty) -> None:
    """4.6: the challenge was in the authorization request, which others may have seen."""
    assert_error(rp.redeem(rp.code(), code_verifier=CHALLENGE), "invalid_grant")


def test_challenge_is_bound_to_its_code(rp: RelyingParty) -> None:
    """4.4: the server MUST associate the challenge with the code that it issues."""
    code, another = rp.code(code_challenge=challenge_of("o" * 43)), rp.code()
    assert_error(rp.redeem(code), "invalid_grant")
    assert rp.redeem(another).status_code == 200
    assert rp.redeem(code, code_verifier="o" * 43).status_code == 200


def test_code_does_not_reveal_the_challenge(rp: RelyingParty) -> None:
    """4.4: the server MUST NOT include the challenge in requests to the client in a form that others can extract."""
    location = rp.authorized().location
    assert CHALLENGE not in location
    assert VERIFIER not in location


def test_hybrid_code_is_bound_too(app: Flask, services: Services, sample_users) -> None:
    """4.4, RFC 9700, 2.1.1: PKCE applies wherever a code is issued."""
    rp = RelyingParty(app, *register(services, response_types=("code id_token",)))
    code = response_parameters(rp.authorized(response_type="code id_token"))["code"]
    assert_error(rp.redeem(code, code_verifier=None), "invalid_grant")


def test_hybrid_request_requires_a_challenge_too(app: Flask, services: Services, sample_users) -> None:
    """4.4.1: the requirement applies to every response type with a code."""
    rp = RelyingParty(app, *register(services, response_types=("code id_token",), auth_method="none"))
    response = response_parameters(
        rp.authorize(response_type="code id_token", code_challenge=None, code_challenge_method=None)
    )
    assert response["error"] == "invalid_request"


def test_discovery_lists_the_method(rp: RelyingParty) -> None:
    """RFC 8414, 2, RFC 9700, 2.1.1: code_challenge_methods_supported announces PKCE to clients."""
    for path in ("oauth-authorization-server", "openid-configuration"):
        document = rp.browser.get(f"/.well-known/{path}").get_json()
        assert document["code_challenge_methods_supported"] == ["S256"]


def test_public_client_must_send_a_challenge(public_rp: RelyingParty) -> None:
    """4.4.1: if PKCE is required and no challenge was sent, invalid_request."""
    response = response_parameters(public_rp.authorize(code_challenge=None, code_challenge_method=None))
    assert response["error"] == "invalid_request"
    assert "code_challenge" in response["error_description"]


@pytest.mark.parametrize("method", ["plain", "S512", "s256"])
def test_unsupported_method_is_rejected(rp: RelyingParty, method: str) -> None:
    """4.4.1: an unsupported method MUST return invalid_request. RFC 9700, 2.1.1: plain is not supported."""
    response = response_parameters(rp.authorize(code_challenge=VERIFIER, code_challenge_method=method))
    assert response["error"] == "invalid_request"


def test_omitted_method_means_plain_and_is_rejected(rp: RelyingParty) -> None:
    """4.3: the method defaults to plain when it is not present."""
    assert response_parameters(rp.authorize(code_challenge_method=None))["error"] == "invalid_request"


def test_malformed_challenge_is_rejected(rp: RelyingParty) -> None:
    """4.2: a challenge has 43 base64url characters."""
    assert (
        response_parameters(rp.authorize(code_challenge=CHALLENGE[:42] + "="))["error"] == "invalid_request"
    )


WITHOUT_CHALLENGE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


def test_confidential_client_may_omit_pkce(rp: RelyingParty) -> None:
    """RFC 9700, 2.1.1: PKCE is a MUST for public clients and recommended for confidential ones, so it is optional here."""
    assert rp.redeem(rp.code(**WITHOUT_CHALLENGE), code_verifier=None).status_code == 200


@pytest.mark.parametrize("verifier", [None, "o" * 43])
def test_challenge_of_a_confidential_client_is_enforced(rp: RelyingParty, verifier: str | None) -> None:
    """RFC 9700, 2.1.1: if a code_challenge was sent, the server MUST enforce the correct code_verifier."""
    code = rp.code()
    assert_error(rp.redeem(code, code_verifier=verifier), "invalid_grant")
    assert rp.redeem(code).status_code == 200


def test_pkce_can_be_required_of_a_confidential_client(app: Flask, services: Services, sample_users) -> None:
    """4.4.1: if PKCE is required and no challenge was sent, invalid_request."""
    rp = RelyingParty(app, *register(services, is_pkce_required=True))
    assert response_parameters(rp.authorize(**WITHOUT_CHALLENGE))["error"] == "invalid_request"


def test_verifier_without_a_challenge_is_rejected(app: Flask, services: Services, sample_users) -> None:
    """RFC 9700, 4.8.2: against downgrades, a verifier is accepted only if the request had a challenge."""
    rp = RelyingParty(app, *register(services, is_pkce_required=False))
    assert_error(rp.redeem(rp.code(**WITHOUT_CHALLENGE)), "invalid_grant")
