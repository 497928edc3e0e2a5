"""What can be done about a refusal, one click away: the button, or the sentence why there is none (any more)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import url_for

from authserver.domain.clients import redirect_uris
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics import redaction
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.domain.oauth1 import consumers
from authserver.vocabulary import AuthMethod, ClientKind
from authserver.web.admin.explanations import FixKind, explanation_of

_APPROVED = "The client is approved by now."
_REGISTERED = "It is registered by now."


@dataclass(frozen=True)
class Fix:
    """A button with its address, a sentence, or both."""

    words: str = ""
    url: str = ""
    sentence: str = ""
    is_dialog: bool = True
    is_done: bool = False


def available_fix(failure: RecordedError, client: Client | None) -> Fix | None:
    """Return what can be done about a refusal as things stand now."""
    fix_kind = explanation_of(failure.cause).fix_kind
    if fix_kind == FixKind.CLIENTS:
        return Fix("Look at the clients", url_for("admin.client_table"), is_dialog=False)
    if fix_kind == FixKind.USERS:
        return Fix("Look at the users", url_for("admin.user_table"), is_dialog=False)
    if client is None or fix_kind == FixKind.NONE:
        return None
    return _OF_CLIENTS.get(fix_kind, _settings)(failure, client)


def uri_fault(failure: RecordedError, client: Client) -> str:
    """Return why the redirect URI that was received cannot be registered, or an empty sentence."""
    if redaction.HIDDEN in failure.received:
        return (
            "A part of what was received is not kept, because it may be a secret or is too long. An address that carries"
            " such a part cannot be registered; the application has to send one without it."
        )
    fault = redirect_uris.first_error([*client.redirect_uris, failure.received])
    return fault.removeprefix(f"{failure.received[:80]}: ") if fault else ""


def is_registered(failure: RecordedError, client: Client) -> bool:
    """Return whether the client may use the redirect URI by now."""
    if client.kind == ClientKind.OAUTH1:
        consumer = consumers.options_of(client.details)
        return not consumers.callback_error(consumer, tuple(client.redirect_uris), failure.received)
    return redirect_uris.is_registered(failure.received, client.redirect_uris)


def _add_uri(failure: RecordedError, client: Client) -> Fix | None:
    if not failure.received:
        return None
    if is_registered(failure, client):
        return Fix(sentence=_REGISTERED, is_done=True)
    if fault := uri_fault(failure, client):
        return Fix(
            "Edit the redirect URIs", _edit_url(failure, client), f"This URI cannot be registered. {fault}"
        )
    return Fix("Add this URI", url_for("admin.add_redirect_uri_form", reference=failure.reference))


def _approve(failure: RecordedError, client: Client) -> Fix:
    if client.is_approved:
        return Fix(sentence=_APPROVED, is_done=True)
    back = url_for("admin.recorded_error", reference=failure.reference)
    return Fix("Approve", url_for("admin.approve_client_form", key=client.client_key, back=back))


def _settings(failure: RecordedError, client: Client) -> Fix:
    column = str(explanation_of(failure.cause).fix_kind)
    if is_settled(column, failure, client):
        return Fix(sentence=_REGISTERED, is_done=True)
    return Fix(_SETTINGS_WORDS[column], _edit_url(failure, client))


def is_settled(column: str, failure: RecordedError, client: Client) -> bool:
    """Return whether a client is by now registered for what it was refused."""
    asked = failure.received.split() if column in {"grant_types", "scopes"} else [failure.received]
    if not failure.received:
        return False
    if column == "auth_method":
        return bool(failure.received == client.auth_method and failure.received in set(AuthMethod))
    if column in {"grant_types", "scopes", "response_types"}:
        return set(asked) <= set(getattr(client, column))
    return failure.received in client.details.get(column, ())


def _edit_url(failure: RecordedError, client: Client) -> str:
    back = url_for("admin.recorded_error", reference=failure.reference)
    return url_for("admin.edit_client_form", key=client.client_key, refusal=failure.reference, back=back)


def _link(words: str, endpoint: str, *, is_dialog: bool) -> Callable[[RecordedError, Client], Fix]:
    return lambda _failure, client: Fix(
        words, url_for(f"admin.{endpoint}", key=client.client_key), is_dialog=is_dialog
    )


def _debugger(_failure: RecordedError, client: Client) -> Fix | None:
    if client.kind != ClientKind.OAUTH1:
        return None
    return Fix(
        "Open the signature debugger",
        url_for("admin.oauth1_debugger", key=client.client_key),
        is_dialog=False,
    )


_SETTINGS_WORDS: Mapping[str, str] = {
    FixKind.GRANT_TYPES: "Change the grant types",
    FixKind.RESPONSE_TYPES: "Change the response types",
    FixKind.SCOPES: "Change the scopes",
    FixKind.AUTH_METHOD: "Change the authentication method",
    FixKind.PKCE: "Change the PKCE setting",
    FixKind.SIGN_OUT: "Register the address",
}
_OF_CLIENTS: Mapping[FixKind, Callable[[RecordedError, Client], Fix | None]] = {
    FixKind.ADD_URI: _add_uri,
    FixKind.APPROVE: _approve,
    FixKind.SECRETS: _link("Look at the secrets", "client_credentials", is_dialog=False),
    FixKind.TOKENS: _link("Change tokens and keys", "token_options", is_dialog=True),
    FixKind.CONSUMER: _link("Change the OAuth 1.0a options", "oauth1_options", is_dialog=True),
    FixKind.DEBUGGER: _debugger,
}
