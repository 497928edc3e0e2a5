"""Access tokens as clients see them: opaque, or a JWT (RFC 9068) where the client is registered for it.

Both have a row, so that what was revoked stops working at once here (S3). The id of a JWT names its row as an opaque
token would; the row of a JWT holds the digest of the digest, so that neither can be made into the other.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from authserver import clock
from authserver.domain.authorizations.access_state import UserFacts
from authserver.domain.clients import token_lifetimes
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.tokens import opaque_tokens, tokens
from authserver.domain.tokens.opaque_tokens import OpaqueToken
from authserver.protocol import issued_jwts
from authserver.protocol.oidc import subjects
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix

JWT_TYPE = "at+jwt"


class Granted(Protocol):
    """What a JWT access token tells of an authorization: the record, or a row with its columns."""

    @property
    def auth_time(self) -> Any: ...
    @property
    def acr(self) -> Any: ...
    @property
    def amr(self) -> Any: ...


@dataclass(frozen=True)
class AccessTokenDraft:
    """An access token that is going to be stored and then told: the secret is drawn, the row has no number yet."""

    client: RegisteredClient
    scope: str
    audience: tuple[str, ...]
    now: datetime
    expires_at: datetime
    secret: str

    @cached_property
    def algorithm(self) -> str | None:
        """What the token is signed with; None for an opaque one."""
        return self.client.details.get("access_token_signed_response_alg")

    @property
    def expires_in(self) -> int:
        """The lifetime in seconds, as answers tell it (RFC 6749, section 5.1)."""
        return int((self.expires_at - self.now).total_seconds())

    @property
    def digest(self) -> bytes:
        """What the row holds of the token."""
        digest = opaque_tokens.digest(self.secret)
        return digest if self.algorithm is None else tokens.digest_of_jwt(digest)


class AccessTokens:
    """Makes and reads the access tokens of one application."""

    def __init__(self, settings: Settings, key_ring: KeyRing) -> None:
        self._settings = settings
        self._key_ring = key_ring

    def draw(
        self, client: RegisteredClient, scope: str, now: datetime, audience: tuple[str, ...] = ()
    ) -> AccessTokenDraft:
        """Return a new access token for a client."""
        expires_at = now + token_lifetimes.lifetime_of(
            client.details, self._settings, token_lifetimes.ACCESS_TOKEN
        )
        return AccessTokenDraft(client, scope, audience, now, expires_at, opaque_tokens.new_secret())

    def values(self, draft: AccessTokenDraft) -> dict[str, Any]:
        """Return the values under which the statements of ``tokens`` store it."""
        audience = " ".join(draft.audience)
        return tokens.access_values(draft.digest, draft.scope, draft.now, draft.expires_at, audience)

    def write(
        self, draft: AccessTokenDraft, token_id: int, person: UserFacts | None, granted: Granted | None
    ) -> str:
        """Return the value to hand out, once the row has its number."""
        if draft.algorithm is None:
            return opaque_tokens.format_token(TokenPrefix.ACCESS_TOKEN, token_id, draft.secret)
        client = draft.client
        # RFC 9068, section 2.2: where the client acts for itself, it is the subject.
        subject = client.client_key if person is None else subjects.subject_of(client, person.subject)
        claims = {
            "iss": self._settings.issuer,
            "sub": subject,
            "aud": self._audience(draft),
            "client_id": client.client_key,
            "exp": clock.timestamp(draft.expires_at),
            "iat": clock.timestamp(draft.now),
            "jti": opaque_tokens.format_token(TokenPrefix.TOKEN_ID, token_id, draft.secret),
            **_authentication_claims(person, granted),
        }
        if draft.scope:
            claims["scope"] = draft.scope
        return issued_jwts.sign_jwt(self._key_ring, draft.algorithm, JWT_TYPE, claims)

    def read(self, value: str) -> OpaqueToken | None:
        """Return the row that an access token points to, or None when it cannot be one of ours."""
        if "." not in value:
            return opaque_tokens.parse_token(TokenPrefix.ACCESS_TOKEN, value)
        # RFC 9068, section 4: the type, the signature and the issuer; the row says whether it still works.
        claims = issued_jwts.verify_jwt(self._key_ring, value, JWT_TYPE)
        if claims is None or claims.get("iss") != self._settings.issuer:
            return None
        handle = opaque_tokens.parse_token(TokenPrefix.TOKEN_ID, claims.get("jti"))
        return None if handle is None else OpaqueToken(handle.id, tokens.digest_of_jwt(handle.digest))

    def _audience(self, draft: AccessTokenDraft) -> str | list[str]:
        # RFC 9068, section 3: without a resource the default one, which is this server and its userinfo endpoint.
        audience = draft.audience or (self._settings.issuer,)
        return audience[0] if len(audience) == 1 else list(audience)


def _authentication_claims(person: UserFacts | None, granted: Granted | None) -> dict[str, Any]:
    if person is None or granted is None or granted.auth_time is None:
        return {}
    # RFC 9068, section 2.2.1: as in the ID token of the same authorization.
    how = {"acr": granted.acr, "amr": granted.amr}
    return {"auth_time": clock.timestamp(granted.auth_time)} | {
        name: value for name, value in how.items() if value
    }
