"""Changes that a client requested to its own registration (RFC 7592). An administrator approves or discards them."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import client_search, self_registration
from authserver.domain.clients.clients import Client
from authserver.domain.clients.self_registration import PendingChange
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import responses, sector_check
from authserver.web.admin.audit_changes import differences
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_forms import uri_rules
from authserver.web.session import access


@admin.get("/clients/<key>/change/approve")
@access.require_recent_sign_in
def approve_change_form(key: str) -> ResponseReturnValue:
    """Show the pending changes for review."""
    return _ask("admin/change_approve.html", responses.get_client(key))


@admin.post("/clients/<key>/change/approve")
@access.require_recent_sign_in
def approve_change(key: str) -> ResponseReturnValue:
    """Approve the pending changes that the form showed."""
    client, vault = responses.get_client(key), current.services().vault
    try:
        client = sector_check.check_change_and_reload(client)
        with responses.in_savepoint():
            self_registration.approve_change(
                current.transaction(),
                current.actor(),
                vault,
                client,
                uri_rules(),
                revision=responses.seen_revision(),
            )
    except InvalidInput as error:
        return _ask("admin/change_approve.html", client, {"": error.text}, 422)
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(
        _return_url(client), "The changes to {name} are approved.", name=client.name
    )


@admin.get("/clients/<key>/change/discard")
@access.require_recent_sign_in
def discard_change_form(key: str) -> ResponseReturnValue:
    """Ask for confirmation before the pending changes are discarded."""
    return _ask("admin/change_discard.html", responses.get_client(key))


@admin.post("/clients/<key>/change/discard")
@access.require_recent_sign_in
def discard_change(key: str) -> ResponseReturnValue:
    """Discard the pending changes that the form showed."""
    client = responses.get_client(key)
    try:
        with responses.in_savepoint():
            self_registration.discard_change(
                current.transaction(), current.actor(), client, revision=responses.seen_revision()
            )
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(
        _return_url(client), "The changes to {name} were discarded.", name=client.name
    )


def pending_change_values(client: Client) -> dict[str, Any]:
    """Return the template values about the client's pending changes; ``change`` is None if there are none."""
    change = self_registration.pending_change_of(current.transaction(), client)
    if change is None:
        return {"change": None}
    return {
        "change": change,
        "changed": differences(change.before, change.after),
        "changed_similar": _similar(client, change),
    }


def _similar(client: Client, change: PendingChange) -> list[Client]:
    name = change.values["name"]
    return (
        []
        if name == client.name
        else client_search.similar_to_name(current.transaction(), name, exclude=client)
    )


def _ask(
    template: str, client: Client, errors: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    return responses.render(
        template,
        status,
        client=client,
        revision_fields=responses.revision_fields(client),
        back=_return_url(client),
        errors=errors or {},
        **pending_change_values(client),
    )


def _return_url(client: Client) -> str:
    return responses.return_url(url_for("admin.client_overview", key=client.client_key))
