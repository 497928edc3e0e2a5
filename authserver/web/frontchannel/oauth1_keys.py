"""Where a Jazz or OSLC server sends its administrator after it has asked for a consumer key: decide about it in one page.

The console can do the same; this page is what ``oauthApprovalModuleUrl`` promises.
"""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from authserver.domain import client_secrets, clients, consumer_requests, consumers, lookalikes
from authserver.domain.clients import Client
from authserver.errors import Conflict, InvalidInput
from authserver.terms import Kind, Path, Status
from authserver.web import door, guards, incoming, mistakes
from authserver.web.frontchannel import frontchannel
from authserver.web.languages import say

_SHORT_SECRET = 16


@frontchannel.get(Path.OAUTH1_APPROVE_KEY)
def approve_key() -> ResponseReturnValue:
    """Show a requested consumer to an administrator, with what to know before approving it."""
    return guards.require_configure_server() or _show_form()


@frontchannel.post(Path.OAUTH1_APPROVE_KEY)
def post_approve_key() -> ResponseReturnValue:
    """Approve or remove the consumer as it was shown."""
    return guards.require_configure_server() or _take_decision()


@guards.require_recent_sign_in
def _show_form() -> ResponseReturnValue:
    client = _find(request.args.get("key", ""))
    if client is None or client.status != Status.PENDING:
        return _nothing_to_decide(client)
    return _form(client)


@guards.require_recent_sign_in
def _take_decision() -> ResponseReturnValue:
    client = _find(request.form.get("key", ""))
    if client is None or client.status != Status.PENDING:
        return _nothing_to_decide(client)
    is_approval = request.form.get("decision") == "approve"
    try:
        # An error is answered, and an answer commits: what was done before it must be undone.
        with door.session().begin_nested():
            _approve(client) if is_approval else _remove(client)
    except InvalidInput as error:
        return _form(client, error.fields), 422
    except Conflict as error:
        return _form(client, {"": str(error)}), 409
    return render_template(
        "oauth1/key_decided.html", name=client.name, key=client.client_key, is_approved=is_approval
    )


def _find(key: str) -> Client | None:
    client = clients.find(door.session(), key)
    return client if client is not None and client.kind == Kind.OAUTH1 else None


def _nothing_to_decide(client: Client | None) -> ResponseReturnValue:
    if client is None:
        sentence = say(
            "There is no consumer with this key. Requests that nobody decides about are deleted after a while."
        )
        return mistakes.page(
            400, say("This key is unknown"), sentence, say("Have the other server request a key again.")
        )
    if not client.is_approved:
        sentence = say("%(name)s was disapproved. The console can approve it again.", name=client.name)
        return mistakes.page(
            409,
            say("This consumer was decided about already"),
            sentence,
            say("Look in Settings > OAuth clients."),
        )
    return render_template(
        "oauth1/key_decided.html", name=client.name, key=client.client_key, is_approved=True
    )


def _approve(client: Client) -> None:
    consumer_requests.approve(
        door.session(),
        door.actor(),
        client,
        revision=incoming.sent_number("revision"),
        is_trusted="trusted" in request.form,
        allows_1_0="allows_1_0" in request.form,
        callbacks=[
            line.strip() for line in request.form.get("redirect_uris", "").splitlines() if line.strip()
        ],
    )


def _remove(client: Client) -> None:
    clients.check_revision(client, incoming.sent_number("revision"))
    clients.remove(door.session(), door.actor(), client)


def _form(client: Client, errors: dict[str, str] | None = None) -> str:
    typed = request.form if errors else {}
    return render_template(
        "oauth1/approve_key.html",
        client=client,
        wants_trust=consumers.of(client.details).wants_trust,
        is_secret_short=_is_secret_short(client),
        similar=lookalikes.of_client(door.session(), client),
        typed=typed,
        callbacks=typed.get("redirect_uris", "\n".join(client.redirect_uris)),
        errors=errors or {},
    )


def _is_secret_short(client: Client) -> bool:
    rows = client_secrets.of_client(door.session(), client)
    return any(len(one) < _SHORT_SECRET for one in client_secrets.revealed(door.services().vault, rows))
