"""The Activity page: the audit trail, with filters and an export."""

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
from authserver.web.admin import audit_changes, pagination, responses
from authserver.web.admin.blueprint import admin

_EVENTS = frozenset(audit.EVENTS)
_BATCH_SIZE = 1000
_COLUMNS = (
    "id", "at", "event", "actor_name", "channel", "address", "request_id",
    "subject_kind", "subject_id", "subject_name", "client_id", "user_id", "before", "after",
)  # fmt: skip


@dataclass(frozen=True)
class ActivityQuery:
    """The filters in the query string. ``client`` is a client key, ``user`` a user name."""

    event: str = ""
    client: str = ""
    user: str = ""
    q: str = ""
    page: int = 1

    @classmethod
    def from_request(cls) -> "ActivityQuery":
        """Parse the query string, ignoring invalid values."""
        return cls(
            event=pagination.query_value("event", _EVENTS),
            client=pagination.query_value("client"),
            user=pagination.query_value("user"),
            q=pagination.query_value("q"),
            page=pagination.requested_page(),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.event or self.client or self.user or self.q)

    def query(self) -> dict[str, Any]:
        """Return the query parameters whose values are not the defaults."""
        return {name: value for name, value in asdict(self).items() if value not in ("", 1)}

    def url(self, **changes: Any) -> str:
        """Return the URL with some filters changed, for the first page unless ``page`` is given."""
        return url_for("admin.activity", **replace(self, **({"page": 1} | changes)).query())

    def event_filter(self) -> audit.EventFilter:
        """Return the filter for the audit trail. An unknown client or user matches no events."""
        client = clients.find(current.transaction(), self.client) if self.client else None
        user = users.find(current.transaction(), self.user) if self.user else None
        return audit.EventFilter(
            client_id=_id_or_no_match(client) if self.client else None,
            user_id=_id_or_no_match(user) if self.user else None,
            event=self.event,
            search=self.q,
        )


@admin.get("/activity")
def activity() -> ResponseReturnValue:
    """Show one page of the audit trail, newest first."""
    query = ActivityQuery.from_request()
    offset = (query.page - 1) * pagination.SIZE
    events, count = audit.page_of_events(
        current.transaction(), query.event_filter(), offset=offset, limit=pagination.SIZE
    )
    paging = pagination.Paging(query.page, count)
    if paging.is_beyond:
        return responses.redirect_with_message(query.url(page=paging.pages))
    page = responses.render(
        "admin/activity.html",
        query=query,
        paging=paging,
        entries=audit_changes.entries_of(current.transaction(), events),
        events=audit.EVENTS,
        export_query=replace(query, page=1).query(),
    )
    return *page, {"HX-Replace-Url": query.url(page=query.page)}


@admin.get("/activity/export.<any(jsonl, csv):file_format>")
def export_activity(file_format: str) -> ResponseReturnValue:
    """Export all matching events, as JSON lines or CSV."""
    wanted = ActivityQuery.from_request().event_filter()
    rows = _rows(current.services().database, wanted)
    lines = _json_lines(rows) if file_format == "jsonl" else _csv_lines(rows)
    kind = "application/jsonl" if file_format == "jsonl" else "text/csv"
    response = Response(lines, content_type=f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="activity.{file_format}"'
    return response


def _rows(database: Database, wanted: audit.EventFilter) -> Iterator[AuditEvent]:
    # The response is streamed after the request's transaction has ended. A single transaction for a slow client would
    # keep SQLite from checkpointing, so each batch has its own.
    last: int | None = None
    while True:
        with database.transaction(write=False) as db:
            batch = audit.events_before(db, wanted, last, limit=_BATCH_SIZE)
        yield from batch
        if len(batch) < _BATCH_SIZE:
            return
        last = batch[-1].id


def _json_lines(rows: Iterator[AuditEvent]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(_export_values(row), ensure_ascii=False) + "\n"


def _csv_lines(rows: Iterator[AuditEvent]) -> Iterator[str]:
    yield _line(_COLUMNS)
    for row in rows:
        yield _line(tuple(_cell(value) for value in _export_values(row).values()))


def _export_values(row: AuditEvent) -> dict[str, Any]:
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
    # Spreadsheets treat cells that begin with one of these characters as formulas, and anyone can choose a client name.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _line(cells: tuple[str, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _id_or_no_match(record: Any) -> int:
    return -1 if record is None else record.id
