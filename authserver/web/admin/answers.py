"""How the console answers: a page at its own address, or the fragment of it that htmx asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from authserver.domain import audit, clients
from authserver.domain.clients import Client
from authserver.domain.scopes import Scope
from authserver.domain.users import User
from authserver.errors import Conflict
from authserver.web import destinations, door, incoming, pages
from authserver.web.admin.changes import Entry

Record = Client | Scope | User
_FRAMES = {"dialog#dialog": "admin/dialog.html", "div#results": "admin/results.html"}


def show(template: str, status: int = 200, **values: object) -> tuple[str, int]:
    """Render a template as a page, or as the dialog or list that htmx is going to put into the page."""
    target = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") == "true" else ""
    frame = _FRAMES.get(target, "admin/page.html")
    return render_template(template, frame=frame, is_dialog=target == "dialog#dialog", **values), status


def go(url: str, message: str = "", *, name: str = "") -> ResponseReturnValue:
    """Send the browser on after a change, with a sentence for the next page.

    ``name`` stands where it says {name}, kept apart from the sentence; several names come as markup.
    """
    if message:
        isolated = name if isinstance(name, Markup) else pages.isolated(name)
        flash(Markup.escape(message).format(name=isolated))
    return redirect(url, 303)


def back(default: str) -> str:
    """Return the console address that the person came from, if the form names one, else the default."""
    wanted = destinations.safe(request.values.get("back", ""))
    home = url_for("admin.overview")
    inside = wanted is not None and (wanted == home or wanted.startswith((f"{home}/", f"{home}?")))
    return wanted if wanted and inside else default


@contextmanager
def attempt() -> Iterator[None]:
    """Undo what was done inside when it raises: the error is going to be answered, and an answer commits."""
    with door.session().begin_nested():
        yield


def seen(record: Record) -> dict[str, int]:
    """Return the marks that a form about a record carries: which revision was shown, and the last event before it."""
    return {"revision": record.revision, "seen": audit.last_id(door.session())}


def sent_marks() -> dict[str, str]:
    """Return the marks that a form carried here, for showing that form once more."""
    return {name: request.form.get(name, "") for name in ("revision", "seen")}


def seen_revision() -> int:
    """Return the revision that the person looked at when they sent the form; no revision is 0 or below."""
    return incoming.sent_number("revision")


def conflict(record: Record, error: Conflict) -> tuple[str, int]:
    """Show that a record is not what was looked at any more, and what changed."""
    events = audit.since(door.session(), record, incoming.sent_number("seen"))
    name, url = _whereabouts(record)
    entries = [Entry(event) for event in events]
    return show("admin/conflict.html", 409, name=name, url=url, error=error, entries=entries)


def get_client(key: str) -> Client:
    """Return the client of an address; raises NotFound, which becomes a page."""
    return clients.get(door.session(), key)


def _whereabouts(record: Record) -> tuple[str, str]:
    """Return what pages call a record, and the page that shows it."""
    if isinstance(record, Client):
        return record.name, url_for("admin.client_overview", key=record.client_key)
    if isinstance(record, User):
        return record.username, url_for("admin.user_detail", user_id=record.id)
    return record.name, url_for("admin.edit_scope", name=record.name)
