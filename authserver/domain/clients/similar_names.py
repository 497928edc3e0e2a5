"""Names that a person could mistake for each other, shown to the administrator who is about to approve one."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from authserver.domain.clients import name_skeletons
from authserver.domain.clients.clients import Client

_SHOWN = 5
_LOOKED_AT = 50


def similar_to_client(db: Session, client: Client) -> list[Client]:
    """Return other clients whose name could be mistaken for this one's."""
    return similar_to_name(db, client.name, but=client)


def similar_to_name(db: Session, name: str, *, but: Client) -> list[Client]:
    """Return the first few clients, but for one, whose name could be mistaken for a name."""
    wanted = name_skeletons.skeleton_of(name)
    # A row that an older version of the product wrote beside this one has no skeleton yet.
    alike = or_(Client.skeleton == wanted, Client.skeleton.is_(None))
    rows = select(Client).where(alike, Client.id != but.id).order_by(Client.id).limit(_LOOKED_AT)
    return [row for row in db.scalars(rows) if name_skeletons.skeleton_of(row.name) == wanted][:_SHOWN]
