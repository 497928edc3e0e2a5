"""Authorised applications: who may use the account, for what, and taking it back."""

from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from authserver.domain import authorizations, clients, consents
from authserver.domain.clients import Client
from authserver.errors import NotFound
from authserver.web import door, pages, scope_words
from authserver.web.account import account
from authserver.web.account.person import me
from authserver.web.languages import say


@dataclass
class _Access:
    """What one application may do, since when, and when it last asked."""

    client: Client
    scopes: list[str]
    granted_at: datetime | None = None
    used_at: datetime | None = None


@account.get("/applications")
def application_list() -> ResponseReturnValue:
    """Show every application with a consent, or with access that needed none."""
    return render_template("account/applications.html", accesses=_accesses())


@account.get("/applications/<client_key>/remove")
def ask_remove_application(client_key: str) -> ResponseReturnValue:
    """Ask whether to take an application's access back."""
    return render_template("account/application_remove.html", access=_access(client_key))


@account.post("/applications/<client_key>/remove")
def remove_application(client_key: str) -> ResponseReturnValue:
    """Take an application's access back."""
    client = _access(client_key).client
    consents.withdraw(door.session(), door.actor(), me().id, client)
    sentence = Markup.escape(say("%(name)s cannot use your account any more."))
    flash(sentence % {"name": pages.isolated(client.name)}, "success")
    return redirect(url_for("account.application_list"), 303)


def _access(client_key: str) -> _Access:
    client = clients.find(door.session(), client_key)
    found = [access for access in _accesses() if client is not None and access.client.id == client.id]
    if not found:
        raise NotFound(say("This application has no access to your account."))
    return found[0]


def _accesses() -> list[_Access]:
    session, user = door.session(), me()
    found = {
        row.client_id: _Access(row.client, scope_words.in_order(row.scopes), granted_at=row.granted_at)
        for row in consents.of_user(session, user.id)
    }
    for client, used_at in authorizations.clients_of_user(session, user.id):
        found.setdefault(client.id, _Access(client, [])).used_at = used_at
    return sorted(found.values(), key=lambda access: access.client.name.casefold())
