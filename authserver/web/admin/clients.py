"""Settings > OAuth clients: the table of client keys with its tabs, search, filters, order and pages."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import error_search
from authserver.domain.clients import client_search
from authserver.vocabulary import ClientStatus
from authserver.web import current
from authserver.web.admin import client_rows, labels, pagination, responses
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_query import ClientQuery


@admin.get("/clients")
def client_table() -> ResponseReturnValue:
    """Show one page of clients."""
    query = ClientQuery.from_args(request.args)
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
        return responses.redirect_with_message(
            url_for("admin.client_table", **(query.query() | {"page": paging.pages} | client_rows.carried()))
        )
    new = client_rows.find_new()
    if new is not None and new not in rows:
        rows.insert(0, new)
    kinds = client_search.count_by(db, "kind")
    page = responses.render(
        "admin/clients.html",
        query=query,
        rows=rows,
        error_counts=error_search.count_recent(db, [row.id for row in rows]),
        new=new,
        focused=client_rows.focused(rows),
        paging=paging,
        kinds=kinds,
        total=sum(kinds.values()),
        pending=client_search.count_by(db, "status").get(ClientStatus.PENDING, 0),
        naming=labels.naming(query.kind),
        back=query.url(page=query.page),
    )
    return *page, {"HX-Replace-Url": query.url(page=query.page)}
