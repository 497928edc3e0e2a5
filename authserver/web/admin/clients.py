"""Settings > OAuth clients: the table of client keys with its tabs, search, filters, order and pages."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from authserver.domain import error_search
from authserver.domain.clients import client_search
from authserver.domain.clients.client_search import ClientFilter
from authserver.vocabulary import ClientKind, ClientStatus
from authserver.web import current
from authserver.web.admin import labels, pagination, responses
from authserver.web.admin.blueprint import admin

_FLAGS = frozenset({"1"})
_SORTS = frozenset(client_search.SORTABLE)


@dataclass(frozen=True)
class ClientQuery:
    """The filters, sort order and page in the query string."""

    kind: str = ""
    status: str = ""
    q: str = ""
    itself: str = ""
    unused: str = ""
    legacy: str = ""
    failing: str = ""
    sort: str = "name"
    desc: str = ""
    page: int = 1

    @classmethod
    def from_request(cls) -> "ClientQuery":
        """Parse the query string, ignoring invalid values."""
        return cls(
            kind=pagination.query_value("kind", frozenset(ClientKind)),
            status=pagination.query_value("status", frozenset(ClientStatus)),
            q=pagination.query_value("q"),
            itself=pagination.query_value("itself", _FLAGS),
            unused=pagination.query_value("unused", _FLAGS),
            legacy=pagination.query_value("legacy", _FLAGS),
            failing=pagination.query_value("failing", _FLAGS),
            sort=pagination.query_value("sort", _SORTS) or "name",
            desc=pagination.query_value("desc", _FLAGS),
            page=pagination.requested_page(),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether any filter besides the tab is set."""
        return bool(self.status or self.q or self.itself or self.unused or self.legacy or self.failing)

    def query(self) -> dict[str, Any]:
        """Return the query parameters whose values are not the defaults."""
        defaults = asdict(ClientQuery())
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}

    def url(self, **changes: Any) -> str:
        """Return the URL of the table with some values changed, for the first page unless ``page`` is given."""
        changed = replace(self, **({"page": 1} | changes))
        return url_for("admin.client_table", **changed.query())

    def url_sorted(self, column: str) -> str:
        """Return the URL that sorts by a column, or reverses the order if the table is already sorted by it."""
        desc = "" if self.sort != column or self.desc else "1"
        return self.url(sort=column, desc=desc)

    def client_filter(self) -> ClientFilter:
        """Return the filter for the client search."""
        return ClientFilter(
            kind=self.kind,
            status=self.status,
            search=self.q,
            is_self_registered=bool(self.itself),
            is_unused=bool(self.unused),
            has_legacy_grants=bool(self.legacy),
            is_failing=bool(self.failing),
        )


@admin.get("/clients")
def client_table() -> ResponseReturnValue:
    """Show one page of clients."""
    query = ClientQuery.from_request()
    db = current.transaction()
    offset = (query.page - 1) * pagination.SIZE
    rows, count = client_search.page_of_clients(
        db,
        query.client_filter(),
        sort=query.sort,
        is_descending=bool(query.desc),
        offset=offset,
        limit=pagination.SIZE,
    )
    paging = pagination.Paging(query.page, count)
    if paging.is_beyond:
        return responses.redirect_with_message(query.url(page=paging.pages))
    kinds = client_search.count_by(db, "kind")
    page = responses.render(
        "admin/clients.html",
        query=query,
        rows=rows,
        error_counts=error_search.count_recent(db, [row.id for row in rows]),
        paging=paging,
        kinds=kinds,
        total=sum(kinds.values()),
        pending=client_search.count_by(db, "status").get(ClientStatus.PENDING, 0),
        naming=labels.naming(query.kind),
        back=query.url(page=query.page),
    )
    return *page, {"HX-Replace-Url": query.url(page=query.page)}
