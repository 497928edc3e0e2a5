"""The refresh token grant (RFC 6749, section 6): rotation always, reuse revokes the family, a lost answer does no harm.

The direct predecessor, presented by the same client within the grace window, gets the same successor again (S7).
"""

from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import Row

from authserver import clock
from authserver.domain.authorizations import authorizations
from authserver.domain.clients import token_lifetimes
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import refresh_tokens, tokens
from authserver.protocol.errors import ErrorCode
from authserver.protocol.oauth2 import requested_scope
from authserver.protocol.oauth2.grants.base import Grant
from authserver.protocol.oauth2.token_response import TokenIssue
from authserver.vocabulary import GrantType


class RefreshTokenGrant(Grant):
    """Exchanges the present refresh token of a family for the next one and a new access token."""

    GRANT_TYPE = GrantType.REFRESH_TOKEN

    def validate_token_request(self) -> None:
        """Authenticate the client and check the refresh token and scope; raises the OAuth error."""
        value = self.request.required("refresh_token")
        # What cannot be one of ours names no family, and is refused like one that is not known.
        self.presented = refresh_tokens.parse_refresh_token(value) or refresh_tokens.UNKNOWN
        self._read()
        self.audience = self.granted_audience()

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Rotate the family, or repeat the successor that the presented token already has."""
        now = clock.now()
        if self._is_present() and (document := self._rotate(now)) is not None:
            return 200, document, self.TOKEN_RESPONSE_HEADER
        if self._is_present():
            # Another request rotated the family between our read and our write.
            self._read()
        return 200, self._repeat(now), self.TOKEN_RESPONSE_HEADER

    def _read(self) -> None:
        self.admit(tokens.find_refresh, self.presented)
        self._check(self.row)

    def _check(self, row: Row[Any]) -> None:
        if not refresh_tokens.is_genuine(self.server.vault, self.presented, row.seed, row.pepper_id):
            raise self._refusal("The refresh token is unknown.", Cause.REFRESH_TOKEN_UNKNOWN)
        if row.owner_id != self.caller.id:
            raise self._refusal(
                "The refresh token was issued to another client.", Cause.REFRESH_TOKEN_OF_ANOTHER_CLIENT
            )
        # Reuse counts whatever else is wrong with the request: who has stolen a token may not know its scope.
        if not self._is_honoured():
            self._revoke_reused()
        self.scope = self._requested_scope()
        self.check_granted(self.scope)
        if min(row.expires_at, row.idle_expires_at) <= clock.now():
            raise self._refusal("The refresh token has expired.", Cause.REFRESH_TOKEN_EXPIRED)

    def _requested_scope(self) -> str:
        asked = self.request.parameters.get("scope")
        if asked is None:
            return str(self.row.scope)
        requested = " ".join(requested_scope.parse_scope(asked, self.caller))
        # RFC 6749, section 6: no scope beyond what the user granted.
        if not set(requested.split()) <= set(self.row.scope.split()):
            raise self._refusal(
                "The scope exceeds what was granted.",
                Cause.SCOPE_EXCEEDS_GRANT,
                kind=ErrorCode.INVALID_SCOPE,
                received=requested,
                expected=self.row.scope,
            )
        return requested

    def _is_present(self) -> bool:
        return bool(self.presented.generation == self.row.generation)

    def _is_honoured(self) -> bool:
        """Return whether this is the present token or, for a moment, the one before: its answer may have been lost (S7)."""
        is_predecessor = self.presented.generation == self.row.generation - 1
        grace = self.server.settings.refresh_grace
        return self._is_present() or (is_predecessor and clock.now() - self.row.rotated_at < grace)

    def _rotate(self, now: datetime) -> dict[str, Any] | None:
        issuing = TokenIssue(self.server, self.caller, self.scope, now, self.audience)
        name = token_lifetimes.REFRESH_TOKEN_IDLE
        idle_lifetime = token_lifetimes.lifetime_of(self.caller.details, self.server.settings, name)
        values = issuing.values | {
            "family_id": self.row.family_id,
            "presented": self.presented.generation,
            "refresh_idle_expires_at": now + idle_lifetime,
        }
        with self.server.database.consuming() as connection:
            issued = tokens.ROTATE.execute(connection, values)
        return None if issued is None else issuing.refreshed(self.row, issued, self.presented.generation + 1)

    def _repeat(self, now: datetime) -> dict[str, Any]:
        issuing = TokenIssue(self.server, self.caller, self.scope, now, self.audience)
        with self.server.database.consuming() as connection:
            issued = tokens.issue(connection, self.row.authorization_id, issuing.values)
        return issuing.refreshed(self.row, issued, self.row.generation)

    def _revoke_reused(self) -> NoReturn:
        actor = self.request.actor(self.caller)
        with self.server.database.transaction() as db:
            authorizations.revoke(db, actor, self.row.authorization_id, reason="refresh token reused")
        raise self._refusal(
            "The refresh token has been used; its family was revoked.", Cause.REFRESH_TOKEN_REUSED
        )
