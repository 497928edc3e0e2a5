"""The ``id_token_hint``: an ID token of ours that names whom a client believes to be signed in."""

import json
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from authserver.domain.keys import KeyRing
from authserver.settings import Settings


def read(settings: Settings, ring: KeyRing, token: str) -> dict[str, Any] | None:
    """Return the claims of an ID token that this server signed, expired or not, or None (Core, section 3.1.2.1)."""
    published = ring.current().published
    try:
        keys = KeySet.import_key_set({"keys": list(published.values())})
        algorithms = sorted({key["alg"] for key in published.values()})
        content = jws.deserialize_compact(token.encode(), keys, algorithms=algorithms)
        claims = json.loads(content.payload)
    except (JoseError, ValueError):
        return None
    if not isinstance(claims, dict) or content.headers().get("typ", "JWT") != "JWT":
        return None
    return claims if claims.get("iss") == settings.issuer and isinstance(claims.get("sub"), str) else None
