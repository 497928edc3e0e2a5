"""Signs JWTs with the active key of an algorithm, and verifies JWTs that this server signed.

The ``kid`` in the header names the key. The claims are defined where each JWT is issued: ID tokens, access tokens,
logout tokens and userinfo responses.
"""

from typing import Any

from joserfc import jwt

from authserver.domain.keys.key_ring import KeyRing
from authserver.protocol import algorithms, received_jwts

_MAX_LENGTH = 16_000


def sign_jwt(key_ring: KeyRing, algorithm: str, typ: str, claims: dict[str, Any]) -> str:
    """Return the signed JWT; ``typ`` is a parameter of its header (RFC 8725, section 3.11)."""
    signer = key_ring.signer(algorithm)
    header = {"alg": signer.algorithm, "typ": typ, "kid": signer.kid}
    return jwt.encode(header, claims, signer.key, registry=algorithms.registry(algorithm))


def verify_jwt(key_ring: KeyRing, token: str, *types: str) -> dict[str, Any] | None:
    """Return the claims of a JWT that this server signed with one of these ``typ``, expired or not; else None."""
    try:
        received = received_jwts.parse_jwt(token if len(token) <= _MAX_LENGTH else "")
    except ValueError:
        return None
    known = key_ring.current().find_public_key(received.header.get("kid"))
    if known is None or str(received.header.get("typ", "JWT")).removeprefix("application/") not in types:
        return None
    algorithm, key = known
    return received.claims if received.is_signed_with(key, algorithm) else None
