"""Web origins: which sites' scripts may call the machine endpoints, by where approved clients have their sign-ins return."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from authserver.domain.clients import web_origins
from authserver.domain.clients.clients import Client
from authserver.domain.clients.web_origins import ClientOrigin
from authserver.vocabulary import ClientKind, ClientStatus

# OAuth 1.0a consumers have nothing to call at the endpoints that scripts may use.
_MAY_HAVE_SCRIPTS = (Client.status == ClientStatus.APPROVED) & (Client.kind != ClientKind.OAUTH1)
_FOUND = select(ClientOrigin.client_id).where(ClientOrigin.origin == bindparam("origin"))
_LOOKED_AT = 20
_OWNERS = (
    select(Client.id, Client.revision, Client.redirect_uris)
    .where(_MAY_HAVE_SCRIPTS, Client.id.in_(_FOUND))
    .limit(_LOOKED_AT)
)
_UNCHANGED = select(Client.id).where(
    _MAY_HAVE_SCRIPTS, Client.id == bindparam("id"), Client.revision == bindparam("revision")
)


class OriginOwner(NamedTuple):
    """The revision of a client whose redirect URIs an origin was found in."""

    id: int
    revision: int


def find_owner(connection: Connection, origin: str) -> OriginOwner | None:
    """Return an approved client that has sign-ins return to an origin, which is compared to the letter."""
    if origin not in web_origins.web_origins_of([origin]):
        return None
    # An older version of the product, serving beside this one, changes clients without the origins kept of them.
    for row in connection.execute(_OWNERS, {"origin": origin}):
        if origin in web_origins.web_origins_of(row.redirect_uris):
            return OriginOwner(row.id, row.revision)
    return None


def is_current(connection: Connection, owner: OriginOwner) -> bool:
    """Return whether a client is approved still, and the same as when it was found."""
    return connection.scalar(_UNCHANGED, owner._asdict()) is not None
