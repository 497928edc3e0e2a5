"""Proof Key for Code Exchange (RFC 7636), with S256 only."""

import hmac
import re

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from authserver.terms import S256

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def check_challenge(challenge: str | None, method: str | None, *, is_required: bool) -> str | None:
    """Return what is wrong with the challenge of an authorization request (RFC 7636, section 4.3), or None."""
    if challenge is None:
        if method is not None:
            return "code_challenge_method was sent without code_challenge."
        return (
            "This client must use PKCE: send code_challenge with code_challenge_method=S256."
            if is_required
            else None
        )
    if method != S256:
        return "code_challenge_method must be S256."
    return None if _CHALLENGE.fullmatch(challenge) else "code_challenge must be 43 base64url characters."


def check_verifier(challenge: str, verifier: str | None) -> str | None:
    """Return what is wrong with the verifier of a token request (RFC 7636, section 4.6), or None."""
    if not challenge:
        return (
            "code_verifier was sent, but the authorization request had no code_challenge."
            if verifier
            else None
        )
    if verifier is None:
        return "code_verifier is missing."
    if not _VERIFIER.fullmatch(verifier):
        return "code_verifier must have 43 to 128 unreserved characters."
    is_same = hmac.compare_digest(create_s256_code_challenge(verifier), challenge)
    return None if is_same else "code_verifier does not match code_challenge."
