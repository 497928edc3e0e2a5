"""The refresh token grant (RFC 6749, section 6).

A refresh token rotates on every use, and reuse revokes the family. Within the grace window, the same client may send
the previous token again and gets the same successor, because the first response may have been lost (S7).
"""

from datetime import timedelta
from typing import Any, NoReturn

from sqlalchemy import Connection, Row

from authserver import clock
from authserver.domain.authorizations import authorizations
from authserver.domain.clients import token_lifetimes
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import refresh_tokens, tokens
from authserver.domain.tokens.refresh_tokens import PresentedRefreshToken
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.oauth2 import requested_scope
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.oauth2.grants.base import (
    ApprovedRequest,
    CheckResult,
    Grant,
    PresentedRequest,
    RecordChanged,
)
from authserver.vocabulary import GrantType


class RefreshTokenGrant(Grant):
    """Exchanges the current refresh token of a family for its successor and a new access token."""

    grant_type = GrantType.REFRESH_TOKEN
    has_scope_parameter = True

    def load(self, connection: Connection, request: ClientRequest) -> Row[Any] | None:
        """Read the client and the refresh token family."""
        return tokens.find_refresh_token(connection, request.client_key, _parse_token(request))

    def check(self, presented: PresentedRequest) -> CheckResult:
        """Check the refresh token and the scope; reuse revokes the authorization."""
        token, row = _parse_token(presented.request), presented.row
        if not refresh_tokens.is_genuine(presented.services.vault, token, row.seed, row.pepper_id):
            raise presented.error(Cause.REFRESH_TOKEN_UNKNOWN, "The refresh token is unknown.")
        if row.owner_id != presented.client.id:
            raise presented.error(
                Cause.REFRESH_TOKEN_OF_ANOTHER_CLIENT, "The refresh token was issued to another client."
            )
        # Check reuse first: an attacker may send a wrong scope, and reuse must revoke the family even then.
        if not _is_usable(token, row, presented.services.settings.refresh_grace):
            _revoke_reused(presented)
        return CheckResult(_scope(presented), _expiry_error(presented))

    def issue(self, approved: ApprovedRequest) -> dict[str, Any]:
        """Rotate the family. For a retry, issue only an access token, and return the existing successor."""
        token = _parse_token(approved.request)
        return _rotate(approved) if token.generation == approved.row.generation else _repeat(approved)


def _parse_token(request: ClientRequest) -> PresentedRefreshToken:
    # A value in another format gets the same error as an unknown token.
    return refresh_tokens.parse_refresh_token(request.required("refresh_token")) or refresh_tokens.UNKNOWN


def _is_usable(token: PresentedRefreshToken, row: Row[Any], grace: timedelta) -> bool:
    """Return whether the token is the current one of its family, or the previous one within the grace window."""
    if token.generation == row.generation:
        return True
    return bool(token.generation == row.generation - 1 and clock.now() - row.rotated_at < grace)


def _scope(presented: PresentedRequest) -> str:
    """Return the requested scope, or the granted scope by default; raises invalid_scope."""
    parameter, granted = presented.request.parameters.get("scope"), str(presented.row.scope)
    if parameter is None:
        return granted
    requested = " ".join(requested_scope.parse_scope(parameter, presented.client))
    # RFC 6749, section 6: the scope must not include any scope that the user did not grant.
    if not set(requested.split()) <= set(granted.split()):
        raise presented.error(
            Cause.SCOPE_EXCEEDS_GRANT,
            "scope includes a scope that was not granted.",
            code=ErrorCode.INVALID_SCOPE,
            received=requested,
            expected=granted,
        )
    return requested


def _expiry_error(presented: PresentedRequest) -> ProtocolError | None:
    if min(presented.row.expires_at, presented.row.idle_expires_at) > clock.now():
        return None
    return presented.error(Cause.REFRESH_TOKEN_EXPIRED, "The refresh token has expired.")


def _rotate(approved: ApprovedRequest) -> dict[str, Any]:
    """Replace the current token of the family, and issue an access token in the same step."""
    row, new, now = approved.row, approved.new_tokens(), clock.now()
    idle_lifetime = token_lifetimes.lifetime_of(
        approved.client.details, approved.services.settings, token_lifetimes.REFRESH_TOKEN_IDLE
    )
    values = new.values | {
        "family_id": row.family_id,
        "presented": row.generation,
        "refresh_idle_expires_at": now + idle_lifetime,
    }
    with approved.services.database.consuming() as connection:
        issued = tokens.ROTATE.execute(connection, values)
    if issued is None:
        raise RecordChanged
    return new.refreshed_response(row, issued, row.generation + 1)


def _repeat(approved: ApprovedRequest) -> dict[str, Any]:
    """Issue an access token for a retry, and return the refresh token that the first attempt created."""
    row, new = approved.row, approved.new_tokens()
    with approved.services.database.consuming() as connection:
        issued = tokens.issue(connection, row.authorization_id, new.values)
    return new.refreshed_response(row, issued, row.generation)


def _revoke_reused(presented: PresentedRequest) -> NoReturn:
    with presented.services.database.transaction() as db:
        authorizations.revoke(
            db, presented.actor, presented.row.authorization_id, reason="refresh token reused"
        )
    raise presented.error(
        Cause.REFRESH_TOKEN_REUSED,
        "The refresh token was already used; all tokens of its family have been revoked.",
    )
