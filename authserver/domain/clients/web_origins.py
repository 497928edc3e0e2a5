"""Where scripts of clients come from: the web origins of each client's redirect URIs, kept so that one is found quickly.

What may be done from an origin is decided in ``origins``, which looks at the client itself again.
"""

from collections.abc import Iterable

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver.domain.clients import redirect_uris
from authserver.domain.orm import Base

_LENGTH = 300  # no host has a longer name


class ClientOrigin(Base):
    """An origin that has a redirect URI of a client."""

    __tablename__ = "client_origins"

    origin: Mapped[str] = mapped_column(String(_LENGTH), primary_key=True)
    client_id: Mapped[int] = mapped_column(
        ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True, index=True
    )


def web_origins_of(uris: Iterable[str]) -> set[str]:
    """Return the origins of those URIs that have one, as browsers write them (RFC 6454, section 6.2)."""
    return {origin for uri in uris if (origin := redirect_uris.origin_of(uri))}


def write(db: Session, client_id: int, uris: Iterable[str]) -> None:
    """Keep the origins of a client's redirect URIs, in place of those that were kept before."""
    kept = set(db.scalars(select(ClientOrigin.origin).where(ClientOrigin.client_id == client_id)))
    wanted = {origin for origin in web_origins_of(uris) if len(origin) <= _LENGTH}
    gone = (ClientOrigin.client_id == client_id) & ClientOrigin.origin.in_(kept - wanted)
    if kept - wanted:
        db.execute(delete(ClientOrigin).where(gone))
    db.add_all(ClientOrigin(origin=origin, client_id=client_id) for origin in sorted(wanted - kept))
    db.flush()
