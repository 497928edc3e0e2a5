"""Access tokens at protected resources of this server (RFC 6750): extraction, lookup and access check."""

from typing import Any

from sqlalchemy import Connection, Row

from authserver import clock
from authserver.domain import access_state, opaque_tokens
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import tokens
from authserver.protocol import access
from authserver.protocol.errors import BearerError, ErrorCode
from authserver.protocol.http import Request, present_values, repeated_names
from authserver.protocol.oauth2 import resources
from authserver.protocol.services import Services

_EXPECTED = "one access token, in the header Authorization: Bearer"


def parse_bearer_token(http_request: Request) -> str:
    """Return the access token from the header or the form body, never from the query (RFC 6750, section 2).

    Raises BearerError.
    """
    found = []
    if header := http_request.headers.get("authorization", ""):
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "bearer":
            raise _missing("Send the access token as Authorization: Bearer.")
        if "," in value:
            # Servers join repeated header fields with commas, and no token contains one.
            raise _malformed(Cause.ACCESS_TOKEN_REPEATED, "Send one access token.", "several in the header")
        found.append(value.strip())
    form = http_request.form or ()
    if "access_token" in repeated_names(form):
        raise _malformed(Cause.ACCESS_TOKEN_REPEATED, "Send one access token.", "several in the body")
    if http_request.method == "POST" and "access_token" in present_values(form):
        found.append(present_values(form)["access_token"])
    if "access_token" in present_values(http_request.query):
        description = "Do not send the access token in the query."
        raise _malformed(Cause.ACCESS_TOKEN_IN_QUERY, description, "access_token in the query")
    if len(found) > 1:
        description = "Send the access token in one place."
        received = "one in the header and one in the body"
        raise _malformed(Cause.ACCESS_TOKEN_IN_TWO_PLACES, description, received)
    if not found:
        raise _missing("The request has no access token.")
    return found[0]


def accept_bearer_token(
    services: Services, connection: Connection, http_request: Request, scope: str
) -> tuple[Row[Any], RegisteredClient]:
    """Return the row of the access token in a request, and the token's client; raises BearerError.

    The token must be valid, be for this server and have the scope. This takes one round trip to the database.
    """
    value = parse_bearer_token(http_request)
    handle = services.access_tokens.parse_token(value)
    row = tokens.find_access_token(connection, handle) if handle else None
    if row is None:
        raise _invalid(
            Cause.ACCESS_TOKEN_UNKNOWN,
            received=opaque_tokens.kind_of(value),
            expected="an access token of this server",
        )
    if not is_active(row):
        is_revoked = row.revoked_at is not None
        raise _invalid(
            Cause.ACCESS_TOKEN_REVOKED if is_revoked else Cause.ACCESS_TOKEN_EXPIRED, client_id=row.c_id
        )
    client = services.client_cache.get(connection, row.c_id, row.c_revision)
    scopes = row.scope.split()
    denial = access.check_access(access_state.access_state_of(row, services.settings), client, scopes=scopes)
    if denial is not None:
        received, expected = access.compare_registration(denial, client, (row.s_grant_type,), scopes)
        raise BearerError(
            ErrorCode.INVALID_TOKEN,
            denial.cause,
            denial.description,
            received=received,
            expected=expected,
            client_id=row.c_id,
        )
    # RFC 8707, section 2, and RFC 9068, section 4: reject tokens for other resource servers.
    audience = resources.own_resources(services.settings)
    if not resources.is_audience(row.audience, audience):
        raise BearerError(
            ErrorCode.INVALID_TOKEN,
            Cause.ACCESS_TOKEN_AUDIENCE,
            "The access token is for another resource server.",
            received=row.audience,
            expected="\n".join(sorted(audience)),
            client_id=row.c_id,
        )
    if scope not in scopes:
        raise BearerError(
            ErrorCode.INSUFFICIENT_SCOPE,
            Cause.ACCESS_TOKEN_SCOPE,
            f"The access token lacks the scope {scope}.",
            scope=scope,
            received=row.scope,
            expected=scope,
            client_id=row.c_id,
        )
    return row, client


def is_active(row: Row[Any]) -> bool:
    """Return whether an access token itself is neither expired nor revoked."""
    return row.revoked_at is None and row.expires_at > clock.now()


def _missing(description: str) -> BearerError:
    # RFC 6750, section 3.1: without a token, the challenge has no error code.
    return BearerError("", None, description, status=401)


def _malformed(cause: Cause, description: str, received: str) -> BearerError:
    return BearerError(ErrorCode.INVALID_REQUEST, cause, description, received=received, expected=_EXPECTED)


def _invalid(
    cause: Cause, *, received: str = "", expected: str = "", client_id: int | None = None
) -> BearerError:
    # RFC 6750, section 3.1, has one error code for all of these, and clients need not know which one it is.
    return BearerError(
        ErrorCode.INVALID_TOKEN,
        cause,
        "The access token is unknown, expired or revoked.",
        received=received,
        expected=expected,
        client_id=client_id,
    )
