"""Bearer tokens at protected resources (RFC 6750): found in one place, looked up, and passed through the gate."""

from typing import Any

from sqlalchemy import Connection, Row

from authserver import clock
from authserver.domain import standing, tokens
from authserver.protocol import gate
from authserver.protocol.messages import NO_STORE, Request, Response, present, repeated
from authserver.protocol.oauth2 import resources
from authserver.protocol.oauth2.errors import printable
from authserver.protocol.oauth2.server import OAuth2Server


class BearerError(Exception):
    """A refused bearer token; ``error`` is empty when no token was sent at all (RFC 6750, section 3.1)."""

    def __init__(self, status: int, error: str, description: str, scope: str = "") -> None:
        self.status = status
        self.error = error
        self.description = description
        self.scope = scope
        super().__init__(description)

    def answer(self) -> Response:
        """Return the challenge, in the header alone (RFC 6750, section 3)."""
        attributes = ['realm="authserver"']
        if self.error:
            attributes += [f'error="{self.error}"', f'error_description="{printable(self.description)}"']
        if self.scope:
            attributes.append(f'scope="{self.scope}"')
        return Response(
            self.status, b"", (("WWW-Authenticate", f"Bearer {', '.join(attributes)}"), *NO_STORE)
        )


def read(message: Request) -> str:
    """Return the access token of a request, from the header or the form body, never the query (RFC 6750, section 2)."""
    found = []
    if header := message.headers.get("authorization", ""):
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "bearer":
            raise BearerError(401, "", "Send the access token as Authorization: Bearer.")
        if "," in value:
            # Servers join repeated header fields with commas, and no token contains one.
            raise BearerError(400, "invalid_request", "Send one access token.")
        found.append(value.strip())
    form = message.form or ()
    if "access_token" in repeated(form):
        raise BearerError(400, "invalid_request", "access_token is repeated.")
    if message.method == "POST" and "access_token" in present(form):
        found.append(present(form)["access_token"])
    if any(name == "access_token" for name, _ in message.query):
        raise BearerError(400, "invalid_request", "Do not send the access token in the query.")
    if len(found) > 1:
        raise BearerError(400, "invalid_request", "Send the access token in one place.")
    if not found:
        raise BearerError(401, "", "No access token was sent.")
    return found[0]


def accept(server: OAuth2Server, connection: Connection, message: Request, scope: str) -> Row[Any]:
    """Return the row of a live access token for this server with the scope, in one round trip; raises BearerError."""
    handle = server.access_tokens.read(read(message))
    row = tokens.find_access(connection, handle) if handle else None
    if row is None or not is_live(row):
        raise BearerError(401, "invalid_token", "The access token is unknown, expired or revoked.")
    verdict = gate.judge(standing.standing(row))
    if verdict is not None:
        raise BearerError(401, "invalid_token", verdict.sentence)
    # RFC 8707, section 2, and RFC 9068, section 4: a token for other resource servers is none for this one.
    if not resources.is_for(row.audience, resources.own(server.settings)):
        raise BearerError(401, "invalid_token", "The access token is meant for another resource server.")
    if scope not in row.scope.split():
        raise BearerError(403, "insufficient_scope", f"The access token lacks the scope {scope}.", scope)
    return row


def is_live(row: Row[Any]) -> bool:
    """Return whether an access token itself is neither expired nor revoked."""
    return row.revoked_at is None and row.expires_at > clock.now()
