"""What every grant of the token endpoint shares: the typed ground that it stands on, and the phases before its own checks.

A grant says what it reads and checks, and how that is redeemed; the phases themselves are the server's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec

from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin
from sqlalchemy import Connection, Row

from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.oauth2 import resources
from authserver.protocol.oauth2.token_request import TokenRequest
from authserver.vocabulary import GrantType

if TYPE_CHECKING:
    from authserver.protocol.oauth2.server import OAuth2Server

What = ParamSpec("What")


class Grant(BaseGrant, TokenEndpointMixin):
    """One request for tokens; ``row`` and ``caller`` are there once the client is admitted."""

    GRANT_TYPE: ClassVar[GrantType]
    server: OAuth2Server
    request: TokenRequest
    row: Row[Any]
    caller: RegisteredClient

    def admit(
        self,
        find: Callable[Concatenate[Connection, str, What], Row[Any] | None],
        *what: What.args,
        **named: What.kwargs,
    ) -> None:
        """Read the client and what it presents, authenticate it and pass the gate with it; raises the OAuth error."""
        self.row, self.caller = self.server.admit(self.request, self.GRANT_TYPE, find, *what, **named)

    def check_granted(self, scope: str) -> None:
        """Pass the gate with what the client was granted; raises the OAuth error."""
        self.server.check(self.row, self.caller, grant_type=self.GRANT_TYPE, scope=scope)

    def granted_audience(self) -> tuple[str, ...]:
        """Return what the tokens are for, of what was granted (RFC 8707, section 2.2); raises invalid_target."""
        granted = self.row.request.get("resource", ())
        return resources.narrowed_audience(self.request.resources, self.caller, self.server.settings, granted)

    def _refusal(
        self,
        description: str,
        cause: Cause,
        *,
        kind: ErrorCode = ErrorCode.INVALID_GRANT,
        received: str = "",
        expected: str = "",
    ) -> ProtocolError:
        return ProtocolError(
            kind, cause, description, received=received, expected=expected, client_id=self.caller.id
        )
