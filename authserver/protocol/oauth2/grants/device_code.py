"""The device authorization grant at the token endpoint (RFC 8628, section 3.4), which a device polls.

``device_authorization`` issues the codes; the page for users is ``web.frontchannel.devices``.
"""

from typing import Any, NoReturn

from sqlalchemy import Connection, Row

from authserver import clock
from authserver.domain import opaque_tokens
from authserver.domain.authorizations import authorizations
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.tokens import device_authorizations
from authserver.domain.tokens.device_authorizations import DeviceState
from authserver.protocol.access import DenialReason
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.oauth2.grants.base import ApprovedRequest, CheckResult, Grant, PresentedRequest
from authserver.vocabulary import GrantType, TokenPrefix


class DeviceCodeGrant(Grant):
    """Redeems a device code, once, after the user has allowed the request."""

    grant_type = GrantType.DEVICE_CODE

    def load(self, connection: Connection, request: ClientRequest) -> Row[Any] | None:
        """Read the client and the device authorization."""
        return device_authorizations.find(connection, request.client_key, _parse_code(request))

    def check(self, presented: PresentedRequest) -> CheckResult:
        """Check the device code and its state; a replay revokes the authorization."""
        code, row = _parse_code(presented.request), presented.row
        if code is None or row.device_id is None or not opaque_tokens.matches(code, row.digest):
            raise presented.error(Cause.DEVICE_CODE_UNKNOWN, "The device code is unknown.")
        if row.owner_id != presented.client.id:
            raise presented.error(
                Cause.DEVICE_CODE_OF_ANOTHER_CLIENT, "The device code was issued to another client."
            )
        if row.requested_client_epoch not in {None, row.s_client_epoch}:
            denial = DenialReason.CLIENT_WAS_DISAPPROVED
            raise presented.error(denial.cause, denial.description)
        if row.state == DeviceState.CONSUMED:
            _revoke_replayed(presented)
        if row.state == DeviceState.DENIED:
            raise presented.error(
                Cause.USER_DENIED, "The user denied the request.", code=ErrorCode.ACCESS_DENIED
            )
        if row.expires_at <= clock.now():
            raise presented.error(
                Cause.DEVICE_CODE_EXPIRED, "The device code has expired.", code=ErrorCode.EXPIRED_TOKEN
            )
        if row.state == DeviceState.PENDING:
            _raise_pending(presented)
        return CheckResult(row.scope)

    def issue(self, approved: ApprovedRequest) -> dict[str, Any]:
        """Consume the device code and issue its tokens in one step; of two parallel polls, the second is a replay."""
        new = approved.new_tokens()
        values = new.values | {"device_id": approved.row.device_id}
        with approved.services.database.consuming() as connection:
            issued = device_authorizations.REDEEM.execute(connection, values, with_refresh=new.with_refresh)
        if issued is None:
            _revoke_replayed(approved)
        return new.response(approved.row, issued)


def _parse_code(request: ClientRequest) -> OpaqueToken | None:
    return opaque_tokens.parse_token(TokenPrefix.DEVICE_CODE, request.required("device_code"))


def _raise_pending(presented: PresentedRequest) -> NoReturn:
    """Record the poll, and raise authorization_pending, or slow_down if it came too early (RFC 8628, section 3.5)."""
    with presented.services.database.consuming() as connection:
        is_in_time = device_authorizations.poll(connection, presented.row)
    if is_in_time:
        raise ProtocolError(ErrorCode.AUTHORIZATION_PENDING, None, "The user has not decided yet.")
    raise ProtocolError(
        ErrorCode.SLOW_DOWN,
        None,
        f"Increase the polling interval by {device_authorizations.SLOW_DOWN_SECONDS} seconds.",
    )


def _revoke_replayed(presented: PresentedRequest) -> NoReturn:
    with presented.services.database.transaction() as db:
        # The row may have been loaded before the user allowed the request, so read the authorization again.
        authorization_id = device_authorizations.authorization_of(db, presented.row.device_id)
        if authorization_id is not None:
            authorizations.revoke(db, presented.actor, authorization_id, reason="device code replayed")
    raise presented.error(
        Cause.DEVICE_CODE_REPLAYED, "The device code was already used; its tokens have been revoked."
    )
