"""The one gate (S1): every issue and every use asks here whether client, user and grant still stand."""

from collections.abc import Collection
from enum import StrEnum

from authserver.domain.authorizations.access_state import AccessState
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.messages import message
from authserver.vocabulary import ClientStatus, GrantType


class DenialReason(StrEnum):
    """Why something is refused; the value is the cause in the diagnostics ledger."""

    CLIENT_PENDING = "client-pending"
    CLIENT_DISAPPROVED = "client-disapproved"
    CLIENT_WAS_DISAPPROVED = "client-was-disapproved"
    USER_DISABLED = "user-disabled"
    USER_CHANGED = "user-changed"
    REVOKED = "authorization-revoked"
    SIGNED_OUT = "signed-out"
    GRANT_NOT_REGISTERED = "grant-type-not-registered"
    RESPONSE_TYPE_NOT_REGISTERED = "response-type-not-registered"
    SCOPE_NOT_REGISTERED = "scope-not-registered"

    @property
    def cause(self) -> Cause:
        """The cause under which the error log records the denial."""
        return Cause(self.value)

    @property
    def sentence(self) -> str:
        """What a client is told."""
        return _SENTENCES[self]

    @property
    def concerns_client(self) -> bool:
        """Whether the client itself is refused, not what it presents."""
        return self in {
            DenialReason.CLIENT_PENDING,
            DenialReason.CLIENT_DISAPPROVED,
            DenialReason.GRANT_NOT_REGISTERED,
        }


_SENTENCES = {
    DenialReason.CLIENT_PENDING: message("This client is waiting for an administrator's approval."),
    DenialReason.CLIENT_DISAPPROVED: message("An administrator has disapproved this client."),
    DenialReason.CLIENT_WAS_DISAPPROVED: message("The client was disapproved after this was issued."),
    DenialReason.USER_DISABLED: message("The user's account is disabled."),
    DenialReason.USER_CHANGED: message("The user's account was reset after this was issued."),
    DenialReason.REVOKED: message("The authorization was revoked."),
    DenialReason.SIGNED_OUT: message("The user has signed out."),
    DenialReason.GRANT_NOT_REGISTERED: message("The client is not registered for this grant type."),
    DenialReason.RESPONSE_TYPE_NOT_REGISTERED: message(
        "The client is not registered for this response type."
    ),
    DenialReason.SCOPE_NOT_REGISTERED: message("The client is not registered for a requested scope."),
}


class ClientNotApproved(Exception):
    """The client waits for an administrator or was disapproved: a page says so, and nothing is redirected."""

    def __init__(self, client: RegisteredClient, denial: DenialReason) -> None:
        self.client = client
        self.denial = denial
        super().__init__(denial.sentence)


def check_access(
    standing: AccessState,
    client: RegisteredClient | None = None,
    *,
    grant_type: str | None = None,
    response_type: str | None = None,
    scopes: Collection[str] = (),
) -> DenialReason | None:
    """Return why a request must be refused, or None.

    ``standing`` is what the serving statement has just read; its authorization part is judged where there is one. The
    policy is left out only before it is known what is asked for, and where there are no scopes and grant types.
    """
    return (
        _judge_client(standing)
        or _judge_authorization(standing)
        or (_judge_registration(client, standing, grant_type, response_type, scopes) if client else None)
    )


def _judge_client(standing: AccessState) -> DenialReason | None:
    if standing.client_status == ClientStatus.APPROVED:
        return None
    return (
        DenialReason.CLIENT_PENDING
        if standing.client_status == ClientStatus.PENDING
        else DenialReason.CLIENT_DISAPPROVED
    )


def _judge_authorization(standing: AccessState) -> DenialReason | None:
    if standing.user_is_active is False:
        return DenialReason.USER_DISABLED
    if standing.granted_client_epoch is None:
        return None
    if standing.granted_client_epoch != standing.client_epoch:
        return DenialReason.CLIENT_WAS_DISAPPROVED
    if standing.user_epoch is not None and standing.user_epoch != standing.granted_user_epoch:
        return DenialReason.USER_CHANGED
    if standing.revoked_at is not None:
        return DenialReason.REVOKED
    if standing.session_ended_at is not None and not standing.is_offline:
        return DenialReason.SIGNED_OUT
    return None


def _judge_registration(
    client: RegisteredClient,
    standing: AccessState,
    grant_type: str | None,
    response_type: str | None,
    scopes: Collection[str],
) -> DenialReason | None:
    # Implicit is no grant type that administrators tick: there the response type was judged when it was issued.
    asked = {grant_type, standing.grant_type} - {None, GrantType.IMPLICIT}
    if not client.grant_types.issuperset(asked):
        return DenialReason.GRANT_NOT_REGISTERED
    if response_type is not None and response_type not in client.response_types:
        return DenialReason.RESPONSE_TYPE_NOT_REGISTERED
    if not client.scopes.issuperset(scopes):
        return DenialReason.SCOPE_NOT_REGISTERED
    return None
