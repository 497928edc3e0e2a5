"""ID tokens (OpenID Connect Core, section 2): signed with the active key of the client's algorithm."""

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from authserver import clock
from authserver.domain.access_state import UserFacts
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import token_lifetimes
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.keys.signing_keys import DEFAULT_ALGORITHM
from authserver.protocol import issued_jwts
from authserver.protocol.oidc import claims, subjects
from authserver.settings import Settings


class SignInFacts(Protocol):
    """The columns of an authorization that an ID token contains. ORM records and query rows provide them."""

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


@dataclass(frozen=True, slots=True)
class NewIdToken:
    """An ID token to issue.

    ``access_token`` and ``code`` are those of the same response, for ``at_hash`` and ``c_hash``. ``claims`` contains
    the names of user claims to include, in addition to those that the authorization request named.
    """

    client: RegisteredClient
    user: UserFacts
    authorization: SignInFacts
    now: datetime
    access_token: str | None = None
    code: str | None = None
    claims: Collection[str] = ()
    with_nonce: bool = True


class IdTokens:
    """Issues ID tokens, and verifies ID tokens that clients send as hints."""

    def __init__(self, settings: Settings, key_ring: KeyRing) -> None:
        self._settings = settings
        self._key_ring = key_ring

    @property
    def issuer(self) -> str:
        """The ``iss`` of every ID token."""
        return self._settings.issuer

    def parse_hint(self, token: str) -> dict[str, Any] | None:
        """Return the claims of an ``id_token_hint`` (section 3.1.2.1), even an expired one; None if it is invalid."""
        found = issued_jwts.verify_jwt(self._key_ring, token, "JWT") or {}
        names_user = found.get("iss") == self.issuer and isinstance(found.get("sub"), str)
        # Other JWTs of this server also have typ JWT and a sub: a signed userinfo response, which has no exp, and the
        # access tokens of some clients, which have a jti. They do not prove a sign-in.
        return found if names_user and "exp" in found and "jti" not in found else None

    def issue(self, new: NewIdToken) -> str:
        """Return the signed ID token."""
        client, request = new.client, new.authorization.request
        algorithm = client.details.get("id_token_signed_response_alg", DEFAULT_ALGORITHM)
        lifetime = token_lifetimes.lifetime_of(client.details, self._settings, token_lifetimes.ID_TOKEN)
        names = {*new.claims, *request.get("claims", {}).get("id_token", ())}
        payload = {
            "iss": self.issuer,
            "sub": subjects.subject_of(client, new.user.subject),
            "aud": client.client_key,
            "exp": clock.timestamp(new.now + lifetime),
            "iat": clock.timestamp(new.now),
            **_authentication_claims(new.authorization),
            **claims.claims_by_name(client, new.user, names),
        }
        if new.with_nonce and (nonce := request.get("nonce")):
            payload["nonce"] = nonce
        if new.access_token is not None:
            payload["at_hash"] = half_hash(new.access_token, algorithm)
        if new.code is not None:
            payload["c_hash"] = half_hash(new.code, algorithm)
        return issued_jwts.sign_jwt(self._key_ring, algorithm, "JWT", payload)


def half_hash(value: str, algorithm: str) -> str:
    """Return the left half of a value's hash in base64url (Core, section 3.1.3.6).

    The signature algorithm determines the hash function.
    """
    # Ed25519 uses SHA-512 (RFC 8032, section 5.1), and clients that verify at_hash use it too.
    hashed = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(value.encode()).digest()
    return base64.urlsafe_b64encode(hashed[: len(hashed) // 2]).rstrip(b"=").decode()


def _authentication_claims(authorization: SignInFacts) -> dict[str, Any]:
    values = {
        "auth_time": clock.timestamp(authorization.auth_time) if authorization.auth_time else None,
        "acr": authorization.acr,
        "amr": authorization.amr,
        "sid": authorization.sid,
    }
    return {name: value for name, value in values.items() if value}
