"""The Credentials tab of a client. Secrets can overlap, so that a new one can be in use before the old one expires."""

from datetime import timedelta

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import client_secrets, clients
from authserver.domain.clients.client_secrets import EnteredSecret
from authserver.domain.clients.clients import Client
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import labels, responses
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_creation import add_client_secret, typed_secret
from authserver.web.admin.client_detail import header
from authserver.web.admin.client_forms import ClientForm
from authserver.web.session import access

OVERLAPS = {"0": "Now", "1": "In 1 hour", "24": "In 24 hours", "168": "In 7 days"}
DEFAULT_OVERLAP = "24"
_ROW_IDS = "<int(max=9223372036854775807):secret_id>"


@admin.get("/clients/<key>/credentials")
def client_credentials(key: str) -> ResponseReturnValue:
    """List the active secrets and when they expire."""
    client = responses.get_client(key)
    secrets = client_secrets.secrets_of_client(current.transaction(), client)
    return responses.render("admin/client_credentials.html", **header(client, "credentials"), secrets=secrets)


@admin.get("/clients/<key>/secrets/new")
@access.require_recent_sign_in
def new_secret(key: str) -> ResponseReturnValue:
    """Show the form for a new secret."""
    client = responses.get_client(key)
    return (
        _form(client)
        if client_secrets.are_used(client.kind, client.auth_method)
        else _redirect_without_secret(client)
    )


@admin.post("/clients/<key>/secrets/new")
@access.require_recent_sign_in
def add_secret(key: str) -> ResponseReturnValue:
    """Add a secret and show it once. The revision in the form prevents a reload from adding another."""
    client = responses.get_client(key)
    if not client_secrets.are_used(client.kind, client.auth_method):
        return _redirect_without_secret(client)
    form = ClientForm.from_form(request.form, kind=client.kind)
    try:
        overlap = sent_overlap()
        form.check_secret()
        typed = typed_secret(form)
        client = responses.get_client(key)
        with responses.in_savepoint():
            clients.check_revision(client, responses.seen_revision())
            secret = replace_secret(client, typed, overlap)
    except InvalidInput as error:
        return _form(client, error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(client, error)
    back = url_for("admin.client_credentials", key=key)
    return secret_page(client, secret, back, is_typed=typed is not None)


def secret_page(client: Client, secret: str, back: str, *, is_typed: bool) -> ResponseReturnValue:
    """Show a new secret once."""
    return responses.render(
        "admin/secret_created.html",
        client=client,
        secret=secret,
        is_typed=is_typed,
        naming=labels.naming(client.kind),
        back=back,
    )


@admin.get(f"/clients/<key>/secrets/{_ROW_IDS}/remove")
@access.require_recent_sign_in
def remove_secret_form(key: str, secret_id: int) -> ResponseReturnValue:
    """Ask for confirmation before a secret is removed."""
    client = responses.get_client(key)
    secret = client_secrets.get(current.transaction(), client, secret_id)
    return responses.render(
        "admin/secret_remove.html",
        client=client,
        secret=secret,
        revision_fields=responses.revision_fields(client),
    )


@admin.post(f"/clients/<key>/secrets/{_ROW_IDS}/remove")
@access.require_recent_sign_in
def remove_secret(key: str, secret_id: int) -> ResponseReturnValue:
    """Remove a secret."""
    client = responses.get_client(key)
    try:
        with responses.in_savepoint():
            clients.check_revision(client, responses.seen_revision())
            client_secrets.remove(current.transaction(), current.actor(), client, secret_id)
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(
        url_for("admin.client_credentials", key=key), "The secret was removed."
    )


def sent_overlap() -> timedelta:
    """Return how long the older secrets stay valid, from the form; raises InvalidInput."""
    hours = request.form.get("overlap", DEFAULT_OVERLAP)
    if hours not in OVERLAPS:
        raise InvalidInput({"overlap": "Choose when the other secrets expire."})
    return timedelta(hours=int(hours))


def replace_secret(client: Client, typed: EnteredSecret | None, overlap: timedelta) -> str:
    """Add a secret, let the older ones expire, and return it. Return "" if the client uses no secret."""
    secret = add_client_secret(client, typed)
    if not secret:
        return ""
    client_secrets.expire_others(current.transaction(), current.actor(), client, after=overlap)
    return secret


def _redirect_without_secret(client: Client) -> ResponseReturnValue:
    sentence = "This application authenticates without a secret."
    return responses.redirect_with_message(
        url_for("admin.client_credentials", key=client.client_key), sentence
    )


def _form(client: Client, errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    return responses.render(
        "admin/secret_new.html",
        status,
        client=client,
        form=ClientForm.from_form(request.form, kind=client.kind),
        errors=errors or {},
        others=len(client_secrets.secrets_of_client(current.transaction(), client)),
        overlaps=OVERLAPS,
        overlap=request.form.get("overlap", DEFAULT_OVERLAP),
        revision_fields=responses.revision_fields(client)
        if status == 200
        else responses.sent_revision_fields(),
    )
