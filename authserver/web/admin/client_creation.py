"""Create client: one form for all three kinds of client, and the response that shows the secret.

Only the response to the POST contains the secret, and the response to an approval from that page. No URL and no cookie
contains it. If the form is submitted again, for example by a reload, its form token is already used, and no second client
is created.
"""

import secrets
from datetime import timedelta
from typing import NamedTuple

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import form_tokens
from authserver.domain.clients import client_secrets, clients
from authserver.domain.clients.client_secrets import EnteredSecret
from authserver.domain.clients.clients import Client
from authserver.vocabulary import ClientKind, EndpointPath, RootServices
from authserver.web import current
from authserver.web.admin import client_rows, labels, pagination, responses
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_forms import TYPED, ClientForm, shown_errors
from authserver.web.session import access, sealed_values

_SHOWN_LIFETIME = timedelta(hours=8)

_ADDRESSES: dict[ClientKind, dict[str, str]] = {
    ClientKind.OIDC: {"Discovery URL": EndpointPath.OPENID_CONFIGURATION},
    ClientKind.OAUTH2: {"Discovery URL": EndpointPath.OAUTH_METADATA},
    # OAuth 1.0a has no discovery. Jazz and OSLC tools read the root services document instead.
    ClientKind.OAUTH1: {
        "Request token URL": EndpointPath.OAUTH1_REQUEST_TOKEN,
        "Authorization URL": EndpointPath.OAUTH1_AUTHORIZE,
        "Access token URL": EndpointPath.OAUTH1_ACCESS_TOKEN,
        "Root services URL": RootServices.ROOT,
    },
}


@admin.get("/clients/new")
@access.require_recent_sign_in
def new_client() -> ResponseReturnValue:
    """Show the empty form. The query parameter ``kind`` preselects the kind of client."""
    return _form(ClientForm(kind=pagination.query_value("kind", frozenset(ClientKind)) or ClientKind.OIDC))


@admin.post("/clients/new")
@access.require_recent_sign_in
def create_client() -> ResponseReturnValue:
    """Create a client from the form and show its key and secret."""
    form = ClientForm.from_form(request.form)
    if "use_fix" in request.form:
        return _form(form.with_fix(request.form["use_fix"]))
    if errors := form.validation_errors():
        return _form(form, errors, 422)
    typed = typed_secret(form)
    token = request.form.get("form_token") or _new_token()
    existing_key = form_tokens.find(current.transaction(), token)
    if existing_key is not None:
        message = (
            "This form was already submitted: the client exists. "
            "Its secret is not shown again, but you can replace it."
        )
        return responses.redirect_with_message(url_for("admin.client_credentials", key=existing_key), message)
    return _create(form, typed, token)


def _create(form: ClientForm, typed: EnteredSecret | None, token: str) -> ResponseReturnValue:
    db, actor = current.transaction(), current.actor()
    with responses.in_savepoint():
        metadata = form.validated()
        client = clients.register(db, actor, metadata, source="console", owner_id=actor.user_id)
        secret = add_client_secret(client, typed)
        if "approve" in request.form:
            clients.approve(db, actor, client, revision=client.revision)
        form_tokens.record(db, token, client.client_key)
    back = responses.return_url(url_for("admin.client_table", kind=client.kind))
    return created_page(client, ShownOnce("" if typed else secret, typed is not None, back))


class ShownOnce(NamedTuple):
    """What the page about a new client shows. The approval on this page sends it back, encrypted."""

    secret: str
    is_typed: bool
    back: str


def find_shown(client: Client) -> ShownOnce | None:
    """Return what the page about this new client showed, if the form was sent from there."""
    values = sealed_values.unseal(_purpose(client), request.form.get("shown", ""), _SHOWN_LIFETIME)
    return None if values is None else ShownOnce(*values)


def created_page(
    client: Client, shown: ShownOnce, errors: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    """Show a new client with its secret."""
    return responses.render(
        "admin/client_created.html",
        status,
        client=client,
        secret=shown.secret,
        is_typed=shown.is_typed,
        errors=errors or {},
        shown=sealed_values.seal(_purpose(client), shown),
        list_url=client_rows.with_new_client(shown.back, client),
        addresses=addresses_for(client),
        naming=labels.naming(client.kind),
        revision_fields=responses.revision_fields(client),
    )


def _purpose(client: Client) -> str:
    return f"shown once:{current.actor().user_id}:{client.client_key}"


def typed_secret(form: ClientForm) -> EnteredSecret | None:
    """Return the typed secret with its hash. Hashing is slow, so this ends the request's transaction first."""
    if form.secret_choice != TYPED:
        return None
    current.release()
    return client_secrets.hash_entered_secret(current.services().passwords, form.secret)


def add_client_secret(client: Client, typed: EnteredSecret | None) -> str:
    """Add the typed secret, or generate one, and return it. Return an empty string if the client uses no secret."""
    db, actor, services = current.transaction(), current.actor(), current.services()
    if not client_secrets.are_used(client.kind, client.auth_method):
        return ""
    if typed is not None:
        client_secrets.add_entered(db, actor, services.vault, client, typed)
        return typed.secret
    return client_secrets.generate(db, actor, services.vault, client)


def addresses_for(client: Client) -> dict[str, str]:
    """Return the URLs of this server with which the application is configured, by their labels."""
    url = current.services().settings.url
    return {label: url(path) for label, path in _ADDRESSES[ClientKind(client.kind)].items()}


def _form(form: ClientForm, errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    token = request.form.get("form_token") or _new_token()
    back = responses.return_url(
        url_for("admin.client_table", kind=form.kind if form.kind in labels.KINDS else None)
    )
    return responses.render(
        "admin/client_new.html",
        status,
        form=form,
        errors=shown_errors(errors or {}),
        form_token=token,
        back=back,
    )


def _new_token() -> str:
    return secrets.token_urlsafe(16)
