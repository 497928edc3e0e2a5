"""ID tokens (OpenID Connect Core, section 2): signed with the one active key, which is named in the header."""

import base64
import hashlib
from datetime import datetime
from typing import Any

from joserfc import jwt
from sqlalchemy import Row

from authserver import clock
from authserver.domain.keys import DEFAULT_ALGORITHM, KeyRing
from authserver.domain.policies import Policy
from authserver.domain.standing import UserFacts
from authserver.settings import Settings


class IdTokens:
    """Issues the ID tokens of one application."""

    def __init__(self, settings: Settings, ring: KeyRing) -> None:
        self._settings = settings
        self._ring = ring

    @property
    def algorithms(self) -> list[str]:
        """The algorithms that ID tokens are signed with, the default first."""
        return [DEFAULT_ALGORITHM]

    def issue(
        self,
        policy: Policy,
        person: UserFacts,
        row: Row[Any],
        *,
        now: datetime,
        access_token: str | None = None,
    ) -> str:
        """Return the signed ID token for an authorization, given the row that its statement read."""
        signer = self._ring.signer()
        claims = {
            "iss": self._settings.issuer,
            "sub": person.subject,
            "aud": policy.client_key,
            "exp": clock.timestamp(now + self._settings.id_token_lifetime),
            "iat": clock.timestamp(now),
            **_authentication_claims(row),
        }
        if access_token is not None:
            claims["at_hash"] = half_hash(access_token)
        header = {"alg": signer.algorithm, "typ": "JWT", "kid": signer.kid}
        return jwt.encode(header, claims, signer.key, algorithms=[signer.algorithm])


def half_hash(value: str) -> str:
    """Return the left half of a value's SHA-256 hash (OpenID Connect Core, section 3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def _authentication_claims(row: Row[Any]) -> dict[str, Any]:
    claims = {
        "auth_time": clock.timestamp(row.auth_time) if row.auth_time else None,
        "nonce": row.request.get("nonce"),
        "acr": row.acr,
        "amr": row.amr,
        "sid": row.sid,
    }
    return {name: value for name, value in claims.items() if value}
