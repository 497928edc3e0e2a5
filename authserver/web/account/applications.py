"""The applications page: clients with access to the user's account, and removing their access."""

from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from authserver.domain import application_access
from authserver.domain.authorizations import consents
from authserver.domain.clients import clients, user_access
from authserver.domain.clients.clients import Client
from authserver.errors import NotFound
from authserver.messages import message
from authserver.vocabulary import GrantType
from authserver.web import current
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_user
from authserver.web.rendering import scope_labels, template_globals


@dataclass
class _Access:
    """The access of one client, with the time of each kind of grant.

    ``is_allowed`` is false if the user's groups do not permit the use of the client. ``granted_at`` is the time of the
    consent. The other times are those of the latest sign-in (``used_at``), the latest connected device (``device_at``),
    and the latest use of the user's password by the client (``password_at``).
    """

    client: Client
    scopes: list[str]
    is_allowed: bool
    granted_at: datetime | None = None
    used_at: datetime | None = None
    device_at: datetime | None = None
    password_at: datetime | None = None

    @property
    def needs_no_consent(self) -> bool:
        """Whether the user was never asked for consent because an administrator marked the client as trusted."""
        return self.client.is_trusted and self.granted_at is None and self.used_at is not None

    @property
    def asks_users(self) -> bool:
        """Whether the client sends users to a page of this server that asks for consent."""
        return any((self.granted_at, self.used_at, self.device_at))

    def add(self, held: application_access.ApplicationAccess) -> None:
        """Add the scopes that the client received with one grant type, and the time of the latest authorization."""
        self.scopes = scope_labels.in_order({*self.scopes, *held.scope.split()})
        field = _TIME_FIELDS.get(held.grant_type, "used_at")
        setattr(self, field, max(getattr(self, field) or held.at, held.at))


_TIME_FIELDS: dict[str, str] = {GrantType.DEVICE_CODE: "device_at", GrantType.PASSWORD: "password_at"}


@account.get("/applications")
def application_list() -> ResponseReturnValue:
    """Show all clients with a consent, or with access that needed no consent."""
    return render_template("account/applications.html", accesses=_accesses())


@account.get("/applications/<client_key>/remove")
def ask_remove_application(client_key: str) -> ResponseReturnValue:
    """Ask for confirmation."""
    return render_template("account/application_remove.html", access=_access(client_key))


@account.post("/applications/<client_key>/remove")
def remove_application(client_key: str) -> ResponseReturnValue:
    """Remove the access of a client."""
    client = _access(client_key).client
    consents.withdraw(current.transaction(), current.actor(), own_user().id, client)
    text = Markup.escape(gettext("%(name)s no longer has access to your account."))
    flash(text % {"name": template_globals.isolated(client.name)}, "success")
    return redirect(url_for("account.application_list"), 303)


def _access(client_key: str) -> _Access:
    client = clients.find(current.transaction(), client_key)
    found = [access for access in _accesses() if client is not None and access.client.id == client.id]
    if not found:
        raise NotFound(message("This application has no access to your account."))
    return found[0]


def _accesses() -> list[_Access]:
    db, user = current.transaction(), own_user()

    def is_allowed(client: Client) -> bool:
        return user_access.allows(client.details, user.group_names)

    found = {
        row.client_id: _Access(
            row.client, scope_labels.in_order(row.scopes), is_allowed(row.client), granted_at=row.granted_at
        )
        for row in consents.consents_of_user(db, user.id)
    }
    for held in application_access.access_of_user(db, user.id):
        found.setdefault(held.client.id, _Access(held.client, [], is_allowed(held.client))).add(held)
    return sorted(found.values(), key=lambda access: access.client.name.casefold())
