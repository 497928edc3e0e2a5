"""Settings > OAuth clients: the table of client keys with its tabs, search, filters, order and pages."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import client_search
from authserver.domain.clients.client_search import ClientFilter
from authserver.domain.diagnostics import error_search
from authserver.vocabulary import ClientKind, ClientStatus
from authserver.web import current
from authserver.web.admin import labels, pagination, responses
from authserver.web.admin.blueprint import admin

_FLAGS = frozenset({"1"})
_SORTS = frozenset(client_search.SORTABLE)


@dataclass(frozen=True)
class ClientQuery:
    """What the query string asks the table to show."""

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
    def asked(cls) -> "ClientQuery":
        """Read the query string; what it cannot mean is left out."""
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
        """Whether rows may be hidden that the tab would otherwise show."""
        return bool(self.status or self.q or self.itself or self.unused or self.legacy or self.failing)

    def query(self) -> dict[str, Any]:
        """Return the part of the query string that is not the default."""
        defaults = asdict(ClientQuery())
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}

    def url(self, **changes: Any) -> str:
        """Return the address of the table with some wishes changed; any change but of the page goes to the first page."""
        changed = replace(self, **({"page": 1} | changes))
        return url_for("admin.client_table", **changed.query())

    def url_sorted(self, column: str) -> str:
        """Return the address that orders by a column, the other way round when it is the order already."""
        turned = "" if self.sort != column or self.desc else "1"
        return self.url(sort=column, desc=turned)

    def filter(self) -> ClientFilter:
        """Return the filter of the search."""
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
    """Show one page of client keys."""
    query = ClientQuery.asked()
    db = current.transaction()
    offset = (query.page - 1) * pagination.SIZE
    rows, count = client_search.page_of_clients(
        db,
        query.filter(),
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
        failing=error_search.count_lately(db, [row.id for row in rows]),
        paging=paging,
        kinds=kinds,
        total=sum(kinds.values()),
        pending=client_search.count_by(db, "status").get(ClientStatus.PENDING, 0),
        naming=labels.naming(query.kind),
        back=query.url(page=query.page),
    )
    return *page, {"HX-Replace-Url": query.url(page=query.page)}
