"""The page on which an administrator approves or removes a consumer key that a Jazz or OSLC server requested.

Root services documents refer to it as ``oauthApprovalModuleUrl``. The console has the same functions.
"""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain.clients import client_search, client_secrets, clients, redirect_uris
from authserver.domain.clients.clients import Client
from authserver.domain.oauth1 import consumer_requests, consumers
from authserver.errors import Conflict, InvalidInput
from authserver.vocabulary import ClientKind, ClientStatus, EndpointPath
from authserver.web import current, request_body
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.rendering import error_pages
from authserver.web.session import access

_SHORT_SECRET = 16


@frontchannel.get(EndpointPath.OAUTH1_APPROVE_KEY)
def approve_key() -> ResponseReturnValue:
    """Show a pending consumer to an administrator."""
    return access.require_configure_server() or _show_form()


@frontchannel.post(EndpointPath.OAUTH1_APPROVE_KEY)
def post_approve_key() -> ResponseReturnValue:
    """Approve or remove the consumer."""
    return access.require_configure_server() or _apply_decision()


@access.require_recent_sign_in
def _show_form() -> ResponseReturnValue:
    client = _find(request.args.get("key", ""))
    if client is None or client.status != ClientStatus.PENDING:
        return _not_pending_page(client)
    return _form(client)


@access.require_recent_sign_in
def _apply_decision() -> ResponseReturnValue:
    client = _find(request.form.get("key", ""))
    if client is None or client.status != ClientStatus.PENDING:
        return _not_pending_page(client)
    is_approval = request.form.get("decision") == "approve"
    try:
        # The error response commits the transaction, so a savepoint rolls back the changes first.
        with current.transaction().begin_nested():
            _approve(client) if is_approval else _remove(client)
    except InvalidInput as error:
        return _form(client, error.fields), 422
    except Conflict as error:
        return _form(client, {"": error.text}), 409
    return render_template(
        "oauth1/key_decided.html", name=client.name, key=client.client_key, is_approved=is_approval
    )


def _find(key: str) -> Client | None:
    client = clients.find(current.transaction(), key)
    return client if client is not None and client.kind == ClientKind.OAUTH1 else None


def _not_pending_page(client: Client | None) -> ResponseReturnValue:
    if client is None:
        text = gettext(
            "No consumer has this key. The server removes requested keys that are not approved in time."
        )
        return error_pages.error_page(
            400,
            gettext("Unknown consumer key"),
            text,
            gettext("Request a new key in the other server."),
        )
    if not client.is_approved:
        text = gettext("%(name)s is disapproved. You can approve it again in the console.", name=client.name)
        return error_pages.error_page(
            409,
            gettext("This consumer is disapproved"),
            text,
            gettext("Go to Settings > OAuth clients."),
        )
    return render_template(
        "oauth1/key_decided.html", name=client.name, key=client.client_key, is_approved=True
    )


def _approve(client: Client) -> None:
    lines = (line.strip() for line in request.form.get("redirect_uris", "").splitlines())
    decision = consumer_requests.Decision(
        is_trusted="trusted" in request.form,
        allows_1_0="allows_1_0" in request.form,
        callbacks=tuple(line for line in lines if line),
    )
    revision = request_body.sent_number("revision")
    rules = redirect_uris.rules_for_administrators(current.services().settings)
    consumer_requests.approve(
        current.transaction(), current.actor(), client, decision, rules, revision=revision
    )


def _remove(client: Client) -> None:
    clients.check_revision(client, request_body.sent_number("revision"))
    clients.remove(current.transaction(), current.actor(), client)


def _form(client: Client, errors: dict[str, str] | None = None) -> str:
    typed = request.form if errors else {}
    return render_template(
        "oauth1/approve_key.html",
        client=client,
        wants_trust=consumers.options_of(client.details).wants_trust,
        is_secret_short=_is_secret_short(client),
        similar=client_search.similar_to_client(current.transaction(), client),
        typed=typed,
        callbacks=typed.get("redirect_uris", "\n".join(client.redirect_uris)),
        errors=errors or {},
    )


def _is_secret_short(client: Client) -> bool:
    rows = client_secrets.secrets_of_client(current.transaction(), client)
    return any(len(one) < _SHORT_SECRET for one in client_secrets.reveal_all(current.services().vault, rows))
