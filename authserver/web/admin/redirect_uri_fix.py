"""Add this URI: registers the redirect URI of a rejected request, after an administrator has reviewed it.

An unknown sender chose the URI in a recorded error. The page therefore shows it with warnings. The URI must pass the
same checks as every other redirect URI, and is added exactly as the page showed it.
"""

from urllib.parse import urlsplit

from flask import url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import clients, redirect_uris, registrations
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import error_fixes, responses, sector_check
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_detail import redirect_hosts
from authserver.web.admin.client_forms import uri_rules
from authserver.web.admin.diagnostics import get_with_client
from authserver.web.admin.explanations import FixKind, explanation_of
from authserver.web.session import access


@admin.get("/diagnostics/<reference>/add-redirect-uri")
@access.require_recent_sign_in
def add_redirect_uri_form(reference: str) -> ResponseReturnValue:
    """Ask whether to register the rejected redirect URI."""
    recorded_error, client = get_with_client(reference)
    return _confirm(recorded_error, client, _error(recorded_error, client))


@admin.post("/diagnostics/<reference>/add-redirect-uri")
@access.require_recent_sign_in
def add_redirect_uri(reference: str) -> ResponseReturnValue:
    """Register the redirect URI, unless the URI is not acceptable or the client has changed."""
    recorded_error, client = get_with_client(reference)
    if error := _error(recorded_error, client):
        return _confirm(recorded_error, client, error, 422)
    try:
        wanted = registrations.validate_change(
            client, {"redirect_uris": [*client.redirect_uris, recorded_error.received]}, uri_rules()
        )
        client = sector_check.check_and_reload(client, wanted)
        with responses.in_savepoint():
            clients.edit(
                current.transaction(), current.actor(), client, wanted, revision=responses.seen_revision()
            )
    except InvalidInput as invalid:
        return _confirm(recorded_error, client, " ".join(invalid.fields.values()), 422)
    except Conflict as conflict:
        return responses.render_conflict(client, conflict)
    return responses.redirect_with_message(
        url_for("admin.recorded_error", reference=recorded_error.reference),
        "The redirect URI was added to {name} and works now. Start the sign-in in the application again.",
        name=client.name,
    )


def _error(recorded_error: RecordedError, client: Client) -> str:
    if explanation_of(recorded_error.cause).fix_kind != FixKind.ADD_URI or not recorded_error.received:
        return "This error contains no redirect URI that can be registered."
    if error_fixes.is_registered(recorded_error, client):
        return "This redirect URI is already registered."
    return error_fixes.uri_error(recorded_error, client)


def _confirm(
    recorded_error: RecordedError, client: Client, error: str, status: int = 200
) -> ResponseReturnValue:
    parts = urlsplit(recorded_error.received) if not error else None
    host = (parts.netloc or f"{parts.scheme}:") if parts else ""
    issue = redirect_uris.find_issue(recorded_error.received, uri_rules())
    return responses.render(
        "admin/redirect_uri_add.html",
        status,
        recorded_error=recorded_error,
        client=client,
        error=error,
        warning=issue.sentence if issue is not None and not error else "",
        host=host,
        hosts=redirect_hosts(client),
        revision_fields=responses.revision_fields(client),
        back=url_for("admin.recorded_error", reference=recorded_error.reference),
    )
