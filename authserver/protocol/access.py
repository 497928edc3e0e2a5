"""The access check (S1): decides whether client, user, authorization and session permit the issue or use of a token."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from authserver import clock
from authserver.domain.access_state import AccessState
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import user_access
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.users.users import User
from authserver.messages import message
from authserver.vocabulary import OAUTH1_GRANT, ClientStatus, GrantType


class DenialReason(StrEnum):
    """The reason why the access check denies a request; the value is the cause in the error log."""

    CLIENT_PENDING = "client-pending"
    CLIENT_DISAPPROVED = "client-disapproved"
    CLIENT_WAS_DISAPPROVED = "client-was-disapproved"
    USER_DISABLED = "user-disabled"
    USER_CHANGED = "user-changed"
    REVOKED = "authorization-revoked"
    SIGNED_OUT = "signed-out"
    SESSION_EXPIRED = "session-expired"
    USER_NOT_ALLOWED = "user-not-allowed"
    GRANT_NOT_REGISTERED = "grant-type-not-registered"
    RESPONSE_TYPE_NOT_REGISTERED = "response-type-not-registered"
    SCOPE_NOT_REGISTERED = "scope-not-registered"

    @property
    def cause(self) -> Cause:
        """The cause under which the error log records the denial."""
        return Cause(self.value)

    @property
    def description(self) -> str:
        """The error description for the client."""
        return _DESCRIPTIONS[self]

    @property
    def concerns_client(self) -> bool:
        """Whether the denial concerns the client itself, rather than a code, token, authorization or scope."""
        return self in {
            DenialReason.CLIENT_PENDING,
            DenialReason.CLIENT_DISAPPROVED,
            DenialReason.GRANT_NOT_REGISTERED,
        }


_DESCRIPTIONS = {
    DenialReason.CLIENT_PENDING: message("This client is waiting for an administrator's approval."),
    DenialReason.CLIENT_DISAPPROVED: message("An administrator has disapproved this client."),
    DenialReason.CLIENT_WAS_DISAPPROVED: message(
        "The client was disapproved after this code or token was issued."
    ),
    DenialReason.USER_DISABLED: message("The user's account is disabled."),
    DenialReason.USER_CHANGED: message(
        "The user's account was disabled or its password was changed after this code or token was issued."
    ),
    DenialReason.REVOKED: message("The authorization was revoked."),
    DenialReason.SIGNED_OUT: message("The user has signed out."),
    DenialReason.SESSION_EXPIRED: message("The user's session has expired."),
    DenialReason.USER_NOT_ALLOWED: message("The user is not in a group that may use this client."),
    DenialReason.GRANT_NOT_REGISTERED: message("The client is not registered for this grant type."),
    DenialReason.RESPONSE_TYPE_NOT_REGISTERED: message(
        "The client is not registered for this response type."
    ),
    DenialReason.SCOPE_NOT_REGISTERED: message("The client is not registered for a requested scope."),
}


class ClientNotApproved(Exception):
    """The client is pending or disapproved. The server shows an error page and does not redirect the browser."""

    def __init__(self, client: RegisteredClient, denial: DenialReason) -> None:
        self.client = client
        self.denial = denial
        super().__init__(denial.description)


class UserNotAllowed(Exception):
    """The signed-in user may not use the client, because of the groups of the user."""

    def __init__(self, client: RegisteredClient, user: User) -> None:
        self.client = client
        self.user = user
        self.denial = DenialReason.USER_NOT_ALLOWED
        super().__init__(self.denial.description)


def check_access(
    state: AccessState,
    client: RegisteredClient | None = None,
    *,
    grant_type: str | None = None,
    response_type: str | None = None,
    scopes: Collection[str] = (),
) -> DenialReason | None:
    """Return why a request must be denied, or None.

    ``state`` must have been read for this request, by the statement that loads the client or the credential. Omit
    ``client`` only if no user, grant type, response type or scope is known yet.
    """
    return (
        _check_status(state)
        or _check_authorization(state)
        or (_check_groups(client, state) if client else None)
        or (_check_registration(client, state, grant_type, response_type, scopes) if client else None)
    )


def may_use(client: RegisteredClient, user: User) -> bool:
    """Return whether the groups of a user permit the use of a client."""
    return user_access.allows(client.details, user.group_names)


def compare_registration(
    denial: DenialReason, client: RegisteredClient, grant_types: Sequence[str], scopes: Sequence[str]
) -> tuple[str, str]:
    """Return ``received`` and ``expected`` for the error log: the requested and the registered scopes or grant types.

    For a user who may not use the client, ``expected`` are the allowed groups. Both are empty for any other denial.
    """
    if denial is DenialReason.SCOPE_NOT_REGISTERED:
        return " ".join(scopes), " ".join(sorted(client.scopes))
    if denial is DenialReason.USER_NOT_ALLOWED:
        return "", "\n".join(client.details[user_access.ALLOWED_GROUPS])
    if denial is DenialReason.GRANT_NOT_REGISTERED:
        missing = [name for name in grant_types if name not in client.grant_types]
        return " ".join(missing), " ".join(sorted(client.grant_types))
    return "", ""


def _check_status(state: AccessState) -> DenialReason | None:
    if state.client_status == ClientStatus.APPROVED:
        return None
    is_pending = state.client_status == ClientStatus.PENDING
    return DenialReason.CLIENT_PENDING if is_pending else DenialReason.CLIENT_DISAPPROVED


def _check_authorization(state: AccessState) -> DenialReason | None:
    if state.user_is_active is False:
        return DenialReason.USER_DISABLED
    if state.granted_client_epoch is None:
        return None
    if state.granted_client_epoch != state.client_epoch:
        return DenialReason.CLIENT_WAS_DISAPPROVED
    if state.user_epoch is not None and state.user_epoch != state.granted_user_epoch:
        return DenialReason.USER_CHANGED
    if state.revoked_at is not None:
        return DenialReason.REVOKED
    return None if state.is_offline else _check_session(state)


def _check_session(state: AccessState) -> DenialReason | None:
    if state.session_ended_at is not None:
        return DenialReason.SIGNED_OUT
    # The user may sign in again in the same browser, which continues the session and its authorizations.
    if state.session_expires_at is not None and state.session_expires_at <= clock.now():
        return DenialReason.SESSION_EXPIRED
    return None


def _check_groups(client: RegisteredClient, state: AccessState) -> DenialReason | None:
    if state.user_groups is None or user_access.allows(client.details, state.user_groups):
        return None
    return DenialReason.USER_NOT_ALLOWED


def _check_registration(
    client: RegisteredClient,
    state: AccessState,
    grant_type: str | None,
    response_type: str | None,
    scopes: Collection[str],
) -> DenialReason | None:
    # The grant type implicit need not be registered. The response type was checked when the token was issued.
    required = {grant_type, state.grant_type} - {None, GrantType.IMPLICIT, OAUTH1_GRANT}
    if not client.grant_types.issuperset(required):
        return DenialReason.GRANT_NOT_REGISTERED
    if response_type is not None and response_type not in client.response_types:
        return DenialReason.RESPONSE_TYPE_NOT_REGISTERED
    if not client.scopes.issuperset(scopes):
        return DenialReason.SCOPE_NOT_REGISTERED
    return None
