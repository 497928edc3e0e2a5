"""Verifies signed requests to protected resources (RFC 5849, section 3.2)."""

from dataclasses import dataclass
from datetime import datetime

from authserver import clock
from authserver.domain import access_state, opaque_tokens
from authserver.domain.access_state import UserFacts
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.oauth1 import consumers, token_credentials
from authserver.protocol.oauth1 import request_checks
from authserver.protocol.oauth1.errors import OAuth1Error, ProblemCode
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oauth1.signed_request import SignedRequest


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """A valid request: the consumer that signed it, the user, and the expiry of its token.

    ``expires_at`` is None if the consumer signed without a token, for its functional user.
    """

    client: RegisteredClient
    user: UserFacts
    expires_at: datetime | None

    @property
    def expires_in(self) -> int | None:
        """The remaining lifetime of the token in whole seconds."""
        if self.expires_at is None:
            return None
        return max(0, int((self.expires_at - clock.now()).total_seconds()))


def verify_request(server: OAuth1Server, request: SignedRequest) -> VerifiedRequest:
    """Return the consumer and user of a signed request and consume its nonce; raises OAuth1Error."""
    handle = token_credentials.parse_access_token(request.token_value)
    with server.database.reading() as connection:
        row = token_credentials.find_with_client(connection, request.client_key, handle)
        request_checks.set_client(connection, server.client_cache, request, row)
    if not request.token_value:
        return _two_legged(server, request)
    row = request.row
    if handle is None or not opaque_tokens.matches(handle, row.digest) or row.owner_id != request.client.id:
        raise _unknown_or_expired(request, "The access token is unknown.")
    token_secret = token_credentials.reveal(server.vault, row.sealed_secret)
    request_checks.check_request(request, server.settings, server.vault, token_secret)
    if row.expires_at <= clock.now():
        raise _unknown_or_expired(request, "The access token has expired.")
    request_checks.check_authorization(request, server.settings, ProblemCode.INVALID_EXPIRED_TOKEN)
    user = access_state.user_facts_of(row)
    assert user is not None
    _claim(server, request)
    return VerifiedRequest(request.client, user, row.expires_at)


def _two_legged(server: OAuth1Server, request: SignedRequest) -> VerifiedRequest:
    request_checks.check_request(request, server.settings, server.vault, token_secret="")
    with server.database.transaction(write=False) as db:
        functional = consumers.functional_user(db, request.consumer)
    if functional is None:
        advice = "The consumer needs a token because it has no functional user."
        raise OAuth1Error(ProblemCode.PERMISSION_DENIED, advice, client_id=request.client.id)
    _claim(server, request)
    return VerifiedRequest(request.client, access_state.facts_of_user(functional), None)


def _claim(server: OAuth1Server, request: SignedRequest) -> None:
    with server.database.connection() as connection:
        error = request_checks.claim_nonce(connection, request, server.settings)
    if error is not None:
        raise error


def _unknown_or_expired(request: SignedRequest, advice: str) -> OAuth1Error:
    # This is the only code after which Jazz requests new credentials.
    return OAuth1Error(ProblemCode.INVALID_EXPIRED_TOKEN, advice, client_id=request.client.id)
