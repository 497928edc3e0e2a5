"""Add this URI: registers the redirect URI that a client was refused, after it has been looked at.

An address in a refusal is what a stranger sent. So it is shown with what speaks against it, passes the checks of every
other redirect URI, and is added only as it was shown.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from flask import url_for
from flask.typing import ResponseReturnValue

from authserver.domain import clients, redirect_uris, registrations
from authserver.domain.clients import Client
from authserver.domain.diagnostics import Failure
from authserver.domain.registrations import Registration
from authserver.errors import Conflict, InvalidInput
from authserver.web import door, guards
from authserver.web.admin import answers, remedies, sectors
from authserver.web.admin.blueprint import admin
from authserver.web.admin.causes import Remedy, words_of
from authserver.web.admin.client_detail import redirect_hosts
from authserver.web.admin.diagnostics import get_with_client


@admin.get("/diagnostics/<reference>/add-redirect-uri")
@guards.require_recent_sign_in
def add_redirect_uri_form(reference: str) -> ResponseReturnValue:
    """Ask whether the address that was refused shall be registered."""
    failure, client = get_with_client(reference)
    return _ask(failure, client, _fault(failure, client))


@admin.post("/diagnostics/<reference>/add-redirect-uri")
@guards.require_recent_sign_in
def add_redirect_uri(reference: str) -> ResponseReturnValue:
    """Register the address, unless it may not be or somebody changed the client meanwhile."""
    failure, client = get_with_client(reference)
    if fault := _fault(failure, client):
        return _ask(failure, client, fault, 422)
    wanted = _with_uri(client, failure.received)
    try:
        client = sectors.checked(client, wanted)
        with answers.attempt():
            clients.edit(door.session(), door.actor(), client, wanted, revision=answers.seen_revision())
    except InvalidInput as error:
        return _ask(failure, client, " ".join(error.fields.values()), 422)
    except Conflict as error:
        return answers.conflict(client, error)
    return answers.go(
        url_for("admin.refusal", reference=failure.reference),
        "The redirect URI was added to {name}. It counts from the next request on: try again.",
        name=client.name,
    )


def _fault(failure: Failure, client: Client) -> str:
    if words_of(failure.cause).remedy != Remedy.ADD_URI or not failure.received:
        return "This was not refused for an address that could be registered."
    if remedies.is_registered(failure, client):
        return "This address is registered by now."
    return remedies.uri_fault(failure, client)


def _with_uri(client: Client, uri: str) -> Registration:
    registration = registrations.of(client)
    return replace(registration, redirect_uris=(*registration.redirect_uris, uri))


def _ask(failure: Failure, client: Client, fault: str, status: int = 200) -> ResponseReturnValue:
    parts = urlsplit(failure.received) if not fault else None
    host = (parts.netloc or f"{parts.scheme}:") if parts else ""
    finding = redirect_uris.check(failure.received)
    return answers.show(
        "admin/redirect_uri_add.html",
        status,
        failure=failure,
        client=client,
        fault=fault,
        warning=finding.sentence if finding is not None and not fault else "",
        host=host,
        hosts=redirect_hosts(client),
        marks=answers.seen(client),
        back=url_for("admin.refusal", reference=failure.reference),
    )
