"""JWTs that this server signs and reads again: signed with the one active key of an algorithm, named in the header.

What is in them lives with their makers: ID tokens, access tokens, userinfo answers.
"""

from typing import Any

from joserfc import jwt

from authserver.domain.keys.key_ring import KeyRing
from authserver.protocol import algorithms, received_jwts

_LONGEST = 16_000


def sign_jwt(key_ring: KeyRing, algorithm: str, kind: str, claims: dict[str, Any]) -> str:
    """Return the signed JWT; ``kind`` is the ``typ`` of its header (RFC 8725, section 3.11)."""
    signer = key_ring.signer(algorithm)
    header = {"alg": signer.algorithm, "typ": kind, "kid": signer.kid}
    return jwt.encode(header, claims, signer.key, registry=algorithms.registry(algorithm))


def verify_jwt(key_ring: KeyRing, token: str, kind: str) -> dict[str, Any] | None:
    """Return the claims of a JWT of that kind that this server signed, expired or not, or None."""
    try:
        received = received_jwts.parse_jwt(token if len(token) <= _LONGEST else "")
    except ValueError:
        return None
    known = key_ring.current().find_public_key(received.header.get("kid"))
    if known is None or str(received.header.get("typ", "JWT")).removeprefix("application/") != kind:
        return None
    algorithm, key = known
    return received.claims if received.is_signed_with(key, algorithm) else None
