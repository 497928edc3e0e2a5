"""Whether a signed request to a protected resource is valid, and for whom (RFC 5849, section 3.2)."""

from dataclasses import dataclass
from datetime import datetime

from authserver import clock
from authserver.domain.authorizations import access_state
from authserver.domain.authorizations.access_state import UserFacts
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.oauth1 import consumers, token_credentials
from authserver.domain.tokens import opaque_tokens
from authserver.protocol.oauth1 import request_checks
from authserver.protocol.oauth1.problems import Problem, Reason
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oauth1.signed_request import SignedRequest


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """A valid request: which consumer signed it, for which user, and until when its token lasts.

    ``expires_at`` is None where the consumer signed without a token, for its functional user.
    """

    client: RegisteredClient
    user: UserFacts
    expires_at: datetime | None

    @property
    def expires_in(self) -> int | None:
        """How many whole seconds the token lasts from now on."""
        if self.expires_at is None:
            return None
        return max(0, int((self.expires_at - clock.now()).total_seconds()))


def verify_request(server: OAuth1Server, request: SignedRequest) -> VerifiedRequest:
    """Return who a signed request is from, and use its nonce up; raises Problem."""
    handle = token_credentials.parse_access_token(request.token_value)
    with server.database.reading() as connection:
        row = token_credentials.lookup(connection, request.client_key, handle)
        request_checks.find_client(connection, server.client_cache, request, row)
    if not request.token_value:
        return _two_legged(server, request)
    row = request.row
    if handle is None or not opaque_tokens.matches(handle, row.digest) or row.owner_id != request.client.id:
        raise _unknown_or_expired("The access token is unknown.").about(request.client.id)
    token_secret = token_credentials.reveal(server.vault, row.sealed_secret)
    request_checks.check_request(request, server.settings, server.vault, token_secret)
    if row.expires_at <= clock.now():
        raise _unknown_or_expired("The access token has expired.").about(request.client.id)
    request_checks.check_authorization(request, Reason.INVALID_EXPIRED_TOKEN)
    person = access_state.user_facts_of(row)
    assert person is not None
    _claim(server, request)
    return VerifiedRequest(request.client, person, row.expires_at)


def _two_legged(server: OAuth1Server, request: SignedRequest) -> VerifiedRequest:
    request_checks.check_request(request, server.settings, server.vault, token_secret="")
    with server.database.transaction(write=False) as db:
        functional = consumers.functional_user(db, request.consumer)
    if functional is None:
        advice = "The consumer has no functional user, so that it cannot act without a token."
        raise Problem(Reason.PERMISSION_DENIED, advice).about(request.client.id)
    _claim(server, request)
    return VerifiedRequest(request.client, access_state.facts_of_user(functional), None)


def _claim(server: OAuth1Server, request: SignedRequest) -> None:
    with server.database.connection() as connection:
        problem = request_checks.claim_nonce(connection, request, server.settings)
    if problem is not None:
        raise problem


def _unknown_or_expired(advice: str) -> Problem:
    # Jazz starts the dance anew on this word only.
    return Problem(Reason.INVALID_EXPIRED_TOKEN, advice)
