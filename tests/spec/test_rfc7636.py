"""RFC 7636: Proof Key for Code Exchange."""

import base64
import hashlib

import pytest
from flask import Flask

from authserver.protocol.services import Services
from tests.support.relying_party import CHALLENGE, VERIFIER, RelyingParty, answered, refused, register


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def test_the_right_verifier_is_accepted(public_rp: RelyingParty) -> None:
    """4.6: the server compares the transformed verifier with the challenge."""
    answer = public_rp.redeem(public_rp.code(), {}, client_id=public_rp.key)
    assert answer.status_code == 200


def test_a_wrong_verifier_is_refused(rp: RelyingParty) -> None:
    """4.6: if the values are not equal, invalid_grant MUST be returned."""
    refused(rp.redeem(rp.code(), code_verifier="w" * 43), "invalid_grant")


def test_a_missing_verifier_is_refused(rp: RelyingParty) -> None:
    """4.5: code_verifier is REQUIRED."""
    refused(rp.redeem(rp.code(), code_verifier=None), "invalid_grant")


@pytest.mark.parametrize(
    "verifier", ["v" * 42, "v" * 129, VERIFIER[:-1] + "=", VERIFIER[:-1] + "é", VERIFIER + "\n"]
)
def test_a_verifier_of_other_letters_or_length_is_refused(rp: RelyingParty, verifier: str) -> None:
    """4.1: 43 to 128 unreserved characters, also where the challenge was made from the same text."""
    code = rp.code(code_challenge=challenge_of(verifier))
    refused(rp.redeem(code, code_verifier=verifier), "invalid_grant")


@pytest.mark.parametrize("verifier", ["v" * 43, "v" * 128, "-._~" * 11])
def test_every_verifier_of_the_grammar_is_accepted(rp: RelyingParty, verifier: str) -> None:
    """4.1: unreserved characters, from 43 to 128 of them."""
    code = rp.code(code_challenge=challenge_of(verifier))
    assert rp.redeem(code, code_verifier=verifier).status_code == 200


def test_the_challenge_is_no_verifier(rp: RelyingParty) -> None:
    """4.6: what stood in the authorization request, which others may have seen, redeems nothing."""
    refused(rp.redeem(rp.code(), code_verifier=CHALLENGE), "invalid_grant")


def test_a_challenge_is_bound_to_its_code(rp: RelyingParty) -> None:
    """4.4: the server MUST associate the challenge with the code that it issues."""
    code, another = rp.code(code_challenge=challenge_of("o" * 43)), rp.code()
    refused(rp.redeem(code), "invalid_grant")
    assert rp.redeem(another).status_code == 200
    assert rp.redeem(code, code_verifier="o" * 43).status_code == 200


def test_the_code_itself_does_not_tell_the_challenge(rp: RelyingParty) -> None:
    """4.4: the server MUST NOT include the challenge in requests to the client in a form that others can extract."""
    location = rp.authorized().location
    assert CHALLENGE not in location
    assert VERIFIER not in location


def test_a_hybrid_code_is_bound_as_well(app: Flask, services: Services, people) -> None:
    """4.4, RFC 9700, 2.1.1: wherever a code is issued."""
    rp = RelyingParty(app, *register(services, response_types=("code id_token",)))
    code = answered(rp.authorized(response_type="code id_token"))["code"]
    refused(rp.redeem(code, code_verifier=None), "invalid_grant")


def test_a_hybrid_request_needs_a_challenge_as_well(app: Flask, services: Services, people) -> None:
    """4.4.1: the policy holds for every response type with a code."""
    rp = RelyingParty(app, *register(services, response_types=("code id_token",), auth_method="none"))
    told = answered(
        rp.authorize(response_type="code id_token", code_challenge=None, code_challenge_method=None)
    )
    assert told["error"] == "invalid_request"


def test_discovery_names_the_method(rp: RelyingParty) -> None:
    """RFC 8414, 2, RFC 9700, 2.1.1: code_challenge_methods_supported tells clients that PKCE can be used."""
    for path in ("oauth-authorization-server", "openid-configuration"):
        document = rp.browser.get(f"/.well-known/{path}").get_json()
        assert document["code_challenge_methods_supported"] == ["S256"]


def test_a_public_client_must_send_a_challenge(public_rp: RelyingParty) -> None:
    """4.4.1: if PKCE is required and no challenge was sent, invalid_request."""
    answer = answered(public_rp.authorize(code_challenge=None, code_challenge_method=None))
    assert answer["error"] == "invalid_request"
    assert "code_challenge" in answer["error_description"]


@pytest.mark.parametrize("method", ["plain", "S512", "s256"])
def test_another_method_is_refused(rp: RelyingParty, method: str) -> None:
    """4.4.1: invalid_request MUST be returned for one that is not supported; RFC 9700, 2.1.1: plain is none."""
    answer = answered(rp.authorize(code_challenge=VERIFIER, code_challenge_method=method))
    assert answer["error"] == "invalid_request"


def test_an_omitted_method_means_plain_and_is_refused(rp: RelyingParty) -> None:
    """4.3: the method defaults to plain when it is not present."""
    assert answered(rp.authorize(code_challenge_method=None))["error"] == "invalid_request"


def test_a_malformed_challenge_is_refused(rp: RelyingParty) -> None:
    """4.2: a challenge has 43 base64url characters."""
    assert answered(rp.authorize(code_challenge=CHALLENGE[:42] + "="))["error"] == "invalid_request"


def test_a_confidential_client_may_do_without(app: Flask, services: Services, people) -> None:
    """Per-client policy: certification clients send none."""
    rp = RelyingParty(app, *register(services, is_pkce_required=False))
    code = rp.code(code_challenge=None, code_challenge_method=None)
    assert rp.redeem(code, code_verifier=None).status_code == 200


def test_a_verifier_without_a_challenge_is_refused(app: Flask, services: Services, people) -> None:
    """RFC 9700, 4.8.2: a downgrade is refused: a verifier is accepted only where there was a challenge."""
    rp = RelyingParty(app, *register(services, is_pkce_required=False))
    code = rp.code(code_challenge=None, code_challenge_method=None)
    refused(rp.redeem(code), "invalid_grant")
