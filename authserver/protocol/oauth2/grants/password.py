"""The password grant (RFC 6749, section 4.3), for older clients that are registered for it.

Passwords are checked as on the sign-in page, with separate limits (see ``domain.users.sign_in_limits``).
"""

from functools import partial
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.orm import Session

from authserver import clock
from authserver.domain import access_state, application_access
from authserver.domain.authorizations import authorizations
from authserver.domain.authorizations.authorizations import (
    Authorization,
    NewAuthorization,
    UserAuthentication,
)
from authserver.domain.clients import clients
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import tokens
from authserver.domain.users import authentication
from authserver.domain.users.authentication import SecondFactorRequired, SignInAttempt, WrongCredentials
from authserver.domain.users.sign_in_limits import GrantClient
from authserver.domain.users.users import User
from authserver.protocol import access
from authserver.protocol.access import DenialReason
from authserver.protocol.errors import ProtocolError
from authserver.protocol.oauth2 import requested_scope
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.oauth2.grants.base import ApprovedRequest, CheckResult, Grant, PresentedRequest
from authserver.vocabulary import Acr, AuthMethod, GrantType


class PasswordGrant(Grant):
    """Exchanges a user's name and password for tokens."""

    grant_type = GrantType.PASSWORD
    has_scope_parameter = True

    def load(self, connection: Connection, request: ClientRequest) -> Row[Any] | None:
        """Read the client."""
        return access_state.find_client(connection, request.client_key)

    def check(self, presented: PresentedRequest) -> CheckResult:
        """Check that the parameters are present, and return the scope."""
        _attempt(presented)
        parameter = presented.request.parameters.get("scope")
        return CheckResult(requested_scope.scope_for_user(parameter, presented.client))

    def issue(self, approved: ApprovedRequest) -> dict[str, Any]:
        """Check the password, then record the authorization and issue its tokens in one transaction."""
        services = approved.services
        try:
            proof = services.password_authenticator.check(approved.actor, _attempt(approved))
        except WrongCredentials as error:
            raise _wrong_password(approved) from error
        new = approved.new_tokens()
        try:
            with services.database.transaction() as db:
                user = authentication.complete_sign_in(db, proof)
                if not access.may_use(approved.client, user):
                    raise _not_allowed(approved)
                authorization = _authorize(db, approved, user)
                issued = tokens.issue(
                    db.connection(), authorization.id, new.values, with_refresh=new.with_refresh
                )
                facts = access_state.facts_of_user(user)
        except WrongCredentials as error:
            raise _wrong_password(approved) from error
        except SecondFactorRequired as error:
            raise _second_factor_required(approved) from error
        return new.response_for_user(facts, authorization, issued)


def _attempt(presented: PresentedRequest) -> SignInAttempt:
    client = presented.client
    username, password = (presented.request.required(name, client.id) for name in ("username", "password"))
    is_confidential = client.auth_method != AuthMethod.NONE
    is_used_by = partial(application_access.has_used, client_id=client.id)
    return SignInAttempt(username, password, client=GrantClient(client.id, is_confidential, is_used_by))


def _authorize(db: Session, approved: ApprovedRequest, user: User) -> Authorization:
    now = clock.now()
    user.last_sign_in_at = now
    clients.record_sign_in_time(db, approved.client.id)
    return authorizations.add(
        db,
        approved.actor,
        NewAuthorization(
            client_id=approved.client.id,
            client_epoch=approved.row.s_client_epoch,
            client_name=approved.client.name,
            grant_type=GrantType.PASSWORD,
            scope=approved.scope,
            user=UserAuthentication(user.id, user.epoch, now, Acr.PASSWORD, ("pwd",)),
            request={"resource": list(approved.resources)} if approved.resources else {},
        ),
    )


def _wrong_password(presented: PresentedRequest) -> ProtocolError:
    return presented.error(Cause.PASSWORD_WRONG, "The user name or the password is wrong.")


def _not_allowed(presented: PresentedRequest) -> ProtocolError:
    denial = DenialReason.USER_NOT_ALLOWED
    _, expected = access.compare_registration(denial, presented.client, (), ())
    return presented.error(denial.cause, denial.description, expected=expected)


def _second_factor_required(presented: PresentedRequest) -> ProtocolError:
    return presented.error(
        Cause.SECOND_FACTOR_REQUIRED,
        "This account requires a second factor, which the password grant does not support.",
        received="a password alone",
        expected="a grant with a sign-in in the browser",
    )
