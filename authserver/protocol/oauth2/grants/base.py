"""The interface of a grant, and the values that the token endpoint passes to it.

``token_endpoint`` owns the phases and calls the three methods of a grant in their order. Grants have no state.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, final

from sqlalchemy import Connection, Row

from authserver import clock
from authserver.context import Actor
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.oauth2.token_response import NewTokens
from authserver.protocol.services import Services


class RecordChanged(Exception):
    """Another request changed the record between ``load`` and ``issue``; the endpoint runs all phases once again."""


@dataclass(frozen=True, slots=True)
class PresentedRequest:
    """A token request of an authenticated and approved client, and the row that ``load`` read for it."""

    services: Services
    request: ClientRequest
    client: RegisteredClient
    row: Row[Any]

    @property
    def actor(self) -> Actor:
        """The client, as the actor of audit events."""
        return self.request.actor(self.client)

    def error(
        self,
        cause: Cause,
        description: str,
        *,
        code: ErrorCode = ErrorCode.INVALID_GRANT,
        received: str = "",
        expected: str = "",
    ) -> ProtocolError:
        """Return an error about this request, invalid_grant by default."""
        return ProtocolError(
            code, cause, description, received=received, expected=expected, client_id=self.client.id
        )


@final
@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of ``Grant.check``: the scope of the tokens to issue.

    The endpoint raises ``deferred_error`` only after the access check, so that a revoked authorization is reported
    before other problems with the code or token.
    """

    scope: str
    deferred_error: ProtocolError | None = None


@final
@dataclass(frozen=True, slots=True)
class ApprovedRequest(PresentedRequest):
    """A token request that passed all checks, with the scope and the audience of the tokens to issue.

    ``resources`` are the resources that the request or its grant names. The audience can have more, by default.
    """

    scope: str
    audience: tuple[str, ...]
    resources: tuple[str, ...]

    def new_tokens(self) -> NewTokens:
        """Generate tokens with this scope and audience."""
        return NewTokens(self.services, self.client, self.scope, clock.now(), self.audience)


class Grant(ABC):
    """One grant type of the token endpoint."""

    grant_type: ClassVar[str]
    has_scope_parameter: ClassVar[bool] = False
    """Whether requests have the parameter ``scope``. Otherwise the scope is that of the authorization."""

    @abstractmethod
    def load(self, connection: Connection, request: ClientRequest) -> Row[Any] | None:
        """Read the client and the credential (such as a code) in one statement; return None for an unknown client.

        The client is not authenticated yet. The row must have the columns of ``access_state.CLIENT_COLUMNS`` with the
        client's state. If the credential belongs to an authorization, the row must also have the columns of
        ``STATE_COLUMNS`` and ``GRANT_COLUMNS``, which the endpoint needs to check access and audience.
        """

    @abstractmethod
    def check(self, presented: PresentedRequest) -> CheckResult:
        """Check the credential that the authenticated client sent, and return the scope; raises ProtocolError."""

    @abstractmethod
    def issue(self, approved: ApprovedRequest) -> dict[str, Any]:
        """Consume the credential, issue the tokens in the same step, and return the token response.

        Raises RecordChanged if a concurrent request changed the record, so that the phases must run again.
        """
