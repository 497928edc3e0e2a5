"""Bearer tokens at protected resources (RFC 6750): found in one place, looked up, and passed through the gate."""

from typing import Any

from sqlalchemy import Connection, Row

from authserver import clock
from authserver.domain.authorizations import access_state
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.diagnostics.error_log import ErrorLog, ErrorReport
from authserver.domain.tokens import opaque_tokens, tokens
from authserver.protocol import access
from authserver.protocol.http import NO_STORE, Request, Response, present_values, repeated_names
from authserver.protocol.oauth2 import resources
from authserver.protocol.oauth2.errors import printable, with_reference
from authserver.protocol.services import Services

_EXPECTED = "the header Authorization: Bearer, with one access token"


class BearerError(Exception):
    """A refused bearer token; ``error`` is empty when no token was sent at all (RFC 6750, section 3.1).

    ``cause``, ``received`` and ``expected`` are for the administrator, with the client that they concern; no token.
    """

    def __init__(
        self,
        status: int,
        error: str,
        description: str,
        cause: str = "",
        *,
        scope: str = "",
        client_id: int | None = None,
        received: str = "",
        expected: str = "",
    ) -> None:
        self.status = status
        self.error = error
        self.description = description
        self.cause = cause
        self.scope = scope
        self.client_id = client_id
        self.received = received
        self.expected = expected
        super().__init__(description)

    def answer(self, reference: str = "") -> Response:
        """Return the challenge, in the header alone (RFC 6750, section 3)."""
        attributes = ['realm="authserver"']
        if self.error:
            described = with_reference(printable(self.description), reference)
            attributes += [f'error="{self.error}"', f'error_description="{described}"']
        if self.scope:
            attributes.append(f'scope="{self.scope}"')
        return Response(
            self.status, b"", (("WWW-Authenticate", f"Bearer {', '.join(attributes)}"), *NO_STORE)
        )


def record_bearer_error(error_log: ErrorLog, endpoint: str, address: str, error: BearerError) -> str:
    """Put a refused token into the diagnostics ledger and return its reference; a bare challenge refuses nothing."""
    if not error.error:
        return ""
    refused = ErrorReport(
        endpoint=endpoint,
        error=error.error,
        cause=error.cause,
        detail=error.description,
        client_id=error.client_id,
        received=error.received,
        expected=error.expected,
        address=address,
    )
    return error_log.record(refused)


def parse_bearer_token(message: Request) -> str:
    """Return the access token of a request, from the header or the form body, never the query (RFC 6750, section 2)."""
    found = []
    if header := message.headers.get("authorization", ""):
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "bearer":
            raise BearerError(401, "", "Send the access token as Authorization: Bearer.")
        if "," in value:
            # Servers join repeated header fields with commas, and no token contains one.
            raise _malformed("Send one access token.", "access-token-repeated", "several in the header")
        found.append(value.strip())
    form = message.form or ()
    if "access_token" in repeated_names(form):
        raise _malformed("Send one access token.", "access-token-repeated", "several in the body")
    if message.method == "POST" and "access_token" in present_values(form):
        found.append(present_values(form)["access_token"])
    if "access_token" in present_values(message.query):
        fault = "Do not send the access token in the query."
        raise _malformed(fault, "access-token-in-query", "access_token in the address")
    if len(found) > 1:
        fault = "Send the access token in one place."
        raise _malformed(fault, "access-token-in-two-places", "one in the header and one in the body")
    if not found:
        raise BearerError(401, "", "No access token was sent.")
    return found[0]


def accept_bearer_token(
    services: Services, connection: Connection, message: Request, scope: str
) -> tuple[Row[Any], RegisteredClient]:
    """Return a live access token for this server with the scope, and its client, in one round trip; raises BearerError."""
    value = parse_bearer_token(message)
    handle = services.access_tokens.parse_token(value)
    row = tokens.find_access_token(connection, handle) if handle else None
    if row is None:
        raise _dead(
            "access-token-unknown",
            received=opaque_tokens.kind_of(value),
            expected="an access token of this server",
        )
    if not is_live(row):
        raise _dead(
            "access-token-expired" if row.revoked_at is None else "access-token-revoked", client_id=row.c_id
        )
    client = services.client_cache.get(connection, row.c_id, row.c_revision)
    scopes = row.scope.split()
    denial = access.check_access(access_state.access_state_of(row), client, scopes=scopes)
    if denial is not None:
        facts = access.registration_facts(denial, client, (row.s_grant_type,), scopes)
        raise BearerError(401, "invalid_token", denial.sentence, denial, client_id=row.c_id, **facts)
    # RFC 8707, section 2, and RFC 9068, section 4: a token for other resource servers is none for this one.
    names = resources.own_resources(services.settings)
    if not resources.is_audience(row.audience, names):
        raise BearerError(
            401,
            "invalid_token",
            "The access token is meant for another resource server.",
            "access-token-audience",
            client_id=row.c_id,
            received=row.audience,
            expected="\n".join(sorted(names)),
        )
    if scope not in scopes:
        raise BearerError(
            403,
            "insufficient_scope",
            f"The access token lacks the scope {scope}.",
            "access-token-scope",
            scope=scope,
            client_id=row.c_id,
            received=row.scope,
            expected=scope,
        )
    return row, client


def is_live(row: Row[Any]) -> bool:
    """Return whether an access token itself is neither expired nor revoked."""
    return row.revoked_at is None and row.expires_at > clock.now()


def _malformed(sentence: str, cause: str, received: str) -> BearerError:
    return BearerError(400, "invalid_request", sentence, cause, received=received, expected=_EXPECTED)


def _dead(cause: str, **facts: Any) -> BearerError:
    # RFC 6750, section 3.1, has one word for all of them, and strangers need not learn which it is.
    return BearerError(
        401, "invalid_token", "The access token is unknown, expired or revoked.", cause, **facts
    )
