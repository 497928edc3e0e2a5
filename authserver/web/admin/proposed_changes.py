"""A change that a client asked for itself (RFC 7592): shown before and after, then approved or discarded as shown."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from authserver.domain import client_registrations, lookalikes
from authserver.domain.client_registrations import Change
from authserver.domain.clients import Client
from authserver.errors import Conflict, InvalidInput
from authserver.web import door, guards
from authserver.web.admin import answers
from authserver.web.admin.blueprint import admin
from authserver.web.admin.changes import differences


@admin.get("/clients/<key>/change/approve")
@guards.require_recent_sign_in
def approve_change_form(key: str) -> ResponseReturnValue:
    """Ask whether a client shall be what it asks to be from now on."""
    return _ask("admin/change_approve.html", answers.get_client(key))


@admin.post("/clients/<key>/change/approve")
@guards.require_recent_sign_in
def approve_change(key: str) -> ResponseReturnValue:
    """Let the change that was shown count with the client's next request."""
    client, vault = answers.get_client(key), door.services().vault
    try:
        with answers.attempt():
            client_registrations.approve_change(
                door.session(), door.actor(), vault, client, revision=answers.seen_revision()
            )
    except InvalidInput as error:
        return _ask("admin/change_approve.html", client, error.fields, 422)
    except Conflict as error:
        return answers.conflict(client, error)
    return answers.go(_detail(client), "The change of {name} is approved.", name=client.name)


@admin.get("/clients/<key>/change/discard")
@guards.require_recent_sign_in
def discard_change_form(key: str) -> ResponseReturnValue:
    """Ask whether a change shall be dropped."""
    return _ask("admin/change_discard.html", answers.get_client(key))


@admin.post("/clients/<key>/change/discard")
@guards.require_recent_sign_in
def discard_change(key: str) -> ResponseReturnValue:
    """Drop the change that was shown; the client stays as it was approved."""
    client = answers.get_client(key)
    try:
        with answers.attempt():
            client_registrations.discard_change(
                door.session(), door.actor(), client, revision=answers.seen_revision()
            )
    except Conflict as error:
        return answers.conflict(client, error)
    return answers.go(_detail(client), "The change of {name} was discarded.", name=client.name)


def shown(client: Client) -> dict[str, Any]:
    """Return what a page says of the change that waits, if one does."""
    change = client_registrations.waiting(door.session(), client)
    if change is None:
        return {"change": None}
    return {
        "change": change,
        "changed": differences(change.before, change.after),
        "changed_similar": _similar(client, change),
    }


def _similar(client: Client, change: Change) -> list[Client]:
    name = change.registration.name
    return [] if name == client.name else lookalikes.of_name(door.session(), name, but=client)


def _ask(
    template: str, client: Client, errors: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    return answers.show(
        template,
        status,
        client=client,
        marks=answers.seen(client),
        back=_detail(client),
        errors=errors or {},
        **shown(client),
    )


def _detail(client: Client) -> str:
    return answers.back(url_for("admin.client_overview", key=client.client_key))
