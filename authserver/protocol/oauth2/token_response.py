"""New tokens: generates the secrets, the values to store, and the token response (RFC 6749, section 5.1)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from authserver.domain import access_state
from authserver.domain.access_state import UserFacts
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import token_lifetimes
from authserver.domain.tokens import refresh_tokens, tokens
from authserver.domain.tokens.tokens import IssuedRows
from authserver.protocol.oidc import claims
from authserver.protocol.oidc.id_token import NewIdToken
from authserver.protocol.services import Services
from authserver.vocabulary import GrantType, ScopeName


class NewTokens:
    """The tokens for one token request.

    Pass ``values`` to the statement that stores the tokens. Then pass the row ids that the statement returns to one of
    the response methods.
    """

    def __init__(
        self,
        services: Services,
        client: RegisteredClient,
        scope: str,
        now: datetime,
        audience: tuple[str, ...] = (),
    ) -> None:
        self._services = services
        self._client = client
        self._scope = scope
        self._now = now
        self._draft = services.access_tokens.generate(client, scope, now, audience)
        self.with_refresh = GrantType.REFRESH_TOKEN in client.grant_types
        self.values = services.access_tokens.values(self._draft)
        if self.with_refresh:
            self.values |= self._refresh_values()

    def response(self, row: Row[Any], issued: IssuedRows) -> dict[str, Any]:
        """Return the response for the first tokens of an authorization; ``row`` is the row that the grant loaded."""
        return self.response_for_user(access_state.user_facts_of(row), row, issued)

    def response_for_user(
        self, user: UserFacts | None, authorization: Any, issued: IssuedRows
    ) -> dict[str, Any]:
        """Return the response for the first tokens of ``authorization``, which is an ORM record or a query row."""
        document = self._access_token(user, authorization, issued)
        if issued.refresh_token_id is not None:
            document["refresh_token"] = refresh_tokens.format_refresh_token(
                self._services.vault,
                issued.refresh_token_id,
                self.values["refresh_seed"],
                self.values["refresh_pepper_id"],
                generation=1,
            )
        return self._with_id_token(document, user, authorization)

    def refreshed_response(self, row: Row[Any], issued: IssuedRows, generation: int) -> dict[str, Any]:
        """Return the response for a refresh; ``generation`` is the generation of the refresh token to return."""
        user = access_state.user_facts_of(row)
        document = self._access_token(user, row, issued)
        document["refresh_token"] = refresh_tokens.format_refresh_token(
            self._services.vault, row.family_id, row.seed, row.pepper_id, generation
        )
        # OpenID Connect Core, section 12.2: a refreshed ID token should not have a nonce.
        return self._with_id_token(document, user, row, with_nonce=False)

    def client_response(self, issued: IssuedRows) -> dict[str, Any]:
        """Return the response for an access token of a client that acts on its own behalf."""
        return self._access_token(None, None, issued)

    def _refresh_values(self) -> dict[str, Any]:
        details, settings = self._client.details, self._services.settings
        return tokens.refresh_values(
            self._services.vault,
            self._now,
            token_lifetimes.lifetime_of(details, settings, token_lifetimes.REFRESH_TOKEN),
            token_lifetimes.lifetime_of(details, settings, token_lifetimes.REFRESH_TOKEN_IDLE),
        )

    def _access_token(self, user: UserFacts | None, authorization: Any, issued: IssuedRows) -> dict[str, Any]:
        value = self._services.access_tokens.format_token(
            self._draft, issued.access_token_id, user, authorization
        )
        document = {
            "access_token": value,
            "token_type": "Bearer",
            "expires_in": self._draft.expires_in,
        }
        return document | ({"scope": self._scope} if self._scope else {})

    def _with_id_token(
        self, document: dict[str, Any], user: UserFacts | None, authorization: Any, *, with_nonce: bool = True
    ) -> dict[str, Any]:
        if user is None or ScopeName.OPENID not in self._scope.split():
            return document
        id_token = self._services.id_tokens.issue(
            NewIdToken(
                self._client,
                user,
                authorization,
                self._now,
                access_token=document["access_token"],
                claims=claims.id_token_claims(self._client, self._scope.split()),
                with_nonce=with_nonce,
            )
        )
        return document | {"id_token": id_token}
