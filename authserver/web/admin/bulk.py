"""Approve, disapprove or remove the clients that are selected in the table."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from authserver.domain import application_access
from authserver.domain.clients import client_search, clients, sector_identifiers
from authserver.domain.clients.client_search import ClientFilter
from authserver.domain.clients.clients import Client
from authserver.errors import Conflict, InvalidInput, NotFound
from authserver.web import current
from authserver.web.admin import client_rows, responses
from authserver.web.admin.blueprint import admin
from authserver.web.rendering import template_globals
from authserver.web.session import access

_MAX_CLIENTS = 100
_MAX_NAMES = 5
_VERBS = "<any(approve, disapprove, remove):verb>"
_DONE = {"approve": "approved", "disapprove": "disapproved", "remove": "removed"}


@admin.get(f"/clients/bulk/{_VERBS}")
@access.require_recent_sign_in
def bulk_form(verb: str) -> ResponseReturnValue:
    """List the selected clients and ask for confirmation."""
    db = current.transaction()
    wanted = ClientFilter(keys=request.args.getlist("key")[:_MAX_CLIENTS])
    rows, _ = client_search.page_of_clients(db, wanted, limit=_MAX_CLIENTS)
    back = responses.return_url(url_for("admin.client_table"))
    if not rows:
        return responses.redirect_with_message(back, "Select at least one client.")
    authorization_count = 0 if verb == "approve" else application_access.count(db, *rows)
    return responses.render(
        "admin/bulk.html",
        verb=verb,
        rows=rows,
        authorization_count=authorization_count,
        back=back,
        done=_DONE[verb],
    )


@admin.post(f"/clients/bulk/{_VERBS}")
@access.require_recent_sign_in
def decide_bulk(verb: str) -> ResponseReturnValue:
    """Apply the decision to each client that has not changed since the form was shown, and list the skipped ones."""
    keys = request.form.getlist("key")[:_MAX_CLIENTS]
    revisions = dict(zip(keys, request.form.getlist("revision"), strict=False))
    rows, _ = client_search.page_of_clients(
        current.transaction(), ClientFilter(keys=keys), limit=_MAX_CLIENTS
    )
    # By ascending id, so that two such requests do not wait for each other (see domain.lock_order).
    rows.sort(key=lambda client: client.id)
    back = responses.return_url(url_for("admin.client_table"))
    back = client_rows.with_focus(back, *rows, are_removed=verb == "remove")
    skipped = [client for client in rows if not _decide(verb, client, revisions.get(client.client_key, ""))]
    names = Markup(", ").join(template_globals.isolated(client.name) for client in skipped[:_MAX_NAMES])
    sentence = _summary(verb, len(rows) - len(skipped), skipped)
    return responses.redirect_with_message(back, sentence, name=names)


def _decide(verb: str, client: Client, revision: str) -> bool:
    db, actor = current.transaction(), current.actor()
    if str(client.revision) != revision:
        return False
    if verb == "approve" and sector_identifiers.sector_of(client):
        # Its document must be fetched first, which can take seconds for each client.
        return False
    try:
        with responses.in_savepoint():
            if verb == "approve":
                clients.approve(db, actor, client, revision=client.revision)
            elif verb == "disapprove":
                clients.disapprove(db, actor, client, revision=client.revision)
            else:
                clients.remove(db, actor, client, typed_name="")
    except (Conflict, InvalidInput, NotFound):
        return False
    return True


def _summary(verb: str, count: int, skipped: list[Client]) -> str:
    sentence = f"{count} {'client was' if count == 1 else 'clients were'} {_DONE[verb]}."
    if not skipped:
        return sentence
    more = f" and {len(skipped) - _MAX_NAMES} more" if len(skipped) > _MAX_NAMES else ""
    reason = "they have changed"
    if verb == "remove":
        reason = "they have changed or are in use"
    elif verb == "approve" and any(map(sector_identifiers.sector_of, skipped)):
        reason = "they have changed, or have a sector identifier URI and must be approved one by one"
    return f"{sentence} Skipped because {reason}: {{name}}{more}."
