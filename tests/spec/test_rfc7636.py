"""RFC 7636: Proof Key for Code Exchange."""

from flask import Flask

from authserver.protocol.services import Services
from tests.spec.test_rfc6749_code import refused
from tests.support.relying_party import CHALLENGE, VERIFIER, RelyingParty, answered, register


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


def test_a_short_verifier_is_refused(rp: RelyingParty) -> None:
    """4.1: a verifier has 43 to 128 characters."""
    refused(rp.redeem(rp.code(), code_verifier=VERIFIER[:42]), "invalid_grant")


def test_a_public_client_must_send_a_challenge(public_rp: RelyingParty) -> None:
    """4.4.1: if PKCE is required and no challenge was sent, invalid_request."""
    answer = answered(public_rp.authorize(code_challenge=None, code_challenge_method=None))
    assert answer["error"] == "invalid_request"
    assert "code_challenge" in answer["error_description"]


def test_plain_is_refused(rp: RelyingParty) -> None:
    """RFC 9700, 2.1.1: the challenge method must not expose the verifier."""
    answer = answered(rp.authorize(code_challenge=VERIFIER, code_challenge_method="plain"))
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
