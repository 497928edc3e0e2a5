"""Approve, disapprove and remove a client: what is at stake is shown first, and exactly what was shown is decided."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import accesses, clients, lookalikes
from authserver.domain.clients import Client
from authserver.errors import Conflict, InvalidInput
from authserver.web import door, guards
from authserver.web.admin import answers
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_detail import redirect_hosts


@admin.get("/clients/<key>/approve")
@guards.require_recent_sign_in
def approve_client_form(key: str) -> ResponseReturnValue:
    """Ask whether a client may sign users in."""
    client = answers.get_client(key)
    return _ask(
        "admin/client_approve.html",
        client,
        hosts=redirect_hosts(client),
        similar=lookalikes.of_client(door.session(), client),
    )


@admin.post("/clients/<key>/approve")
@guards.require_recent_sign_in
def approve_client(key: str) -> ResponseReturnValue:
    """Approve the client as it was shown."""
    client = answers.get_client(key)
    try:
        with answers.attempt():
            clients.approve(door.session(), door.actor(), client, revision=answers.seen_revision())
    except Conflict as error:
        return answers.conflict(client, error)
    return answers.go(
        _detail(client), "{name} is approved. Users can sign in with it from now on.", name=client.name
    )


@admin.get("/clients/<key>/disapprove")
@guards.require_recent_sign_in
def disapprove_client_form(key: str) -> ResponseReturnValue:
    """Ask whether a client shall stop, with the number of those it stops for."""
    client = answers.get_client(key)
    return _ask("admin/client_disapprove.html", client, live=accesses.count(door.session(), client))


@admin.post("/clients/<key>/disapprove")
@guards.require_recent_sign_in
def disapprove_client(key: str) -> ResponseReturnValue:
    """Stop the client on its next request."""
    client = answers.get_client(key)
    try:
        with answers.attempt():
            clients.disapprove(door.session(), door.actor(), client, revision=answers.seen_revision())
    except Conflict as error:
        return answers.conflict(client, error)
    return answers.go(
        _detail(client), "{name} is disapproved. Nobody can sign in with it any more.", name=client.name
    )


@admin.get("/clients/<key>/remove")
@guards.require_recent_sign_in
def remove_client_form(key: str) -> ResponseReturnValue:
    """Ask whether a client shall be deleted for good; for one in use its name must be typed."""
    return _removal(answers.get_client(key))


@admin.post("/clients/<key>/remove")
@guards.require_recent_sign_in
def remove_client(key: str) -> ResponseReturnValue:
    """Delete the client and everything made for it."""
    client = answers.get_client(key)
    try:
        with answers.attempt():
            clients.check_revision(client, answers.seen_revision())
            clients.remove(
                door.session(), door.actor(), client, typed_name=request.form.get("typed_name", "")
            )
    except InvalidInput as error:
        return _removal(client, error.fields, 422)
    except Conflict as error:
        return answers.conflict(client, error)
    return answers.go(answers.back(url_for("admin.client_table")), "{name} was removed.", name=client.name)


def _removal(client: Client, errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    live = accesses.count(door.session(), client)
    return _ask("admin/client_remove.html", client, status, live=live, errors=errors or {})


def _ask(template: str, client: Client, status: int = 200, **values: object) -> ResponseReturnValue:
    back = answers.back(url_for("admin.client_overview", key=client.client_key))
    return answers.show(template, status, client=client, marks=answers.seen(client), back=back, **values)


def _detail(client: Client) -> str:
    return answers.back(url_for("admin.client_overview", key=client.client_key))
