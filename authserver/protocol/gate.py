"""The one gate (S1): every issue and every use asks here whether client, user and grant still stand."""

from collections.abc import Collection
from enum import StrEnum

from authserver.domain.policies import Policy
from authserver.domain.standing import Standing
from authserver.terms import GrantType, Status


class Verdict(StrEnum):
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
    def sentence(self) -> str:
        """What a client is told."""
        return _SENTENCES[self]

    @property
    def concerns_client(self) -> bool:
        """Whether the client itself is refused, not what it presents."""
        return self in {Verdict.CLIENT_PENDING, Verdict.CLIENT_DISAPPROVED, Verdict.GRANT_NOT_REGISTERED}


_SENTENCES = {
    Verdict.CLIENT_PENDING: "This client is waiting for an administrator's approval.",
    Verdict.CLIENT_DISAPPROVED: "An administrator has disapproved this client.",
    Verdict.CLIENT_WAS_DISAPPROVED: "The client was disapproved after this was issued.",
    Verdict.USER_DISABLED: "The user's account is disabled.",
    Verdict.USER_CHANGED: "The user's account was reset after this was issued.",
    Verdict.REVOKED: "The authorization was revoked.",
    Verdict.SIGNED_OUT: "The user has signed out.",
    Verdict.GRANT_NOT_REGISTERED: "The client is not registered for this grant type.",
    Verdict.RESPONSE_TYPE_NOT_REGISTERED: "The client is not registered for this response type.",
    Verdict.SCOPE_NOT_REGISTERED: "The client is not registered for a requested scope.",
}


class NotApproved(Exception):
    """The client waits for an administrator or was disapproved: a page says so, and nothing is redirected."""

    def __init__(self, policy: Policy, verdict: Verdict) -> None:
        self.policy = policy
        self.verdict = verdict
        super().__init__(verdict.sentence)


def judge(
    standing: Standing,
    policy: Policy | None = None,
    *,
    grant_type: str | None = None,
    response_type: str | None = None,
    scopes: Collection[str] = (),
) -> Verdict | None:
    """Return why a request must be refused, or None.

    ``standing`` is what the serving statement has just read; its authorization part is judged where there is one. The
    policy is left out only before it is known what is asked for, and where there are no scopes and grant types.
    """
    return (
        _judge_client(standing)
        or _judge_authorization(standing)
        or (_judge_registration(policy, standing, grant_type, response_type, scopes) if policy else None)
    )


def _judge_client(standing: Standing) -> Verdict | None:
    if standing.client_status == Status.APPROVED:
        return None
    return Verdict.CLIENT_PENDING if standing.client_status == Status.PENDING else Verdict.CLIENT_DISAPPROVED


def _judge_authorization(standing: Standing) -> Verdict | None:
    if standing.user_is_active is False:
        return Verdict.USER_DISABLED
    if standing.granted_client_epoch is None:
        return None
    if standing.granted_client_epoch != standing.client_epoch:
        return Verdict.CLIENT_WAS_DISAPPROVED
    if standing.user_epoch is not None and standing.user_epoch != standing.granted_user_epoch:
        return Verdict.USER_CHANGED
    if standing.revoked_at is not None:
        return Verdict.REVOKED
    if standing.session_ended_at is not None and not standing.is_offline:
        return Verdict.SIGNED_OUT
    return None


def _judge_registration(
    policy: Policy,
    standing: Standing,
    grant_type: str | None,
    response_type: str | None,
    scopes: Collection[str],
) -> Verdict | None:
    # Implicit is no grant type that administrators tick: there the response type was judged when it was issued.
    asked = {grant_type, standing.grant_type} - {None, GrantType.IMPLICIT}
    if not policy.grant_types.issuperset(asked):
        return Verdict.GRANT_NOT_REGISTERED
    if response_type is not None and response_type not in policy.response_types:
        return Verdict.RESPONSE_TYPE_NOT_REGISTERED
    if not policy.scopes.issuperset(scopes):
        return Verdict.SCOPE_NOT_REGISTERED
    return None
