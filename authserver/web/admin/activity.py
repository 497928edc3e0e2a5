"""Activity: the audit trail with what was before and after, filtered, and exported as it stands."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import audit
from authserver.domain.audit import AuditEvent
from authserver.domain.clients import clients
from authserver.domain.orm import Database
from authserver.domain.users import users
from authserver.web import current
from authserver.web.admin import pagination, responses
from authserver.web.admin.audit_changes import AuditEntry
from authserver.web.admin.blueprint import admin

_EVENTS = frozenset(audit.EVENTS)
_BATCH = 1000
_COLUMNS = (
    "id", "at", "event", "actor_name", "channel", "address", "request_id",
    "subject_kind", "subject_id", "subject_name", "client_id", "user_id", "before", "after",
)  # fmt: skip


@dataclass(frozen=True)
class ActivityQuery:
    """What the query string asks to see; ``client`` is a client key, ``user`` a user name."""

    event: str = ""
    client: str = ""
    user: str = ""
    q: str = ""
    page: int = 1

    @classmethod
    def asked(cls) -> "ActivityQuery":
        """Read the query string."""
        return cls(
            event=pagination.query_value("event", _EVENTS),
            client=pagination.query_value("client"),
            user=pagination.query_value("user"),
            q=pagination.query_value("q"),
            page=pagination.requested_page(),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether some events are hidden."""
        return bool(self.event or self.client or self.user or self.q)

    def query(self) -> dict[str, Any]:
        """Return the part of the query string that is not the default."""
        return {name: value for name, value in asdict(self).items() if value not in ("", 1)}

    def url(self, **changes: Any) -> str:
        """Return the address with some wishes changed."""
        return url_for("admin.activity", **replace(self, **({"page": 1} | changes)).query())

    def filter(self) -> audit.EventFilter:
        """Return what the trail is asked for; a client or user that does not exist has no events."""
        client = clients.find(current.transaction(), self.client) if self.client else None
        user = users.find(current.transaction(), self.user) if self.user else None
        return audit.EventFilter(
            client_id=_id(client) if self.client else None,
            user_id=_id(user) if self.user else None,
            event=self.event,
            search=self.q,
        )


@admin.get("/activity")
def activity() -> ResponseReturnValue:
    """Show one page of the trail, the latest first."""
    query = ActivityQuery.asked()
    offset = (query.page - 1) * pagination.SIZE
    events, count = audit.page_of_events(
        current.transaction(), query.filter(), offset=offset, limit=pagination.SIZE
    )
    paging = pagination.Paging(query.page, count)
    if paging.is_beyond:
        return responses.redirect_with_message(query.url(page=paging.pages))
    page = responses.render(
        "admin/activity.html",
        query=query,
        paging=paging,
        entries=[AuditEntry(event) for event in events],
        events=audit.EVENTS,
        export_query=replace(query, page=1).query(),
    )
    return *page, {"HX-Replace-Url": query.url(page=query.page)}


@admin.get("/activity/export.<any(jsonl, csv):form>")
def export_activity(form: str) -> ResponseReturnValue:
    """Send all matching events, as JSON lines or as a table for a spreadsheet."""
    wanted = ActivityQuery.asked().filter()
    rows = _rows(current.services().database, wanted)
    lines = _json_lines(rows) if form == "jsonl" else _table(rows)
    kind = "application/jsonl" if form == "jsonl" else "text/csv"
    answer = Response(lines, content_type=f"{kind}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="activity.{form}"'
    return answer


def _rows(database: Database, wanted: audit.EventFilter) -> Iterator[AuditEvent]:
    # The answer leaves when the request's own transaction is over, and one held open for a slow reader would keep
    # SQLite from tidying up; so each batch is read in a short one of its own.
    last: int | None = None
    while True:
        with database.transaction(write=False) as db:
            batch = audit.events_before(db, wanted, last, limit=_BATCH)
        yield from batch
        if len(batch) < _BATCH:
            return
        last = batch[-1].id


def _json_lines(rows: Iterator[AuditEvent]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(_facts(row), ensure_ascii=False) + "\n"


def _table(rows: Iterator[AuditEvent]) -> Iterator[str]:
    yield _line(_COLUMNS)
    for row in rows:
        yield _line(tuple(_cell(value) for value in _facts(row).values()))


def _facts(row: AuditEvent) -> dict[str, Any]:
    values = {column: getattr(row, column) for column in _COLUMNS}
    return values | {"at": row.at.isoformat(timespec="milliseconds")}


def _cell(value: Any) -> str:
    text = (
        ""
        if value is None
        else json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict)
        else str(value)
    )
    # A spreadsheet takes a cell that begins like this for a formula, and names come from strangers.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _line(cells: tuple[str, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _id(record: Any) -> int:
    return -1 if record is None else record.id
