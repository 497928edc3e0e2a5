"""How the console answers: a page at its own address, or the fragment of it that htmx asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import audit, clients
from authserver.domain.clients import Client
from authserver.errors import Conflict
from authserver.web import destinations, door
from authserver.web.admin.changes import Entry

_FRAMES = {"dialog#dialog": "admin/dialog.html", "div#results": "admin/results.html"}


def show(template: str, status: int = 200, **values: object) -> tuple[str, int]:
    """Render a template as a page, or as the dialog or list that htmx is going to put into the page."""
    target = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") == "true" else ""
    frame = _FRAMES.get(target, "admin/page.html")
    return render_template(template, frame=frame, is_dialog=target == "dialog#dialog", **values), status


def go(url: str, message: str = "") -> ResponseReturnValue:
    """Send the browser on after a change, with a sentence for the next page."""
    if message:
        flash(message)
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


def seen(client: Client) -> dict[str, int]:
    """Return the marks that a form about a client carries: which revision was shown, and the last event before it."""
    return {"revision": client.revision, "seen": audit.last_id(door.session(), client.id)}


def sent_marks() -> dict[str, str]:
    """Return the marks that a form carried here, for showing that form once more."""
    return {name: request.form.get(name, "") for name in ("revision", "seen")}


def seen_revision() -> int:
    """Return the revision that the person looked at when they sent the form; no revision is 0 or below."""
    return _number("revision")


def conflict(client: Client, error: Conflict) -> tuple[str, int]:
    """Show that a client is not what was looked at any more, and what changed."""
    events = audit.since(door.session(), client.id, _number("seen"))
    return show(
        "admin/conflict.html", 409, client=client, error=error, entries=[Entry(event) for event in events]
    )


def get_client(key: str) -> Client:
    """Return the client of an address; raises NotFound, which becomes a page."""
    return clients.get(door.session(), key)


def _number(field: str) -> int:
    text = request.form.get(field, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
