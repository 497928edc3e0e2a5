"""ID tokens (OpenID Connect Core, section 2): signed with the one active key, which is named in the header."""

import base64
import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from joserfc import jwt

from authserver import clock
from authserver.domain.keys import DEFAULT_ALGORITHM, KeyRing
from authserver.domain.policies import Policy
from authserver.domain.standing import UserFacts
from authserver.protocol.oidc import claims, hint, subjects
from authserver.settings import Settings


class Granted(Protocol):
    """What an ID token needs to know of an authorization: the record, or a row with its columns."""

    @property
    def request(self) -> Any: ...
    @property
    def auth_time(self) -> Any: ...
    @property
    def acr(self) -> Any: ...
    @property
    def amr(self) -> Any: ...
    @property
    def sid(self) -> Any: ...


class IdTokens:
    """Issues the ID tokens of one application."""

    def __init__(self, settings: Settings, ring: KeyRing) -> None:
        self._settings = settings
        self._ring = ring

    @property
    def algorithms(self) -> list[str]:
        """The algorithms that ID tokens are signed with, the default first."""
        return [DEFAULT_ALGORITHM]

    def read_hint(self, token: str) -> dict[str, Any] | None:
        """Return the claims of an ID token of ours, expired or not, or None."""
        return hint.read(self._settings, self._ring, token)

    def issue(
        self,
        policy: Policy,
        person: UserFacts,
        granted: Granted,
        *,
        now: datetime,
        access_token: str | None = None,
        code: str | None = None,
        with_claims: Collection[str] = (),
    ) -> str:
        """Return the signed ID token for an authorization.

        ``with_claims`` names the claims about the person that belong into the token itself, beside those that the
        authorization request asked for by name.
        """
        signer = self._ring.signer()
        names = {*with_claims, *granted.request.get("claims", {}).get("id_token", ())}
        payload = {
            "iss": self._settings.issuer,
            "sub": subjects.of(policy, person.subject),
            "aud": policy.client_key,
            "exp": clock.timestamp(now + self._settings.id_token_lifetime),
            "iat": clock.timestamp(now),
            **_authentication_claims(granted),
            **claims.by_name(person, names),
        }
        if access_token is not None:
            payload["at_hash"] = half_hash(access_token)
        if code is not None:
            payload["c_hash"] = half_hash(code)
        header = {"alg": signer.algorithm, "typ": "JWT", "kid": signer.kid}
        return jwt.encode(header, payload, signer.key, algorithms=[signer.algorithm])


def half_hash(value: str) -> str:
    """Return the left half of a value's SHA-256 hash (OpenID Connect Core, section 3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def _authentication_claims(granted: Granted) -> dict[str, Any]:
    claims = {
        "auth_time": clock.timestamp(granted.auth_time) if granted.auth_time else None,
        "nonce": granted.request.get("nonce"),
        "acr": granted.acr,
        "amr": granted.amr,
        "sid": granted.sid,
    }
    return {name: value for name, value in claims.items() if value}
