"""The console's debugger: what the server makes of a signed request that somebody pasted, without acting on it.

Nothing is used up and nothing is stored. Secrets take part in the check and are never part of what is returned.
"""

from dataclasses import dataclass, field

from authserver import clock
from authserver.domain.oauth1 import nonces, temporary_credentials, token_credentials
from authserver.domain.tokens import opaque_tokens
from authserver.protocol.oauth1 import request_checks, signature_errors
from authserver.protocol.oauth1.encoding import Pairs
from authserver.protocol.oauth1.problems import Problem, Reason
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oauth1.signature_errors import Difference
from authserver.protocol.oauth1.signed_request import SignedRequest


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was computed from the request; ``problem`` is what its sender would be told, None when all is well."""

    method: str
    uri: str
    parameters: Pairs = field(repr=False)
    base_string: str = field(repr=False)
    offset_seconds: int
    is_nonce_used: bool
    problem: Problem | None
    difference: Difference | None


def diagnose(server: OAuth1Server, request: SignedRequest, submitted_base_string: str = "") -> Diagnosis:
    """Return what the server makes of a request, compared with the sender's own base string if there is one."""
    problem = _problem(server, request)
    ours = request.base_string
    return Diagnosis(
        method=request.method.upper(),
        uri=request.uri,
        parameters=tuple(sorted(request.parameters.signed)),
        base_string=ours,
        offset_seconds=signature_errors.offset_seconds(request, clock.now()),
        is_nonce_used=problem is not None and problem.error == Reason.NONCE_USED,
        problem=problem,
        difference=signature_errors.difference(ours, submitted_base_string)
        if submitted_base_string
        else None,
    )


def _problem(server: OAuth1Server, request: SignedRequest) -> Problem | None:
    try:
        request_checks.check_request(request, server.settings, server.vault, _token_secret(server, request))
    except Problem as problem:
        return problem
    return _used_nonce(server, request)


def _token_secret(server: OAuth1Server, request: SignedRequest) -> str:
    """Note the client and return the secret of the request's token, of either kind; raises Problem."""
    temporary = temporary_credentials.parse_temporary_token(request.token_value)
    handle = temporary or token_credentials.parse_access_token(request.token_value)
    room = temporary_credentials if temporary else token_credentials
    with server.database.reading() as connection:
        row = room.lookup(connection, request.client_key, handle)
        request_checks.find_client(connection, server.client_cache, request, row)
    if not request.token_value:
        return ""
    row = request.row
    if handle is None or not opaque_tokens.matches(handle, row.digest) or row.owner_id != request.client.id:
        raise Problem(Reason.TOKEN_REJECTED, "The token is unknown, or another consumer's.")
    secret: str = room.reveal(server.vault, row.sealed_secret)
    return secret


def _used_nonce(server: OAuth1Server, request: SignedRequest) -> Problem | None:
    if request.signed_at is None:
        return None
    get = request.parameters.get
    with server.database.reading() as connection:
        is_used = nonces.is_used(
            connection,
            request.client.id,
            token=request.token_value,
            timestamp=get("oauth_timestamp"),
            nonce=get("oauth_nonce"),
        )
    return (
        Problem(Reason.NONCE_USED, "This nonce was used before with the same timestamp.") if is_used else None
    )
