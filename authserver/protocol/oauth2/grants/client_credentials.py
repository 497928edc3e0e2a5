"""The client credentials grant (RFC 6749, section 4.4): a confidential client acts for itself; no refresh token."""

from typing import Any

from sqlalchemy.exc import IntegrityError

from authserver import clock
from authserver.domain.authorizations import client_authorizations
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import tokens
from authserver.domain.tokens.tokens import IssuedRows
from authserver.protocol.errors import ErrorCode
from authserver.protocol.oauth2 import requested_scope, resources
from authserver.protocol.oauth2.grants.base import Grant
from authserver.protocol.oauth2.token_response import TokenIssue
from authserver.vocabulary import AuthMethod, GrantType


class ClientCredentialsGrant(Grant):
    """Issues an access token to the client that authenticates."""

    GRANT_TYPE = GrantType.CLIENT_CREDENTIALS

    def validate_token_request(self) -> None:
        """Authenticate the client and pass the gate; raises the OAuth error."""
        asked, key = self.request.parameters.get("scope"), self.request.credentials.client_key
        self.own_key = client_authorizations.request_key(
            key, asked, [value for _, value in self.request.resources]
        )
        self.admit(client_authorizations.find, self.own_key)
        if self.caller.auth_method == AuthMethod.NONE:
            # RFC 6749, section 4.4: the grant MUST only be used by confidential clients.
            fault = "A client without a secret cannot act for itself."
            raise self._refusal(
                fault,
                Cause.PUBLIC_CLIENT,
                kind=ErrorCode.UNAUTHORIZED_CLIENT,
                received="no secret",
                expected="a client with a secret or a key",
            )
        self.scope = requested_scope.scope_for_client(asked, self.caller)
        self.audience = resources.requested_resources(
            self.request.resources, self.caller, self.server.settings
        )

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Issue the token under the authorization that all such requests share."""
        issuing = TokenIssue(self.server, self.caller, self.scope, clock.now(), self.audience)
        return 200, issuing.alone(self._issue(issuing)), self.TOKEN_RESPONSE_HEADER

    def _issue(self, issuing: TokenIssue) -> IssuedRows:
        if client_authorizations.is_alive(self.row, self.scope):
            try:
                with self.server.database.consuming() as connection:
                    return tokens.issue(connection, self.row.authorization_id, issuing.values)
            except IntegrityError:
                # The clean-up removed the authorization, under which no token was left, since it was read.
                pass
        with self.server.database.transaction() as db:
            authorization_id = client_authorizations.renew(
                db,
                self.request.actor(self.caller),
                self.own_key,
                client=self.row,
                scope=self.scope,
                resources=self.audience,
            )
            return tokens.issue(db.connection(), authorization_id, issuing.values)
