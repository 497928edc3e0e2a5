"""Edit client: the metadata of a client. Changes take effect immediately. Secrets have a separate page."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import client_secrets, clients, registrations, sector_identifiers
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.diagnostics import error_log
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import client_rows, credentials, responses, sector_check
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_creation import typed_secret
from authserver.web.admin.client_forms import KEEP, ClientForm, shown_errors
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
    form = ClientForm.from_form(request.form, kind=client.kind, secret_choice=KEEP)
    back = client_rows.with_focus(responses.return_url(url_for("admin.client_settings", key=key)), client)
    revision_fields = responses.sent_revision_fields()
    if "use_fix" in request.form:
        return _form(client, form.with_fix(request.form["use_fix"]), revision_fields)
    try:
        wanted, overlap = form.validated_change(client), credentials.sent_overlap()
        client = _check_sector_identifier(client, wanted)
        typed = typed_secret(form)
        client = responses.get_client(key)
        with responses.in_savepoint():
            clients.edit(
                current.transaction(), current.actor(), client, wanted, revision=responses.seen_revision()
            )
            secret = credentials.replace_secret(client, typed, overlap) if form.has_new_secret else ""
    except InvalidInput as error:
        return _form(client, form, revision_fields, error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(client, error)
    if secret:
        return credentials.secret_page(client, secret, back, is_typed=typed is not None)
    return responses.redirect_with_message(back, "{name} was saved.", name=client.name)


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
        errors=shown_errors(errors or {}),
        others=len(client_secrets.secrets_of_client(current.transaction(), client)),
        overlaps=credentials.OVERLAPS,
        overlap=request.form.get("overlap", credentials.DEFAULT_OVERLAP),
        back=responses.return_url(default),
    )
