"""Searches for clients: filtered and sorted lists, counts, and clients with similar names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, String, cast, false, func, or_, select
from sqlalchemy.orm import Session

from authserver.domain import text_rules
from authserver.domain.clients import name_skeletons, response_types
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics import error_log
from authserver.vocabulary import GrantType

_BY_ADMINISTRATORS = ("console", "command")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_COMPARED = 50
_MAX_SIMILAR = 5
SORTABLE: dict[str, Any] = {
    "name": func.lower(Client.name),
    "key": Client.client_key,
    "status": Client.status,
    "kind": Client.kind,
    "created": Client.created_at,
    "last_sign_in": func.coalesce(Client.last_sign_in_at, _LONG_AGO),
}


@dataclass(frozen=True)
class ClientFilter:
    """Selects clients. By default it selects all.

    ``is_unused`` selects clients without a sign-in, and ``is_failing`` clients with recent errors.
    ``has_legacy_grants`` selects clients that are registered for the password grant
    or for access tokens in the browser.
    """

    kind: str = ""
    status: str = ""
    search: str = ""
    is_self_registered: bool = False
    is_unused: bool = False
    has_legacy_grants: bool = False
    is_failing: bool = False
    keys: Sequence[str] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions that the rows must meet."""
        found: list[ColumnElement[bool]] = []
        if self.kind:
            found.append(Client.kind == self.kind)
        if self.status:
            found.append(Client.status == self.status)
        if self.is_self_registered:
            found.append(Client.source.not_in(_BY_ADMINISTRATORS))
        if self.keys is not None:
            found.append(Client.client_key.in_([key for key in self.keys if text_rules.is_storable(key)]))
        if self.is_unused:
            found.append(Client.last_sign_in_at.is_(None))
        if self.has_legacy_grants:
            found.append(_has_legacy_grants())
        if self.search:
            found.append(_matches(self.search) if text_rules.is_storable(self.search) else false())
        if self.is_failing:
            found.append(Client.id.in_(error_log.clients_with_recent_errors()))
        return found


def page_of_clients(
    db: Session,
    wanted: ClientFilter = ClientFilter(),
    *,
    sort: str = "name",
    is_descending: bool = False,
    offset: int = 0,
    limit: int = 25,
) -> tuple[list[Client], int]:
    """Return one page of clients and the number of all that match; ``sort`` is a column of ``SORTABLE``."""
    conditions = wanted.conditions()
    count = db.scalar(select(func.count()).select_from(Client).where(*conditions)) or 0
    order = SORTABLE.get(sort, SORTABLE["name"])
    ordered = (
        select(Client).where(*conditions).order_by(order.desc() if is_descending else order.asc(), Client.id)
    )
    return list(db.scalars(ordered.offset(offset).limit(limit))), count


def similar_to_client(db: Session, client: Client) -> list[Client]:
    """Return at most five other clients whose names look like the name of this client."""
    return similar_to_name(db, client.name, exclude=client)


def similar_to_name(db: Session, name: str, *, exclude: Client) -> list[Client]:
    """Return at most five clients, other than ``exclude``, whose names look like ``name``."""
    wanted = name_skeletons.skeleton_of(name)
    # A node that runs an older version of authserver writes rows without a skeleton.
    alike = or_(Client.skeleton == wanted, Client.skeleton.is_(None))
    rows = select(Client).where(alike, Client.id != exclude.id).order_by(Client.id).limit(_MAX_COMPARED)
    return [row for row in db.scalars(rows) if name_skeletons.skeleton_of(row.name) == wanted][:_MAX_SIMILAR]


def clients_of_owner(db: Session, user_id: int) -> list[Client]:
    """Return the clients that a user registered, oldest first."""
    return list(db.scalars(select(Client).where(Client.owner_id == user_id).order_by(Client.id)))


def count_by(db: Session, column: str) -> dict[str, int]:
    """Return the number of clients for each value of ``kind`` or ``status``."""
    grouped = {"kind": Client.kind, "status": Client.status}[column]
    return {
        str(value): number for value, number in db.execute(select(grouped, func.count()).group_by(grouped))
    }


def _has_legacy_grants() -> ColumnElement[bool]:
    found = [_lists(Client.response_types, value) for value in response_types.WITH_ACCESS_TOKEN]
    return or_(_lists(Client.grant_types, GrantType.PASSWORD), *found)


def _lists(column: Any, value: str) -> ColumnElement[bool]:
    # Lists are stored as JSON, in which a quoted value is a whole element.
    return cast(column, String).contains(f'"{value}"', autoescape=True)


def _matches(search: str) -> ColumnElement[bool]:
    needle = search.strip().lower()
    texts_searched = (
        Client.name,
        Client.client_key,
        cast(Client.redirect_uris, String),
        Client.registered_by,
    )
    return or_(*(func.lower(text).contains(needle, autoescape=True) for text in texts_searched))


def names_of(db: Session, ids: Collection[int]) -> dict[int, str]:
    """Return the names of the clients with these ids, by id. Removed clients are missing."""
    if not ids:
        return {}
    return {row.id: row.name for row in db.execute(select(Client.id, Client.name).where(Client.id.in_(ids)))}
