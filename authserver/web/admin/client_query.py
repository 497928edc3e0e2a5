"""The query of the table of clients: tab, search, filters, order and page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import url_for

from authserver.domain.clients import client_search
from authserver.domain.clients.client_search import ClientFilter
from authserver.vocabulary import ClientKind, ClientStatus
from authserver.web.admin import pagination

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
    def from_args(cls, args: Mapping[str, str]) -> "ClientQuery":
        """Parse a query string, ignoring invalid values."""
        return cls(
            kind=pagination.query_value("kind", frozenset(ClientKind), args),
            status=pagination.query_value("status", frozenset(ClientStatus), args),
            q=pagination.query_value("q", None, args),
            itself=pagination.query_value("itself", _FLAGS, args),
            unused=pagination.query_value("unused", _FLAGS, args),
            legacy=pagination.query_value("legacy", _FLAGS, args),
            failing=pagination.query_value("failing", _FLAGS, args),
            sort=pagination.query_value("sort", _SORTS, args) or "name",
            desc=pagination.query_value("desc", _FLAGS, args),
            page=pagination.requested_page(args),
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
