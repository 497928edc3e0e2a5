"""Suggested edits: a client's form with the rejected value of a recorded error filled in, but not saved."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from authserver.domain.clients.clients import Client
from authserver.domain.clients.response_types import RESPONSE_TYPES, normalize_response_type
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.domain.diagnostics.redaction import HIDDEN
from authserver.vocabulary import GrantType
from authserver.web.admin.client_forms import ClientForm
from authserver.web.admin.explanations import FixKind, explanation_of
from authserver.web.admin.labels import AUTH_METHODS


def with_suggestion(form: ClientForm, client: Client, error: RecordedError | None) -> ClientForm:
    """Return the form with the edit that a recorded error of this client suggests, or the form unchanged."""
    if error is None or error.client_id != client.id:
        return form
    fix_kind = explanation_of(error.cause).fix_kind
    focus = "redirect_uris" if fix_kind == FixKind.ADD_URI else str(fix_kind)
    filled = _FILLED[fix_kind](form, error.received) if fix_kind in _FILLED and error.received else {}
    if filled:
        sentence = f"The rejected value of error {error.reference} is filled in. Check it, then save."
    else:
        sentence = f"This field caused error {error.reference}."
    return replace(form, focus=focus, suggestion=sentence, **filled)


def _with_grants(form: ClientForm, received: str) -> dict[str, Any]:
    known = [grant for grant in received.split() if grant in set(GrantType)]
    return {"grant_types": tuple(dict.fromkeys([*form.grant_types, *known]))} if known else {}


def _with_response_type(form: ClientForm, received: str) -> dict[str, Any]:
    wanted = normalize_response_type(received)
    if wanted not in {normalize_response_type(one) for one in RESPONSE_TYPES[form.kind]}:
        return {}
    chosen = form.response_types.get(form.kind, ())
    return {"response_types": {**form.response_types, form.kind: tuple(dict.fromkeys([*chosen, wanted]))}}


def _with_scopes(form: ClientForm, received: str) -> dict[str, Any]:
    scopes = dict.fromkeys([*form.scopes.get(form.kind, "").split(), *received.split()])
    return {} if HIDDEN in received else {"scopes": {**form.scopes, form.kind: " ".join(scopes)}}


def _with_method(_form: ClientForm, received: str) -> dict[str, Any]:
    return {"auth_method": received} if received in AUTH_METHODS else {}


def _with_sign_out(form: ClientForm, received: str) -> dict[str, Any]:
    name = str(FixKind.SIGN_OUT)
    known = form.logout.get(name, [])
    return {} if HIDDEN in received else {"logout": {**form.logout, name: [*known, received]}}


_FILLED: Mapping[FixKind, Callable[[ClientForm, str], dict[str, Any]]] = {
    FixKind.GRANT_TYPES: _with_grants,
    FixKind.RESPONSE_TYPES: _with_response_type,
    FixKind.SCOPES: _with_scopes,
    FixKind.AUTH_METHOD: _with_method,
    FixKind.SIGN_OUT: _with_sign_out,
}
