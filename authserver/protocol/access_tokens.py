"""The format of access tokens: opaque, or a JWT (RFC 9068) if the client is registered for it.

Every token has a database row, so that a revoked token stops working at once (S3). The ``jti`` of a JWT contains the
row id and a secret, like an opaque token. For an opaque token, the row stores the digest of the secret. For a JWT, it
stores the digest of that digest. Neither format can therefore be converted into the other.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from authserver import clock
from authserver.domain import opaque_tokens
from authserver.domain.access_state import UserFacts
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import token_lifetimes
from authserver.domain.clients.metadata import AT_JWT, JWT
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.tokens import tokens
from authserver.protocol import issued_jwts
from authserver.protocol.oidc import claims as user_claims
from authserver.protocol.oidc import subjects
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix

_TYPES = (AT_JWT, JWT)


class AuthenticationFacts(Protocol):
    """The columns of an authorization that a JWT access token contains. ORM records and query rows provide them."""

    @property
    def auth_time(self) -> Any: ...
    @property
    def acr(self) -> Any: ...
    @property
    def amr(self) -> Any: ...


@dataclass(frozen=True)
class AccessTokenDraft:
    """A new access token that is not stored yet: it has a secret, but no row id."""

    client: RegisteredClient
    scope: str
    audience: tuple[str, ...]
    now: datetime
    expires_at: datetime
    secret: str

    @cached_property
    def algorithm(self) -> str | None:
        """The algorithm that the token is signed with; None for an opaque token."""
        return self.client.details.get("access_token_signed_response_alg")

    @property
    def expires_in(self) -> int:
        """The lifetime in seconds (RFC 6749, section 5.1)."""
        return int((self.expires_at - self.now).total_seconds())

    @property
    def digest(self) -> bytes:
        """The digest that the row contains."""
        digest = opaque_tokens.digest(self.secret)
        return digest if self.algorithm is None else tokens.digest_of_jwt(digest)


class AccessTokens:
    """Generates and parses access tokens."""

    def __init__(self, settings: Settings, key_ring: KeyRing) -> None:
        self._settings = settings
        self._key_ring = key_ring

    def generate(
        self, client: RegisteredClient, scope: str, now: datetime, audience: tuple[str, ...] = ()
    ) -> AccessTokenDraft:
        """Return a new access token for a client."""
        expires_at = now + token_lifetimes.lifetime_of(
            client.details, self._settings, token_lifetimes.ACCESS_TOKEN
        )
        return AccessTokenDraft(client, scope, audience, now, expires_at, opaque_tokens.new_secret())

    def values(self, draft: AccessTokenDraft) -> dict[str, Any]:
        """Return the values with which the statements of ``domain.tokens.tokens`` store the token."""
        audience = " ".join(draft.audience)
        return tokens.access_values(draft.digest, draft.scope, draft.now, draft.expires_at, audience)

    def format_token(
        self,
        draft: AccessTokenDraft,
        token_id: int,
        user: UserFacts | None,
        authorization: AuthenticationFacts | None,
    ) -> str:
        """Return the token for the client, given the id of its row."""
        if draft.algorithm is None:
            return opaque_tokens.format_token(TokenPrefix.ACCESS_TOKEN, token_id, draft.secret)
        client = draft.client
        # RFC 9068, section 2.2: the subject is the client if it acts on its own behalf.
        subject = client.client_key if user is None else subjects.subject_of(client, user.subject)
        claims = {
            "iss": self._settings.issuer,
            "sub": subject,
            "aud": self._audience(draft),
            "client_id": client.client_key,
            "exp": clock.timestamp(draft.expires_at),
            "iat": clock.timestamp(draft.now),
            "jti": opaque_tokens.format_token(TokenPrefix.TOKEN_ID, token_id, draft.secret),
            **_authentication_claims(user, authorization),
        }
        if draft.scope:
            claims["scope"] = draft.scope
        if user is not None:
            # RFC 9068, sections 2.2.2 and 2.2.3.1: claims about the user, such as groups and roles.
            names = user_claims.shared_claims(client, draft.scope.split())
            claims |= user_claims.claims_by_name(client, user, names)
        typ = client.details.get("access_token_typ") or AT_JWT
        return issued_jwts.sign_jwt(self._key_ring, draft.algorithm, typ, claims)

    def parse_token(self, value: str) -> OpaqueToken | None:
        """Return the row id and digest that an access token contains, or None if this server cannot have issued it."""
        if "." not in value:
            return opaque_tokens.parse_token(TokenPrefix.ACCESS_TOKEN, value)
        # RFC 9068, section 4: check the type, the signature and the issuer. The database row is checked later. ID tokens
        # also have the type JWT, but no jti.
        claims = issued_jwts.verify_jwt(self._key_ring, value, *_TYPES)
        if claims is None or claims.get("iss") != self._settings.issuer:
            return None
        token = opaque_tokens.parse_token(TokenPrefix.TOKEN_ID, claims.get("jti"))
        return None if token is None else OpaqueToken(token.id, tokens.digest_of_jwt(token.digest))

    def _audience(self, draft: AccessTokenDraft) -> str | list[str]:
        # RFC 9068, section 3: without a resource, the audience is the default resource, which is this server.
        audience = draft.audience or (self._settings.issuer,)
        return audience[0] if len(audience) == 1 else list(audience)


def _authentication_claims(
    user: UserFacts | None, authorization: AuthenticationFacts | None
) -> dict[str, Any]:
    if user is None or authorization is None or authorization.auth_time is None:
        return {}
    # RFC 9068, section 2.2.1: the same values as in the ID token of the authorization.
    context = {"acr": authorization.acr, "amr": authorization.amr}
    return {"auth_time": clock.timestamp(authorization.auth_time)} | {
        name: value for name, value in context.items() if value
    }
