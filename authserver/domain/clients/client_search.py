"""Lists of clients: searched, filtered, sorted and counted, for the console and the command line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, String, cast, false, func, or_, select
from sqlalchemy.orm import Session

from authserver.domain import text_rules
from authserver.domain.clients import registrations
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics import error_log
from authserver.vocabulary import GrantType

_BY_ADMINISTRATORS = ("console", "command")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
SORTABLE: dict[str, Any] = {
    "name": func.lower(Client.name),
    "key": Client.client_key,
    "status": Client.status,
    "kind": Client.kind,
    "created": Client.created_at,
    "last_sign_in": func.coalesce(Client.last_sign_in_at, _LONG_AGO),
}


def page_of_clients(
    db: Session,
    *,
    kind: str = "",
    status: str = "",
    search: str = "",
    is_self_registered: bool = False,
    is_unused: bool = False,
    has_legacy_grants: bool = False,
    is_failing: bool = False,
    keys: Sequence[str] | None = None,
    sort: str = "name",
    is_descending: bool = False,
    offset: int = 0,
    limit: int = 25,
) -> tuple[list[Client], int]:
    """Return one page of clients and how many match in all; ``sort`` is a column of ``SORTABLE``."""
    conditions = _conditions(kind, status, search, is_self_registered, is_unused, has_legacy_grants, keys)
    if is_failing:
        conditions.append(Client.id.in_(error_log.failing_lately()))
    count = db.scalar(select(func.count()).select_from(Client).where(*conditions)) or 0
    order = SORTABLE.get(sort, SORTABLE["name"])
    ordered = (
        select(Client).where(*conditions).order_by(order.desc() if is_descending else order.asc(), Client.id)
    )
    return list(db.scalars(ordered.offset(offset).limit(limit))), count


def count_by(db: Session, column: str) -> dict[str, int]:
    """Return how many clients there are for each value of ``kind`` or ``status``."""
    grouped = {"kind": Client.kind, "status": Client.status}[column]
    return {
        str(value): number for value, number in db.execute(select(grouped, func.count()).group_by(grouped))
    }


def _conditions(
    kind: str,
    status: str,
    search: str,
    is_self_registered: bool,
    is_unused: bool,
    has_legacy_grants: bool,
    keys: Sequence[str] | None,
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if kind:
        conditions.append(Client.kind == kind)
    if status:
        conditions.append(Client.status == status)
    if is_self_registered:
        conditions.append(Client.source.not_in(_BY_ADMINISTRATORS))
    if keys is not None:
        conditions.append(Client.client_key.in_([key for key in keys if text_rules.is_storable(key)]))
    if is_unused:
        conditions.append(Client.last_sign_in_at.is_(None))
    if has_legacy_grants:
        conditions.append(_has_legacy_grants())
    if search:
        conditions.append(_matches(search) if text_rules.is_storable(search) else false())
    return conditions


def _has_legacy_grants() -> ColumnElement[bool]:
    found = [_lists(Client.response_types, value) for value in registrations.WITH_ACCESS_TOKEN]
    return or_(_lists(Client.grant_types, GrantType.PASSWORD), *found)


def _lists(column: Any, value: str) -> ColumnElement[bool]:
    # Lists are stored as JSON texts, in which a quoted word is a whole element.
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
