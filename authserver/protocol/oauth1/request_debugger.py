"""The signature debugger of the console: checks a pasted signed request without acting on it.

It consumes no nonce and stores nothing. It uses secrets for the check and never returns them.
"""

from dataclasses import dataclass, field

from authserver import clock
from authserver.domain import opaque_tokens
from authserver.domain.oauth1 import nonces, temporary_credentials, token_credentials
from authserver.protocol.oauth1 import request_checks, signature_errors
from authserver.protocol.oauth1.encoding import Pairs
from authserver.protocol.oauth1.errors import OAuth1Error, ProblemCode
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oauth1.signature_errors import Difference
from authserver.protocol.oauth1.signed_request import SignedRequest


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The computed values of a request; ``error`` is the error that the sender would receive, or None."""

    method: str
    uri: str
    parameters: Pairs = field(repr=False)
    base_string: str = field(repr=False)
    offset_seconds: int
    is_nonce_used: bool
    error: OAuth1Error | None
    difference: Difference | None


def diagnose(server: OAuth1Server, request: SignedRequest, submitted_base_string: str = "") -> Diagnosis:
    """Return the diagnosis of a request, including a comparison with the sender's base string if there is one."""
    error = _error(server, request)
    ours = request.base_string
    return Diagnosis(
        method=request.method.upper(),
        uri=request.uri,
        parameters=tuple(sorted(request.parameters.signed)),
        base_string=ours,
        offset_seconds=signature_errors.offset_seconds(request, clock.now()),
        is_nonce_used=error is not None and error.error == ProblemCode.NONCE_USED,
        error=error,
        difference=signature_errors.difference(ours, submitted_base_string)
        if submitted_base_string
        else None,
    )


def _error(server: OAuth1Server, request: SignedRequest) -> OAuth1Error | None:
    try:
        request_checks.check_request(request, server.settings, server.vault, _token_secret(server, request))
    except OAuth1Error as error:
        return error
    return _used_nonce(server, request)


def _token_secret(server: OAuth1Server, request: SignedRequest) -> str:
    """Set the client of the request and return the secret of its temporary or token credentials; raises OAuth1Error."""
    temporary = temporary_credentials.parse_temporary_token(request.token_value)
    handle = temporary or token_credentials.parse_access_token(request.token_value)
    credentials = temporary_credentials if temporary else token_credentials
    with server.database.reading() as connection:
        row = credentials.find_with_client(connection, request.client_key, handle)
        request_checks.set_client(connection, server.client_cache, request, row)
    if not request.token_value:
        return ""
    row = request.row
    if handle is None or not opaque_tokens.matches(handle, row.digest) or row.owner_id != request.client.id:
        raise OAuth1Error(ProblemCode.TOKEN_REJECTED, "The token is unknown or belongs to another consumer.")
    secret: str = credentials.reveal(server.vault, row.sealed_secret)
    return secret


def _used_nonce(server: OAuth1Server, request: SignedRequest) -> OAuth1Error | None:
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
    if not is_used:
        return None
    return OAuth1Error(ProblemCode.NONCE_USED, "This nonce was already used with the same timestamp.")
