"""The fix that the console offers for a recorded error: a button, a sentence about the current state, or both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import url_for

from authserver.domain.clients import redirect_uris
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics import redaction
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.domain.oauth1 import consumers
from authserver.protocol.oauth2.client_authentication import accepted_methods
from authserver.vocabulary import ClientKind
from authserver.web.admin.client_forms import uri_rules
from authserver.web.admin.explanations import FixKind, explanation_of

_APPROVED = "The client is approved now."
_REMEMBERED = "The consent of users is remembered now."
_REGISTERED = "The received value is registered now."


@dataclass(frozen=True)
class Fix:
    """A button with its URL, a sentence, or both."""

    label: str = ""
    url: str = ""
    sentence: str = ""
    is_dialog: bool = True
    is_done: bool = False


def available_fix(row: RecordedError, client: Client | None) -> Fix | None:
    """Return the fix for an error in the current state of the client, or None."""
    fix_kind = explanation_of(row.cause).fix_kind
    if fix_kind == FixKind.CLIENTS:
        return Fix("View the clients", url_for("admin.client_table"), is_dialog=False)
    if fix_kind == FixKind.USERS:
        return Fix("View the users", url_for("admin.user_table"), is_dialog=False)
    if client is None or fix_kind == FixKind.NONE:
        return None
    return _OF_CLIENTS.get(fix_kind, _settings)(row, client)


def uri_error(row: RecordedError, client: Client) -> str:
    """Return why the received redirect URI cannot be registered, or an empty string."""
    if redaction.HIDDEN in row.received:
        return (
            "A part of the received URI was not stored because it may be a secret or is too long. Such a URI cannot be"
            " registered. The application must send a URI without that part."
        )
    rules, known = uri_rules(), client.redirect_uris
    issue = redirect_uris.find_issue(row.received, rules)
    if issue is not None and issue.is_rejected:
        return issue.sentence
    return redirect_uris.list_error([*known, row.received], rules, known) or ""


def is_registered(row: RecordedError, client: Client) -> bool:
    """Return whether the client may use the redirect URI now."""
    if client.kind == ClientKind.OAUTH1:
        consumer = consumers.options_of(client.details)
        return not consumers.callback_error(consumer, tuple(client.redirect_uris), row.received, uri_rules())
    return redirect_uris.is_registered(row.received, client.redirect_uris)


def _add_uri(row: RecordedError, client: Client) -> Fix | None:
    if not row.received:
        return None
    if is_registered(row, client):
        return Fix(sentence=_REGISTERED, is_done=True)
    if error := uri_error(row, client):
        return Fix(
            "Edit the redirect URIs", _edit_url(row, client), f"This URI cannot be registered. {error}"
        )
    return Fix("Add this URI", url_for("admin.add_redirect_uri_form", reference=row.reference))


def _approve(row: RecordedError, client: Client) -> Fix:
    if client.is_approved:
        return Fix(sentence=_APPROVED, is_done=True)
    back = url_for("admin.recorded_error", reference=row.reference)
    return Fix("Approve", url_for("admin.approve_client_form", key=client.client_key, back=back))


def _settings(row: RecordedError, client: Client) -> Fix:
    column = str(explanation_of(row.cause).fix_kind)
    if is_settled(column, row, client):
        return Fix(sentence=_REMEMBERED if column == FixKind.REMEMBER_CONSENT else _REGISTERED, is_done=True)
    return Fix(_SETTINGS_LABELS[column], _edit_url(row, client))


def is_settled(column: str, row: RecordedError, client: Client) -> bool:
    """Return whether the client is registered for the received value now."""
    if column == FixKind.REMEMBER_CONSENT:
        return bool(client.details.get(column))
    received = row.received.split() if column in {"grant_types", "scopes"} else [row.received]
    if not row.received:
        return False
    if column == "auth_method":
        return row.received in accepted_methods(client.auth_method)
    if column in {"grant_types", "scopes", "response_types"}:
        return set(received) <= set(getattr(client, column))
    return row.received in client.details.get(column, ())


def _edit_url(row: RecordedError, client: Client) -> str:
    back = url_for("admin.recorded_error", reference=row.reference)
    return url_for("admin.edit_client_form", key=client.client_key, error=row.reference, back=back)


def _introspection(row: RecordedError, client: Client) -> Fix:
    if client.details.get("may_introspect_all"):
        return Fix(sentence="The client may introspect all tokens now.", is_done=True)
    served = {f"resource={uri}" for uri in client.details.get("serves") or ()}
    if not served.isdisjoint(row.received.split()):
        return Fix(sentence="The client serves this resource now.", is_done=True)
    return Fix("Change tokens and keys", url_for("admin.token_options", key=client.client_key))


def _link(label: str, endpoint: str, *, is_dialog: bool) -> Callable[[RecordedError, Client], Fix]:
    return lambda _row, client: Fix(
        label, url_for(f"admin.{endpoint}", key=client.client_key), is_dialog=is_dialog
    )


def _debugger(_row: RecordedError, client: Client) -> Fix | None:
    if client.kind != ClientKind.OAUTH1:
        return None
    return Fix(
        "Open the signature debugger",
        url_for("admin.oauth1_debugger", key=client.client_key),
        is_dialog=False,
    )


_SETTINGS_LABELS: Mapping[str, str] = {
    FixKind.GRANT_TYPES: "Change the grant types",
    FixKind.RESPONSE_TYPES: "Change the response types",
    FixKind.SCOPES: "Change the scopes",
    FixKind.AUTH_METHOD: "Change the authentication method",
    FixKind.PKCE: "Change the PKCE setting",
    FixKind.REMEMBER_CONSENT: "Remember consent on loopback",
    FixKind.SIGN_OUT: "Register the URI",
}
_OF_CLIENTS: Mapping[FixKind, Callable[[RecordedError, Client], Fix | None]] = {
    FixKind.ADD_URI: _add_uri,
    FixKind.APPROVE: _approve,
    FixKind.SECRETS: _link("View the secrets", "client_credentials", is_dialog=False),
    FixKind.TOKENS: _link("Change tokens and keys", "token_options", is_dialog=True),
    FixKind.INTROSPECTION: _introspection,
    FixKind.ACCESS: _link("Change the allowed groups", "client_access_form", is_dialog=True),
    FixKind.CONSUMER: _link("Change the OAuth 1.0a options", "oauth1_options", is_dialog=True),
    FixKind.DEBUGGER: _debugger,
}
