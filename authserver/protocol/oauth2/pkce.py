"""Proof Key for Code Exchange (RFC 7636); only S256 is supported."""

import hmac
import re
from typing import NamedTuple

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from authserver.vocabulary import S256

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_BOTH = f"code_challenge, and code_challenge_method={S256}"
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class PkceError(NamedTuple):
    """A PKCE error. ``received`` and ``expected`` only describe the values, because the verifier is a secret."""

    description: str
    received: str
    expected: str


def check_challenge(challenge: str | None, method: str | None, *, is_required: bool) -> PkceError | None:
    """Return the error in the challenge of an authorization request (RFC 7636, section 4.3), or None."""
    if challenge is None:
        if method is not None:
            description = "code_challenge_method was sent without code_challenge."
            return PkceError(description, "code_challenge_method alone", _BOTH)
        description = "This client must use PKCE. Send code_challenge with code_challenge_method=S256."
        return PkceError(description, "", _BOTH) if is_required else None
    if method != S256:
        received = (
            "code_challenge without code_challenge_method" if method is None else f"the method {method}"
        )
        return PkceError("code_challenge_method must be S256.", received, f"code_challenge_method={S256}")
    if _CHALLENGE.fullmatch(challenge):
        return None
    description = "code_challenge must consist of 43 base64url characters."
    return PkceError(description, _described(challenge), "43 characters of A-Z, a-z, 0-9, - and _")


def check_verifier(challenge: str, verifier: str | None) -> PkceError | None:
    """Return the error in the verifier of a token request (RFC 7636, section 4.6), or None."""
    if not challenge:
        description = "code_verifier was sent, but the authorization request had no code_challenge."
        return (
            PkceError(
                description,
                "code_verifier",
                "no code_verifier, or code_challenge in the authorization request",
            )
            if verifier
            else None
        )
    if verifier is None:
        return PkceError("code_verifier is missing.", "", "code_verifier")
    if not _VERIFIER.fullmatch(verifier):
        description = "code_verifier must consist of 43 to 128 unreserved characters."
        return PkceError(description, _described(verifier), "43 to 128 of A-Z, a-z, 0-9, -, ., _ and ~")
    if hmac.compare_digest(create_s256_code_challenge(verifier), challenge):
        return None
    description = "code_verifier does not match code_challenge."
    return PkceError(
        description,
        "another code_verifier",
        "the code_verifier whose SHA-256 digest is the code_challenge of the authorization request",
    )


def _described(value: str) -> str:
    return f"{len(value)} characters"
