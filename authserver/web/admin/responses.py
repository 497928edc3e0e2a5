"""Responses of the console: pages and htmx fragments, redirects with a message, and conflicts."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from authserver.domain import audit
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.groups.groups import Group
from authserver.domain.resources import DefinedResource
from authserver.domain.scopes import DefinedScope
from authserver.domain.users.users import User
from authserver.errors import Conflict
from authserver.web import current, local_urls, request_body
from authserver.web.admin import audit_changes
from authserver.web.rendering import template_globals

Record = Client | DefinedResource | DefinedScope | Group | User
_FRAMES = {"dialog#dialog": "admin/dialog.html", "div#results": "admin/results.html"}


def render(template: str, status: int = 200, **values: object) -> tuple[str, int]:
    """Render a template as a page, or as the dialog or list fragment that htmx requested."""
    target = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") == "true" else ""
    frame = _FRAMES.get(target, "admin/page.html")
    return render_template(template, frame=frame, is_dialog=target == "dialog#dialog", **values), status


def redirect_with_message(url: str, message: str = "", *, name: str = "") -> ResponseReturnValue:
    """Redirect after a change, with a message for the next page.

    ``{name}`` in the message is replaced by ``name`` in a ``bdi`` element. To insert several names, pass them as markup.
    """
    if message:
        isolated = name if isinstance(name, Markup) else template_globals.isolated(name)
        flash(Markup.escape(message).format(name=isolated))
    return redirect(url, 303)


def return_url(default: str) -> str:
    """Return the console URL in the parameter ``back``, or the default if it is missing or not a console URL."""
    wanted = local_urls.safe_local_url(request.values.get("back", ""))
    home = url_for("admin.overview")
    is_in_console = wanted is not None and (wanted == home or wanted.startswith((f"{home}/", f"{home}?")))
    return wanted if wanted and is_in_console else default


@contextmanager
def in_savepoint() -> Iterator[None]:
    """Run the block in a savepoint. If it raises, its changes are undone before the error response commits the rest."""
    with current.transaction().begin_nested():
        yield


def revision_fields(record: Record) -> dict[str, int]:
    """Return the hidden fields of a form: the revision of the record, and the id of the latest audit event."""
    return {"revision": record.revision, "seen": audit.last_id(current.transaction())}


def sent_revision_fields() -> dict[str, str]:
    """Return the fields of ``revision_fields`` from the submitted form, to show the form again."""
    return {name: request.form.get(name, "") for name in ("revision", "seen")}


def seen_revision() -> int:
    """Return the revision in the submitted form; 0 if it is missing or invalid."""
    return request_body.sent_number("revision")


def render_conflict(record: Record, error: Conflict) -> tuple[str, int]:
    """Show how the record has changed since its form was shown."""
    events = audit.events_since(current.transaction(), record, request_body.sent_number("seen"))
    name, url = _name_and_url(record)
    entries = audit_changes.entries_of(current.transaction(), events)
    return render("admin/conflict.html", 409, name=name, url=url, error=error, entries=entries)


def get_client(key: str) -> Client:
    """Return the client with this key; raises NotFound."""
    return clients.get(current.transaction(), key)


def _name_and_url(record: Record) -> tuple[str, str]:
    """Return a record's name and the URL of its page."""
    if isinstance(record, Client):
        return record.name, url_for("admin.client_overview", key=record.client_key)
    if isinstance(record, User):
        return record.username, url_for("admin.user_detail", user_id=record.id)
    if isinstance(record, DefinedResource):
        return record.name, url_for("admin.edit_resource_form", identifier=record.identifier)
    if isinstance(record, Group):
        return record.name, url_for("admin.group_detail", group_id=record.id)
    return record.name, url_for("admin.edit_scope_form", name=record.name)
