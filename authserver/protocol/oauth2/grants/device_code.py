"""The device authorization grant at the token endpoint (RFC 8628, section 3.4): what a device polls.

The endpoint that hands out the codes is in ``device_authorization``, the page for people in ``web.frontchannel``.
"""

from typing import Any, NoReturn

from sqlalchemy import Row

from authserver import clock
from authserver.domain.authorizations import authorizations, device_authorizations
from authserver.domain.authorizations.device_authorizations import DeviceState
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import opaque_tokens
from authserver.protocol.access import DenialReason
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.oauth2.grants.base import Grant
from authserver.protocol.oauth2.token_response import TokenIssue
from authserver.vocabulary import GrantType, TokenPrefix


class DeviceCodeGrant(Grant):
    """Redeems a device code, once, after a person has approved it (RFC 8628, section 3.4)."""

    GRANT_TYPE = GrantType.DEVICE_CODE

    def validate_token_request(self) -> None:
        """Authenticate the client and check how far its device code has come; raises the OAuth error."""
        self.handle = opaque_tokens.parse_token(TokenPrefix.DEVICE_CODE, self.request.required("device_code"))
        self.admit(device_authorizations.find, self.handle)
        self._check_code(self.row)
        self.check_granted(self.row.scope)
        self.audience = self.granted_audience()

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Consume the device code and issue its tokens in one step; a poll that loses the race gets invalid_grant."""
        issuing = TokenIssue(self.server, self.caller, self.row.scope, clock.now(), self.audience)
        values = issuing.values | {"device_id": self.row.device_id}
        with self.server.database.consuming() as connection:
            issued = device_authorizations.REDEEM.execute(
                connection, values, with_refresh=issuing.with_refresh
            )
        if issued is None:
            self._revoke_replayed(self.row)
        return 200, issuing.document(self.row, issued), self.TOKEN_RESPONSE_HEADER

    def _check_code(self, row: Row[Any]) -> None:
        if self.handle is None or row.device_id is None or not opaque_tokens.matches(self.handle, row.digest):
            raise self._refusal("The device code is unknown.", Cause.DEVICE_CODE_UNKNOWN)
        if row.owner_id != self.caller.id:
            raise self._refusal(
                "The device code was issued to another client.", Cause.DEVICE_CODE_OF_ANOTHER_CLIENT
            )
        if row.asked_under_epoch not in {None, row.s_client_epoch}:
            denial = DenialReason.CLIENT_WAS_DISAPPROVED
            raise self._refusal(denial.sentence, denial.cause)
        if row.state == DeviceState.CONSUMED:
            self._revoke_replayed(row)
        if row.state == DeviceState.DENIED:
            raise self._refusal("The user did not allow it.", Cause.USER_DENIED, kind=ErrorCode.ACCESS_DENIED)
        if row.expires_at <= clock.now():
            raise self._refusal(
                "The device code has expired.", Cause.DEVICE_CODE_EXPIRED, kind=ErrorCode.EXPIRED_TOKEN
            )
        if row.state == DeviceState.PENDING:
            self._keep_waiting(row)

    def _keep_waiting(self, row: Row[Any]) -> NoReturn:
        """Tell the device to go on polling, or to do so less often from now on (RFC 8628, section 3.5)."""
        with self.server.database.consuming() as connection:
            is_in_time = device_authorizations.poll(connection, row)
        if is_in_time:
            raise ProtocolError(ErrorCode.AUTHORIZATION_PENDING, None, "The user has not decided yet.")
        wait = f"Poll less often: wait {device_authorizations.SLOW_DOWN_SECONDS} seconds longer between two polls."
        raise ProtocolError(ErrorCode.SLOW_DOWN, None, wait)

    def _revoke_replayed(self, row: Row[Any]) -> NoReturn:
        """Revoke what a device code produced when its rightful client presents it again."""
        actor = self.request.actor(self.caller)
        with self.server.database.transaction() as db:
            # The row that was read may be older than the approval; what counts is what stands there now.
            authorization_id = device_authorizations.authorization_of(db, row.device_id)
            if authorization_id is not None:
                authorizations.revoke(db, actor, authorization_id, reason="device code replayed")
        raise self._refusal(
            "The device code has been used; what it produced was revoked.", Cause.DEVICE_CODE_REPLAYED
        )
