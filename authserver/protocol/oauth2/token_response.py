"""The successful answer of the token endpoint (RFC 6749, section 5.1): what is issued, and how it is told."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from authserver.domain.authorizations import access_state
from authserver.domain.authorizations.access_state import UserFacts
from authserver.domain.clients import token_lifetimes
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.tokens import refresh_tokens, tokens
from authserver.domain.tokens.tokens import IssuedRows
from authserver.vocabulary import GrantType, ScopeName

if TYPE_CHECKING:
    from authserver.protocol.oauth2.server import OAuth2Server


class TokenIssue:
    """One issue of tokens: the secrets are drawn first, the statement stores their digests, the answer tells them."""

    def __init__(
        self,
        server: OAuth2Server,
        client: RegisteredClient,
        scope: str,
        now: datetime,
        audience: tuple[str, ...] = (),
    ) -> None:
        self._server = server
        self._policy = client
        self._scope = scope
        self._now = now
        self._draft = server.access_tokens.draw(client, scope, now, audience)
        self.with_refresh = GrantType.REFRESH_TOKEN in client.grant_types
        self.values = server.access_tokens.values(self._draft)
        if self.with_refresh:
            self.values |= tokens.refresh_values(
                server.vault,
                now,
                token_lifetimes.lifetime_of(client.details, server.settings, token_lifetimes.REFRESH_TOKEN),
                token_lifetimes.lifetime_of(
                    client.details, server.settings, token_lifetimes.REFRESH_TOKEN_IDLE
                ),
            )

    def document(self, row: Row[Any], issued: IssuedRows) -> dict[str, Any]:
        """Return the answer for newly issued tokens; ``row`` is what the grant's statement read."""
        return self.for_person(access_state.user_facts_of(row), row, issued)

    def for_person(self, person: UserFacts | None, granted: Any, issued: IssuedRows) -> dict[str, Any]:
        """Return the answer for newly issued tokens, given the person and the authorization."""
        document = self._access(person, granted, issued)
        if issued.refresh_token_id is not None:
            document["refresh_token"] = refresh_tokens.format_refresh_token(
                self._server.vault,
                issued.refresh_token_id,
                self.values["refresh_seed"],
                self.values["refresh_pepper_id"],
                generation=1,
            )
        return self._with_id_token(document, person, granted)

    def refreshed(self, row: Row[Any], issued: IssuedRows, generation: int) -> dict[str, Any]:
        """Return the answer for tokens of an existing family at that generation."""
        person = access_state.user_facts_of(row)
        document = self._access(person, row, issued)
        document["refresh_token"] = refresh_tokens.format_refresh_token(
            self._server.vault, row.family_id, row.seed, row.pepper_id, generation
        )
        # OpenID Connect Core, section 12.2: an ID token that was refreshed should have no nonce.
        return self._with_id_token(document, person, row, with_nonce=False)

    def alone(self, issued: IssuedRows) -> dict[str, Any]:
        """Return the answer for an access token that a client got for itself."""
        return self._access(None, None, issued)

    def _access(self, person: UserFacts | None, granted: Any, issued: IssuedRows) -> dict[str, Any]:
        value = self._server.access_tokens.write(self._draft, issued.access_token_id, person, granted)
        document = {
            "access_token": value,
            "token_type": "Bearer",
            "expires_in": self._draft.expires_in,
        }
        return document | ({"scope": self._scope} if self._scope else {})

    def _with_id_token(
        self, document: dict[str, Any], person: UserFacts | None, granted: Any, *, with_nonce: bool = True
    ) -> dict[str, Any]:
        if person is not None and ScopeName.OPENID in self._scope.split():
            document["id_token"] = self._server.id_tokens.issue(
                self._policy,
                person,
                granted,
                now=self._now,
                access_token=document["access_token"],
                with_nonce=with_nonce,
            )
        return document
