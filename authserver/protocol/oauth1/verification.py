"""Whether a signed request to a protected resource is valid, and for whom (RFC 5849, section 3.2)."""

from dataclasses import dataclass
from datetime import datetime

from authserver import clock
from authserver.domain import consumers, handles, standing, token_credentials
from authserver.domain.policies import Policy
from authserver.domain.standing import UserFacts
from authserver.protocol.oauth1 import checks
from authserver.protocol.oauth1.problems import Problem, Reason
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oauth1.signed_request import SignedRequest


@dataclass(frozen=True, slots=True)
class Verified:
    """A valid request: which consumer signed it, for which user, and until when its token lasts.

    ``expires_at`` is None where the consumer signed without a token, for its functional user.
    """

    policy: Policy
    user: UserFacts
    expires_at: datetime | None

    @property
    def expires_in(self) -> int | None:
        """How many whole seconds the token lasts from now on."""
        if self.expires_at is None:
            return None
        return max(0, int((self.expires_at - clock.now()).total_seconds()))


def verify(server: OAuth1Server, request: SignedRequest) -> Verified:
    """Return who a signed request is from, and use its nonce up; raises Problem."""
    handle = token_credentials.read(request.token_value)
    with server.database.reading() as connection:
        row = token_credentials.lookup(connection, request.client_key, handle)
        checks.know_client(connection, server.policies, request, row)
    if not request.token_value:
        return _two_legged(server, request)
    row = request.row
    if handle is None or not handles.matches(handle, row.digest) or row.owner_id != request.policy.id:
        raise _unknown_or_expired("The access token is unknown.").about(request.policy.id)
    token_secret = token_credentials.reveal(server.vault, row.sealed_secret)
    checks.check(request, server.settings, server.vault, token_secret)
    if row.expires_at <= clock.now():
        raise _unknown_or_expired("The access token has expired.").about(request.policy.id)
    checks.check_authorization(request, Reason.INVALID_EXPIRED_TOKEN)
    person = standing.user(row)
    assert person is not None
    _claim(server, request)
    return Verified(request.policy, person, row.expires_at)


def _two_legged(server: OAuth1Server, request: SignedRequest) -> Verified:
    checks.check(request, server.settings, server.vault, token_secret="")
    with server.database.transaction(write=False) as session:
        functional = consumers.functional_user(session, request.consumer)
    if functional is None:
        advice = "The consumer has no functional user, so that it cannot act without a token."
        raise Problem(Reason.PERMISSION_DENIED, advice).about(request.policy.id)
    _claim(server, request)
    return Verified(request.policy, standing.facts(functional), None)


def _claim(server: OAuth1Server, request: SignedRequest) -> None:
    with server.database.connection() as connection:
        problem = checks.claim_nonce(connection, request, server.settings)
    if problem is not None:
        raise problem


def _unknown_or_expired(advice: str) -> Problem:
    # Jazz starts the dance anew on this word only.
    return Problem(Reason.INVALID_EXPIRED_TOKEN, advice)
