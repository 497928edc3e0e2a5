"""How the console answers: a page at its own address, or the fragment of it that htmx asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from authserver.domain import audit
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.scopes import DefinedScope
from authserver.domain.users.users import User
from authserver.errors import Conflict
from authserver.web import current, local_urls, request_body
from authserver.web.admin.audit_changes import AuditEntry
from authserver.web.rendering import template_globals

Record = Client | DefinedScope | User
_FRAMES = {"dialog#dialog": "admin/dialog.html", "div#results": "admin/results.html"}


def render(template: str, status: int = 200, **values: object) -> tuple[str, int]:
    """Render a template as a page, or as the dialog or list that htmx is going to put into the page."""
    target = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") == "true" else ""
    frame = _FRAMES.get(target, "admin/page.html")
    return render_template(template, frame=frame, is_dialog=target == "dialog#dialog", **values), status


def redirect_with_message(url: str, message: str = "", *, name: str = "") -> ResponseReturnValue:
    """Send the browser on after a change, with a sentence for the next page.

    ``name`` stands where it says {name}, kept apart from the sentence; several names come as markup.
    """
    if message:
        isolated = name if isinstance(name, Markup) else template_globals.isolated(name)
        flash(Markup.escape(message).format(name=isolated))
    return redirect(url, 303)


def return_url(default: str) -> str:
    """Return the console address that the person came from, if the form names one, else the default."""
    wanted = local_urls.safe_local_url(request.values.get("back", ""))
    home = url_for("admin.overview")
    inside = wanted is not None and (wanted == home or wanted.startswith((f"{home}/", f"{home}?")))
    return wanted if wanted and inside else default


@contextmanager
def in_savepoint() -> Iterator[None]:
    """Undo what was done inside when it raises: the error is going to be answered, and an answer commits."""
    with current.transaction().begin_nested():
        yield


def form_marks(record: Record) -> dict[str, int]:
    """Return the marks that a form about a record carries: which revision was shown, and the last event before it."""
    return {"revision": record.revision, "seen": audit.last_id(current.transaction())}


def sent_marks() -> dict[str, str]:
    """Return the marks that a form carried here, for showing that form once more."""
    return {name: request.form.get(name, "") for name in ("revision", "seen")}


def seen_revision() -> int:
    """Return the revision that the person looked at when they sent the form; no revision is 0 or below."""
    return request_body.sent_number("revision")


def render_conflict(record: Record, error: Conflict) -> tuple[str, int]:
    """Show that a record is not what was looked at any more, and what changed."""
    events = audit.events_since(current.transaction(), record, request_body.sent_number("seen"))
    name, url = _whereabouts(record)
    entries = [AuditEntry(event) for event in events]
    return render("admin/conflict.html", 409, name=name, url=url, error=error, entries=entries)


def get_client(key: str) -> Client:
    """Return the client of an address; raises NotFound, which becomes a page."""
    return clients.get(current.transaction(), key)


def _whereabouts(record: Record) -> tuple[str, str]:
    """Return what pages call a record, and the page that shows it."""
    if isinstance(record, Client):
        return record.name, url_for("admin.client_overview", key=record.client_key)
    if isinstance(record, User):
        return record.username, url_for("admin.user_detail", user_id=record.id)
    return record.name, url_for("admin.edit_scope", name=record.name)
