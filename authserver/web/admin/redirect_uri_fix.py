"""Add this URI: registers the redirect URI that a client was refused, after it has been looked at.

An address in a refusal is what a stranger sent. So it is shown with what speaks against it, passes the checks of every
other redirect URI, and is added only as it was shown.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from flask import url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import clients, redirect_uris, registrations
from authserver.domain.clients.clients import Client
from authserver.domain.clients.registrations import Registration
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import error_fixes, responses, sector_check
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_detail import redirect_hosts
from authserver.web.admin.diagnostics import get_with_client
from authserver.web.admin.explanations import FixKind, explanation_of
from authserver.web.session import access


@admin.get("/diagnostics/<reference>/add-redirect-uri")
@access.require_recent_sign_in
def add_redirect_uri_form(reference: str) -> ResponseReturnValue:
    """Ask whether the address that was refused shall be registered."""
    failure, client = get_with_client(reference)
    return _ask(failure, client, _fault(failure, client))


@admin.post("/diagnostics/<reference>/add-redirect-uri")
@access.require_recent_sign_in
def add_redirect_uri(reference: str) -> ResponseReturnValue:
    """Register the address, unless it may not be or somebody changed the client meanwhile."""
    failure, client = get_with_client(reference)
    if fault := _fault(failure, client):
        return _ask(failure, client, fault, 422)
    wanted = _with_uri(client, failure.received)
    try:
        client = sector_check.checked(client, wanted)
        with responses.in_savepoint():
            clients.edit(
                current.transaction(), current.actor(), client, wanted, revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _ask(failure, client, " ".join(error.fields.values()), 422)
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(
        url_for("admin.recorded_error", reference=failure.reference),
        "The redirect URI was added to {name}. It counts from the next request on: try again.",
        name=client.name,
    )


def _fault(failure: RecordedError, client: Client) -> str:
    if explanation_of(failure.cause).fix_kind != FixKind.ADD_URI or not failure.received:
        return "This was not refused for an address that could be registered."
    if error_fixes.is_registered(failure, client):
        return "This address is registered by now."
    return error_fixes.uri_fault(failure, client)


def _with_uri(client: Client, uri: str) -> Registration:
    registration = registrations.registration_of(client)
    return replace(registration, redirect_uris=(*registration.redirect_uris, uri))


def _ask(failure: RecordedError, client: Client, fault: str, status: int = 200) -> ResponseReturnValue:
    parts = urlsplit(failure.received) if not fault else None
    host = (parts.netloc or f"{parts.scheme}:") if parts else ""
    finding = redirect_uris.find_issue(failure.received)
    return responses.render(
        "admin/redirect_uri_add.html",
        status,
        failure=failure,
        client=client,
        fault=fault,
        warning=finding.sentence if finding is not None and not fault else "",
        host=host,
        hosts=redirect_hosts(client),
        marks=responses.form_marks(client),
        back=url_for("admin.recorded_error", reference=failure.reference),
    )
