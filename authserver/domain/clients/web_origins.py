"""Web origins whose scripts may call the machine endpoints: those of the redirect URIs of approved clients.

``clients.ClientOrigin`` stores the origins of each client, so that a lookup by origin needs no table scan.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from authserver.domain.clients import redirect_uris
from authserver.domain.clients.clients import Client, ClientOrigin
from authserver.vocabulary import ClientKind, ClientStatus

# OAuth 1.0a consumers have no use for the endpoints that scripts may call.
_MAY_HAVE_SCRIPTS = (Client.status == ClientStatus.APPROVED) & (Client.kind != ClientKind.OAUTH1)
_FOUND = select(ClientOrigin.client_id).where(ClientOrigin.origin == bindparam("origin"))
_MAX_OWNERS = 20
_OWNERS = (
    select(Client.id, Client.revision, Client.redirect_uris)
    .where(_MAY_HAVE_SCRIPTS, Client.id.in_(_FOUND))
    .limit(_MAX_OWNERS)
)
_UNCHANGED = select(Client.id).where(
    _MAY_HAVE_SCRIPTS, Client.id == bindparam("id"), Client.revision == bindparam("revision")
)


class OriginOwner(NamedTuple):
    """A client with a redirect URI on an origin, and its revision."""

    id: int
    revision: int


def find_owner(connection: Connection, origin: str) -> OriginOwner | None:
    """Return an approved client that has a redirect URI on exactly this origin, or None."""
    if origin not in redirect_uris.web_origins_of([origin]):
        return None
    # A node that runs an older version of authserver changes redirect URIs without updating the stored origins.
    for row in connection.execute(_OWNERS, {"origin": origin}):
        if origin in redirect_uris.web_origins_of(row.redirect_uris):
            return OriginOwner(row.id, row.revision)
    return None


def is_current(connection: Connection, owner: OriginOwner) -> bool:
    """Return whether a client is still approved and unchanged."""
    return connection.scalar(_UNCHANGED, owner._asdict()) is not None
