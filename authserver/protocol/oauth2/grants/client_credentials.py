"""The client credentials grant (RFC 6749, section 4.4): a confidential client acts on its own behalf.

It gets no refresh tokens.
"""

from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from authserver.domain import client_authorizations
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import tokens
from authserver.domain.tokens.tokens import IssuedRows
from authserver.protocol.errors import ErrorCode
from authserver.protocol.oauth2 import requested_scope
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.oauth2.grants.base import ApprovedRequest, CheckResult, Grant, PresentedRequest
from authserver.protocol.oauth2.token_response import NewTokens
from authserver.vocabulary import AuthMethod, GrantType


class ClientCredentialsGrant(Grant):
    """Issues an access token to the authenticated client."""

    grant_type = GrantType.CLIENT_CREDENTIALS
    has_scope_parameter = True

    def load(self, connection: Connection, request: ClientRequest) -> Row[Any] | None:
        """Read the client and the authorization that identical requests share."""
        return client_authorizations.find(connection, request.client_key, _request_key(request))

    def check(self, presented: PresentedRequest) -> CheckResult:
        """Check that the client is confidential, and return the scope."""
        client = presented.client
        # RFC 6749, section 4.4: the grant MUST only be used by confidential clients.
        if client.auth_method == AuthMethod.NONE:
            raise presented.error(
                Cause.PUBLIC_CLIENT,
                "A public client cannot use the client credentials grant.",
                code=ErrorCode.UNAUTHORIZED_CLIENT,
                received="no secret",
                expected="a client with a secret or a key",
            )
        return CheckResult(
            requested_scope.scope_for_client(presented.request.parameters.get("scope"), client)
        )

    def issue(self, approved: ApprovedRequest) -> dict[str, Any]:
        """Issue the access token under the authorization that identical requests share."""
        new = approved.new_tokens()
        return new.client_response(_issue(approved, new))


def _request_key(request: ClientRequest) -> bytes:
    resources = [value for _, value in request.resources]
    return client_authorizations.request_digest(
        request.client_key, request.parameters.get("scope"), resources
    )


def _issue(approved: ApprovedRequest, new: NewTokens) -> IssuedRows:
    database, row = approved.services.database, approved.row
    if client_authorizations.is_valid(row, approved.scope):
        try:
            with database.consuming() as connection:
                return tokens.issue(connection, row.authorization_id, new.values)
        except IntegrityError:
            # Another request replaced the authorization after it was loaded, and the cleanup deleted it.
            pass
    with database.transaction() as db:
        authorization_id = client_authorizations.renew(
            db,
            approved.actor,
            _request_key(approved.request),
            client=row,
            scope=approved.scope,
            resources=approved.resources,
        )
        return tokens.issue(db.connection(), authorization_id, new.values)
