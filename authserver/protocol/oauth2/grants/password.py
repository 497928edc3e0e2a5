"""The password grant (RFC 6749, section 4.3), for clients of before that were registered for it, and for no others.

Passwords are checked where the sign-in page checks them, under the same limits; afterwards the same gate decides.
"""

from typing import Any

from sqlalchemy.orm import Session

from authserver import clock
from authserver.domain import throttles
from authserver.domain.authorizations import access_state, authorizations
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients import clients
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import tokens
from authserver.domain.users import authentication
from authserver.domain.users.authentication import SecondFactorRequired, SignInAttempt, WrongCredentials
from authserver.domain.users.users import User
from authserver.protocol.errors import ProtocolError
from authserver.protocol.oauth2 import requested_scope, resources
from authserver.protocol.oauth2.grants.base import Grant
from authserver.protocol.oauth2.token_response import TokenIssue
from authserver.vocabulary import Acr, GrantType


class PasswordGrant(Grant):
    """Exchanges a person's user name and password for tokens."""

    GRANT_TYPE = GrantType.PASSWORD

    def validate_token_request(self) -> None:
        """Authenticate the client, pass the gate, and check the password; raises the OAuth error or Throttled."""
        self.admit(access_state.find_client)
        names = ("username", "password")
        attempt = SignInAttempt(*(self.request.required(name, self.caller.id) for name in names))
        self.scope = requested_scope.scope_for_user(self.request.parameters.get("scope"), self.caller)
        self.audience = resources.requested_resources(
            self.request.resources, self.caller, self.server.settings
        )
        self.actor = self.request.actor(self.caller)
        try:
            self.proof = self.server.authenticator.check(self.actor, attempt)
        except WrongCredentials as error:
            raise self._wrong() from error

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Record the authorization and issue its tokens in one transaction."""
        now = clock.now()
        issuing = TokenIssue(self.server, self.caller, self.scope, now, self.audience)
        try:
            with self.server.database.transaction() as db:
                user = authentication.complete_sign_in(db, self.proof)
                authorization = self._authorize(db, user)
                issued = tokens.issue(
                    db.connection(), authorization.id, issuing.values, with_refresh=issuing.with_refresh
                )
                person = access_state.facts_of_user(user)
        except WrongCredentials as error:
            raise self._wrong() from error
        except SecondFactorRequired as error:
            # The password was right, and must not count as a failed try: it would shut the owner out elsewhere (S20).
            with self.server.database.transaction() as db:
                throttles.refund(db, self.proof.charges)
            raise self._not_enough() from error
        return 200, issuing.for_person(person, authorization, issued), self.TOKEN_RESPONSE_HEADER

    def _authorize(self, db: Session, user: User) -> Authorization:
        now = clock.now()
        user.last_sign_in_at = now
        clients.note_sign_in(db, self.caller.id)
        return authorizations.add(
            db,
            self.actor,
            client_id=self.caller.id,
            client_epoch=self.row.s_client_epoch,
            client_name=self.caller.name,
            grant_type=self.GRANT_TYPE,
            scope=self.scope,
            user_id=user.id,
            user_epoch=user.epoch,
            auth_time=now,
            acr=Acr.PASSWORD,
            amr=["pwd"],
            request={"resource": list(self.audience)} if self.audience else {},
        )

    def _not_enough(self) -> ProtocolError:
        fault = "This account signs in with a second factor, for which this grant cannot ask."
        return self._refusal(
            fault,
            Cause.SECOND_FACTOR_REQUIRED,
            received="a password alone",
            expected="a grant in which the browser asks for the second factor",
        )

    def _wrong(self) -> ProtocolError:
        fault = "The user name or the password is wrong."
        return self._refusal(fault, Cause.PASSWORD_WRONG)
