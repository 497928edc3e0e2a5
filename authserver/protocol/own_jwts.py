"""JWTs that this server signs and reads again: signed with the one active key of an algorithm, named in the header.

What is in them lives with their makers: ID tokens, access tokens, userinfo answers.
"""

import json
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from authserver.domain.key_ring import KeyRing
from authserver.protocol import algorithms

_LONGEST = 16_000


def sign(ring: KeyRing, algorithm: str, kind: str, claims: dict[str, Any]) -> str:
    """Return the signed JWT; ``kind`` is the ``typ`` of its header (RFC 8725, section 3.11)."""
    signer = ring.signer(algorithm)
    header = {"alg": signer.algorithm, "typ": kind, "kid": signer.kid}
    return jwt.encode(header, claims, signer.key, registry=algorithms.registry(algorithm))


def read(ring: KeyRing, token: str, kind: str) -> dict[str, Any] | None:
    """Return the claims of a JWT of that kind that this server signed, expired or not, or None."""
    if len(token) > _LONGEST or not token.isascii() or token.count(".") != 2:
        return None
    try:
        headers = jws.extract_compact(token.encode()).headers()
        known = ring.current().verifier(headers.get("kid"))
        if known is None or str(headers.get("typ", "JWT")).removeprefix("application/") != kind:
            return None
        algorithm, key = known
        claims = json.loads(
            jws.deserialize_compact(token.encode(), key, registry=algorithms.registry(algorithm)).payload
        )
    except (JoseError, ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None
