"""Edit client: the metadata of a client. Changes take effect immediately. Secrets have a separate page."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import clients, registrations, sector_identifiers
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.diagnostics import error_log
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import responses, sector_check
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_forms import ClientForm, uri_rules
from authserver.web.admin.suggested_edits import with_suggestion
from authserver.web.session import access


@admin.get("/clients/<key>/edit")
@access.require_recent_sign_in
def edit_client_form(key: str) -> ResponseReturnValue:
    """Show the form, with a suggestion if it is opened from a recorded error."""
    client = responses.get_client(key)
    error = error_log.find(current.transaction(), request.args.get("error", ""))
    return _form(
        client,
        with_suggestion(ClientForm.from_client(client), client, error),
        responses.revision_fields(client),
    )


@admin.post("/clients/<key>/edit")
@access.require_recent_sign_in
def edit_client(key: str) -> ResponseReturnValue:
    """Save the form, unless the client has changed since it was shown."""
    client = responses.get_client(key)
    form = ClientForm.from_form(request.form, kind=client.kind)
    revision_fields = responses.sent_revision_fields()
    if "use_fix" in request.form:
        return _form(client, form.with_fix(request.form["use_fix"]), revision_fields)
    try:
        wanted = registrations.validate_change(client, form.values(), uri_rules())
        client = _check_sector_identifier(client, wanted)
        with responses.in_savepoint():
            clients.edit(
                current.transaction(), current.actor(), client, wanted, revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _form(client, form, revision_fields, error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(
        responses.return_url(url_for("admin.client_settings", key=key)), "{name} was saved.", name=client.name
    )


@admin.post("/clients/<key>/require-pkce")
@access.require_recent_sign_in
def require_pkce(key: str) -> ResponseReturnValue:
    """Require PKCE of a client that always sends it."""
    client = responses.get_client(key)
    back = responses.return_url(url_for("admin.client_settings", key=key))
    if not client.always_sends_pkce:
        sentence = (
            "Nothing was changed: PKCE is already required of {name}, or its last sign-ins had no PKCE."
        )
        return responses.redirect_with_message(back, sentence, name=client.name)
    try:
        wanted = registrations.validate_change(client, {"is_pkce_required": True})
        with responses.in_savepoint():
            clients.edit(
                current.transaction(), current.actor(), client, wanted, revision=responses.seen_revision()
            )
    except InvalidInput:
        sentence = (
            "{name} was not changed, because another of its settings is no longer valid. Edit the client."
        )
        return responses.redirect_with_message(back, sentence, name=client.name)
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(back, "{name} must use PKCE now.", name=client.name)


def _check_sector_identifier(client: Client, wanted: ClientMetadata) -> Client:
    try:
        return sector_check.check_and_reload(client, wanted)
    except InvalidInput as error:
        # The sector identifier URI is edited on another page, so this page shows the error at the redirect URIs.
        names = {sector_identifiers.FIELD: "redirect_uris"}
        raise InvalidInput({names.get(name, name): error.fields[name] for name in error.fields}) from error


def _form(
    client: Client,
    form: ClientForm,
    revision_fields: object,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    default = url_for("admin.client_settings", key=client.client_key)
    return responses.render(
        "admin/client_edit.html",
        status,
        client=client,
        form=form,
        revision_fields=revision_fields,
        errors=errors or {},
        back=responses.return_url(default),
    )
