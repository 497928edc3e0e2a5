"""Names that a person could mistake for each other, shown to the administrator who is about to approve one."""

import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from authserver.domain.clients import Client

_SHOWN = 5
_TWINS = {"rn": "m", "vv": "w", "cl": "d"}
# Letters of other scripts and digits, beside the Latin letter that they look like.
_DOUBLES = str.maketrans("0135аеорсухіјѕԁԛԝαοριν", "olesaeopcyxijsdqwaopiv")


def of_client(session: Session, client: Client) -> list[Client]:
    """Return other clients whose name could be mistaken for this one's."""
    return of_name(session, client.name, but=client)


def of_name(session: Session, name: str, *, but: Client) -> list[Client]:
    """Return the clients, but for one, whose name could be mistaken for a name."""
    wanted = skeleton(name)
    rows = session.execute(select(Client.id, Client.name).where(Client.id != but.id))
    ids = [row.id for row in rows if skeleton(row.name) == wanted][:_SHOWN]
    return list(session.scalars(select(Client).where(Client.id.in_(ids)).order_by(Client.id))) if ids else []


def skeleton(name: str) -> str:
    """Return what is left of a name when case, accents, spacing and look-alike letters do not count."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(letter for letter in decomposed if letter.isalnum()).translate(_DOUBLES)
    for pair, single in _TWINS.items():
        letters = letters.replace(pair, single)
    return letters.replace("i", "l")
