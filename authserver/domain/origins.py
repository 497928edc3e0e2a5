"""Web origins: which sites' scripts may call the machine endpoints, by where approved clients have their sign-ins return."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Connection, String, bindparam, cast, func, select

from authserver.domain import redirect_uris
from authserver.domain.clients import Client
from authserver.terms import Kind, Status

# OAuth 1.0a consumers have nothing to call at the endpoints that scripts may use.
_MAY_HAVE_SCRIPTS = (Client.status == Status.APPROVED) & (Client.kind != Kind.OAUTH1)
_TEXT = func.lower(cast(Client.redirect_uris, String))
_MENTIONING = select(Client.id, Client.revision, Client.redirect_uris).where(
    _MAY_HAVE_SCRIPTS, _TEXT.contains(bindparam("host"), autoescape=False)
)
_UNCHANGED = select(Client.id).where(
    _MAY_HAVE_SCRIPTS, Client.id == bindparam("id"), Client.revision == bindparam("revision")
)


class Owner(NamedTuple):
    """The revision of a client whose redirect URIs an origin was found in."""

    id: int
    revision: int


def find_owner(connection: Connection, origin: str) -> Owner | None:
    """Return an approved client that has sign-ins return to an origin, which is compared to the letter."""
    if origin not in of([origin]):
        return None
    # The database narrows the search; what an origin is, is decided below. ``_`` in a host merely finds more.
    for row in connection.execute(_MENTIONING, {"host": urlsplit(origin).hostname}):
        if origin in of(row.redirect_uris):
            return Owner(row.id, row.revision)
    return None


def is_current(connection: Connection, owner: Owner) -> bool:
    """Return whether a client is approved still, and the same as when it was found."""
    return connection.scalar(_UNCHANGED, owner._asdict()) is not None


def of(uris: Iterable[str]) -> set[str]:
    """Return the origins of those URIs that have one, as browsers write them (RFC 6454, section 6.2)."""
    return {origin for uri in uris if (origin := redirect_uris.origin(uri))}
