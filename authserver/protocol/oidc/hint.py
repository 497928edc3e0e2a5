"""The ``id_token_hint``: an ID token of ours that names whom a client believes to be signed in."""

from typing import Any

from authserver.domain.key_ring import KeyRing
from authserver.protocol import own_jwts
from authserver.settings import Settings


def read(settings: Settings, ring: KeyRing, token: str) -> dict[str, Any] | None:
    """Return the claims of an ID token that this server signed, expired or not, or None (Core, section 3.1.2.1)."""
    claims = own_jwts.read(ring, token, "JWT")
    if claims is None or claims.get("iss") != settings.issuer or not isinstance(claims.get("sub"), str):
        return None
    # Signed userinfo has the same type and names the same person, but it expires never and tells of no sign-in.
    return claims if "exp" in claims else None
