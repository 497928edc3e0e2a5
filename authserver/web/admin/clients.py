"""Settings > OAuth clients: the table of client keys with its tabs, search, filters, order and pages."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from authserver.domain import client_lists, failures
from authserver.terms import Kind, Status
from authserver.web import door
from authserver.web.admin import answers, listing, words
from authserver.web.admin.blueprint import admin

_FLAGS = frozenset({"1"})
_SORTS = frozenset(client_lists.SORTABLE)


@dataclass(frozen=True)
class Wish:
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
    def asked(cls) -> "Wish":
        """Read the query string; what it cannot mean is left out."""
        return cls(
            kind=listing.asked("kind", frozenset(Kind)),
            status=listing.asked("status", frozenset(Status)),
            q=listing.asked("q"),
            itself=listing.asked("itself", _FLAGS),
            unused=listing.asked("unused", _FLAGS),
            legacy=listing.asked("legacy", _FLAGS),
            failing=listing.asked("failing", _FLAGS),
            sort=listing.asked("sort", _SORTS) or "name",
            desc=listing.asked("desc", _FLAGS),
            page=listing.asked_page(),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether rows may be hidden that the tab would otherwise show."""
        return bool(self.status or self.q or self.itself or self.unused or self.legacy or self.failing)

    def query(self) -> dict[str, Any]:
        """Return the part of the query string that is not the default."""
        defaults = asdict(Wish())
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}

    def url(self, **changes: Any) -> str:
        """Return the address of the table with some wishes changed; any change but of the page goes to the first page."""
        changed = replace(self, **({"page": 1} | changes))
        return url_for("admin.client_table", **changed.query())

    def url_sorted(self, column: str) -> str:
        """Return the address that orders by a column, the other way round when it is the order already."""
        turned = "" if self.sort != column or self.desc else "1"
        return self.url(sort=column, desc=turned)

    def selection(self) -> dict[str, Any]:
        """Return what the records are asked for."""
        return {
            "kind": self.kind,
            "status": self.status,
            "search": self.q,
            "is_self_registered": bool(self.itself),
            "is_unused": bool(self.unused),
            "has_legacy_grants": bool(self.legacy),
            "is_failing": bool(self.failing),
            "sort": self.sort,
            "is_descending": bool(self.desc),
        }


@admin.get("/clients")
def client_table() -> ResponseReturnValue:
    """Show one page of client keys."""
    wish = Wish.asked()
    session = door.session()
    offset = (wish.page - 1) * listing.SIZE
    rows, count = client_lists.page(session, **wish.selection(), offset=offset, limit=listing.SIZE)
    paging = listing.Paging(wish.page, count)
    if paging.is_beyond:
        return answers.go(wish.url(page=paging.pages))
    kinds = client_lists.count_by(session, "kind")
    page = answers.show(
        "admin/clients.html",
        wish=wish,
        rows=rows,
        failing=failures.count_lately(session, [row.id for row in rows]),
        paging=paging,
        kinds=kinds,
        total=sum(kinds.values()),
        pending=client_lists.count_by(session, "status").get(Status.PENDING, 0),
        naming=words.naming(wish.kind),
        back=wish.url(page=wish.page),
    )
    return *page, {"HX-Replace-Url": wish.url(page=wish.page)}
