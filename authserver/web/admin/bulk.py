"""The same decision about several clients: what was ticked in the table is listed, then decided one by one."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from authserver.domain import accesses, client_lists, clients
from authserver.domain.clients import Client
from authserver.errors import Conflict, InvalidInput
from authserver.web import door, guards, pages
from authserver.web.admin import answers
from authserver.web.admin.blueprint import admin

_AT_MOST = 100
_NAMED = 5
_VERBS = "<any(approve, disapprove, remove):verb>"
_DONE = {"approve": "approved", "disapprove": "disapproved", "remove": "removed"}


@admin.get(f"/clients/bulk/{_VERBS}")
@guards.require_recent_sign_in
def bulk_form(verb: str) -> ResponseReturnValue:
    """List what was ticked and ask."""
    session = door.session()
    rows, _ = client_lists.page(session, keys=request.args.getlist("key")[:_AT_MOST], limit=_AT_MOST)
    back = answers.back(url_for("admin.client_table"))
    if not rows:
        return answers.go(back, "Tick at least one client first.")
    live = 0 if verb == "approve" else accesses.count(session, *rows)
    return answers.show("admin/bulk.html", verb=verb, rows=rows, live=live, back=back, done=_DONE[verb])


@admin.post(f"/clients/bulk/{_VERBS}")
@guards.require_recent_sign_in
def bulk_decide(verb: str) -> ResponseReturnValue:
    """Decide about each client that is still as it was shown, and name those that were left alone."""
    keys = request.form.getlist("key")[:_AT_MOST]
    revisions = dict(zip(keys, request.form.getlist("revision"), strict=False))
    rows, _ = client_lists.page(door.session(), keys=keys, limit=_AT_MOST)
    left = [client.name for client in rows if not _decide(verb, client, revisions.get(client.client_key, ""))]
    names = Markup(", ").join(map(pages.isolated, left[:_NAMED]))
    sentence = _summary(verb, len(rows) - len(left), len(left))
    return answers.go(answers.back(url_for("admin.client_table")), sentence, name=names)


def _decide(verb: str, client: Client, revision: str) -> bool:
    session, actor = door.session(), door.actor()
    if str(client.revision) != revision:
        return False
    try:
        with answers.attempt():
            if verb == "approve":
                clients.approve(session, actor, client, revision=client.revision)
            elif verb == "disapprove":
                clients.disapprove(session, actor, client, revision=client.revision)
            else:
                clients.remove(session, actor, client, typed_name="")
    except (Conflict, InvalidInput):
        return False
    return True


def _summary(verb: str, count: int, left: int) -> str:
    sentence = f"{count} {'client was' if count == 1 else 'clients were'} {_DONE[verb]}."
    if not left:
        return sentence
    more = f" and {left - _NAMED} more" if left > _NAMED else ""
    reason = "changed meanwhile or in use" if verb == "remove" else "changed meanwhile"
    return f"{sentence} Left alone, because {reason}: {{name}}{more}."
