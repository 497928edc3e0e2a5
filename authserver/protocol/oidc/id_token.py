"""ID tokens (OpenID Connect Core, section 2): signed with the one active key, which is named in the header."""

import base64
import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from authserver import clock
from authserver.domain.authorizations.access_state import UserFacts
from authserver.domain.clients import token_lifetimes
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.keys.signing_keys import ALGORITHMS, DEFAULT_ALGORITHM
from authserver.protocol import issued_jwts
from authserver.protocol.oidc import claims, subjects
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

    def __init__(self, settings: Settings, key_ring: KeyRing) -> None:
        self._settings = settings
        self._key_ring = key_ring

    @property
    def algorithms(self) -> list[str]:
        """The algorithms that ID tokens are signed with, the default first."""
        return list(ALGORITHMS)

    def read_hint(self, token: str) -> dict[str, Any] | None:
        """Return the claims of an ``id_token_hint`` that this server signed, expired or not, or None (section 3.1.2.1)."""
        found = issued_jwts.verify_jwt(self._key_ring, token, "JWT") or {}
        names_somebody = found.get("iss") == self._settings.issuer and isinstance(found.get("sub"), str)
        # Signed userinfo has the same type and names the same person, but it expires never and tells of no sign-in.
        return found if names_somebody and "exp" in found else None

    def issue(
        self,
        client: RegisteredClient,
        person: UserFacts,
        granted: Granted,
        *,
        now: datetime,
        access_token: str | None = None,
        code: str | None = None,
        with_claims: Collection[str] = (),
        with_nonce: bool = True,
    ) -> str:
        """Return the signed ID token for an authorization.

        ``with_claims`` names the claims about the person that belong into the token itself, beside those that the
        authorization request asked for by name.
        """
        algorithm = client.details.get("id_token_signed_response_alg", DEFAULT_ALGORITHM)
        lifetime = token_lifetimes.lifetime_of(client.details, self._settings, token_lifetimes.ID_TOKEN)
        names = {*with_claims, *granted.request.get("claims", {}).get("id_token", ())}
        payload = {
            "iss": self._settings.issuer,
            "sub": subjects.subject_of(client, person.subject),
            "aud": client.client_key,
            "exp": clock.timestamp(now + lifetime),
            "iat": clock.timestamp(now),
            **_authentication_claims(granted),
            **claims.claims_by_name(person, names),
        }
        if with_nonce and (nonce := granted.request.get("nonce")):
            payload["nonce"] = nonce
        if access_token is not None:
            payload["at_hash"] = half_hash(access_token, algorithm)
        if code is not None:
            payload["c_hash"] = half_hash(code, algorithm)
        return issued_jwts.sign_jwt(self._key_ring, algorithm, "JWT", payload)


def half_hash(value: str, algorithm: str) -> str:
    """Return the left half of a value's hash, by the hash of the signature algorithm (Core, section 3.1.3.6)."""
    # Ed25519 hashes with SHA-512 inside (RFC 8032, section 5.1), and so do verifiers of at_hash.
    hashed = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(value.encode()).digest()
    return base64.urlsafe_b64encode(hashed[: len(hashed) // 2]).rstrip(b"=").decode()


def _authentication_claims(granted: Granted) -> dict[str, Any]:
    claims = {
        "auth_time": clock.timestamp(granted.auth_time) if granted.auth_time else None,
        "acr": granted.acr,
        "amr": granted.amr,
        "sid": granted.sid,
    }
    return {name: value for name, value in claims.items() if value}
