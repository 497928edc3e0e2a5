"""The row of the table of clients that has the focus after a change, so that the administrator can continue there.

The query parameter ``row`` names the changed client and its neighbor, in case the client is no longer in the list.
``new`` names a new client: the table shows and marks it, wherever it sorts.
"""

from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from authserver.domain.clients import client_search, clients
from authserver.domain.clients.clients import Client
from authserver.web import current
from authserver.web.admin import pagination
from authserver.web.admin.client_query import ClientQuery

_MAX_ROWS = 5


def is_table(url: str) -> bool:
    """Return whether a URL of the console is the table of clients."""
    return urlsplit(url).path == url_for("admin.client_table")


def with_focus(back: str, *changed: Client, are_removed: bool = False) -> str:
    """Return the URL of the table with the focus on a changed client or its neighbor. Call this before the change."""
    if not is_table(back) or not changed:
        return back
    keys = {client.client_key for client in changed}
    listed = [row.client_key for row in _listed(back)]
    last = max((number for number, key in enumerate(listed) if key in keys), default=-1)
    around = [*listed[last + 1 :], *reversed(listed[: max(last, 0)])]
    neighbors = [key for key in around if key not in keys][:1]
    return _with(back, row=neighbors if are_removed else [changed[0].client_key, *neighbors])


def with_new_client(back: str, client: Client) -> str:
    """Return the URL of the table that shows and marks a new client. Return any other URL unchanged."""
    return _with(back, new=[client.client_key]) if is_table(back) else back


def carried() -> dict[str, list[str]]:
    """Return the parameters of this module in the current request."""
    return {name: request.args.getlist(name)[:_MAX_ROWS] for name in ("row", "new") if name in request.args}


def find_new() -> Client | None:
    """Return the new client that the current request names, or None."""
    return clients.find(current.transaction(), request.args.get("new", ""))


def focused(rows: list[Client]) -> str:
    """Return the key of the row that gets the focus: the first listed one that the request names, else the first row."""
    wanted = [key for keys in carried().values() for key in keys]
    listed = [row.client_key for row in rows]
    return next((key for key in wanted if key in listed), listed[0] if wanted and listed else "")


def _listed(url: str) -> list[Client]:
    query = ClientQuery.from_args(MultiDict(parse_qsl(urlsplit(url).query)))
    rows, _ = client_search.page_of_clients(
        current.transaction(),
        query.client_filter(),
        sort=query.sort,
        is_descending=bool(query.desc),
        offset=(query.page - 1) * pagination.SIZE,
        limit=pagination.SIZE + 1,
    )
    return rows


def _with(url: str, **names: list[str]) -> str:
    path, _, query = url.partition("?")
    kept = [pair for pair in parse_qsl(query) if pair[0] not in {"row", "new"}]
    pairs = [*kept, *((name, key) for name in names for key in names[name])]
    return f"{path}?{urlencode(pairs)}" if pairs else path
