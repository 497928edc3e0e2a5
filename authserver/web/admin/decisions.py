"""Approve, disapprove and remove a client. A decision applies only to the revision that its form showed."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import application_access
from authserver.domain.clients import client_search, clients
from authserver.domain.clients.clients import Client
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import client_creation, client_rows, responses, sector_check
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_detail import redirect_hosts
from authserver.web.session import access


@admin.get("/clients/<key>/approve")
@access.require_recent_sign_in
def approve_client_form(key: str) -> ResponseReturnValue:
    """Show the client for review before it is approved."""
    return _approval(responses.get_client(key))


@admin.post("/clients/<key>/approve")
@access.require_recent_sign_in
def approve_client(key: str) -> ResponseReturnValue:
    """Approve the client. If it has a sector identifier, fetch the document first."""
    client = responses.get_client(key)
    shown, back = client_creation.find_shown(client), _return_url(client)
    try:
        client = sector_check.check_approval_and_reload(client)
        with responses.in_savepoint():
            clients.approve(
                current.transaction(), current.actor(), client, revision=responses.seen_revision()
            )
    except InvalidInput as error:
        if shown is not None:
            return client_creation.created_page(client, shown, {"": error.text}, 422)
        return _approval(client, {"": error.text}, 422)
    except Conflict as error:
        if shown is not None:
            errors = {} if client.is_approved else {"": str(error)}
            return client_creation.created_page(client, shown, errors, 409 if errors else 200)
        return responses.render_conflict(client, error)
    if shown is not None:
        return client_creation.created_page(client, shown)
    return responses.redirect_with_message(back, "{name} is approved and can be used.", name=client.name)


@admin.get("/clients/<key>/disapprove")
@access.require_recent_sign_in
def disapprove_client_form(key: str) -> ResponseReturnValue:
    """Ask for confirmation, with the number of active authorizations."""
    client = responses.get_client(key)
    return _ask(
        "admin/client_disapprove.html",
        client,
        authorization_count=application_access.count(current.transaction(), client),
    )


@admin.post("/clients/<key>/disapprove")
@access.require_recent_sign_in
def disapprove_client(key: str) -> ResponseReturnValue:
    """Disapprove the client."""
    client = responses.get_client(key)
    back = _return_url(client)
    try:
        with responses.in_savepoint():
            clients.disapprove(
                current.transaction(), current.actor(), client, revision=responses.seen_revision()
            )
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(
        back, "{name} is disapproved and can no longer be used.", name=client.name
    )


@admin.get("/clients/<key>/remove")
@access.require_recent_sign_in
def remove_client_form(key: str) -> ResponseReturnValue:
    """Ask for confirmation. If the client is in use, the administrator must type its name."""
    return _removal(responses.get_client(key))


@admin.post("/clients/<key>/remove")
@access.require_recent_sign_in
def remove_client(key: str) -> ResponseReturnValue:
    """Remove the client and everything that belongs to it."""
    client = responses.get_client(key)
    back = client_rows.with_focus(_list_url(), client, are_removed=True)
    try:
        with responses.in_savepoint():
            clients.check_revision(client, responses.seen_revision())
            clients.remove(
                current.transaction(), current.actor(), client, typed_name=request.form.get("typed_name", "")
            )
    except InvalidInput as error:
        return _removal(client, error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(back, "{name} was removed.", name=client.name)


def _approval(client: Client, errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    return _ask(
        "admin/client_approve.html",
        client,
        status,
        hosts=redirect_hosts(client),
        similar=client_search.similar_to_client(current.transaction(), client),
        errors=errors or {},
    )


def _removal(client: Client, errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    authorization_count = application_access.count(current.transaction(), client)
    return _ask(
        "admin/client_remove.html",
        client,
        status,
        authorization_count=authorization_count,
        errors=errors or {},
    )


def _ask(template: str, client: Client, status: int = 200, **values: object) -> ResponseReturnValue:
    back = responses.return_url(url_for("admin.client_overview", key=client.client_key))
    return responses.render(
        template,
        status,
        client=client,
        revision_fields=responses.revision_fields(client),
        back=back,
        **values,
    )


def _return_url(client: Client) -> str:
    back = responses.return_url(url_for("admin.client_overview", key=client.client_key))
    return client_rows.with_focus(back, client)


def _list_url() -> str:
    """Return the list to return to after a removal. The page of the client no longer exists."""
    table = url_for("admin.client_table")
    back = responses.return_url(table)
    return back if client_rows.is_table(back) else table
