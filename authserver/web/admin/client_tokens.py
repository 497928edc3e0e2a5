"""What a client's tokens look like and how it signs: algorithms, subjects, resources, keys (``domain.client_details``)."""

import json
from dataclasses import replace
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import client_details, clients, registrations, token_lifetimes
from authserver.domain.clients.clients import Client
from authserver.domain.keys.signing_keys import ALGORITHMS
from authserver.errors import Conflict, InvalidInput
from authserver.setting_values import write_duration
from authserver.vocabulary import AuthMethod, ClientKind
from authserver.web import current
from authserver.web.admin import responses, sector_check
from authserver.web.admin.blueprint import admin
from authserver.web.session import access

_LISTS = ("resources", "serves")
_NAMES = (*client_details.NAMES, *token_lifetimes.NAMES)


@admin.get("/clients/<key>/tokens")
@access.require_recent_sign_in
def token_options(key: str) -> ResponseReturnValue:
    """Show the options."""
    client = responses.get_client(key)
    if client.kind == ClientKind.OAUTH1:
        return _redirect_without_secret(client)
    return _form(client, _shown(client), client.auth_method, responses.form_marks(client))


@admin.post("/clients/<key>/tokens")
@access.require_recent_sign_in
def save_token_options(key: str) -> ResponseReturnValue:
    """Save the options, unless the client has changed since the form was shown."""
    client = responses.get_client(key)
    if client.kind == ClientKind.OAUTH1:
        return _redirect_without_secret(client)
    typed = {name: request.form.get(name, "").strip() for name in _NAMES}
    auth_method = request.form.get("auth_method", client.auth_method)
    marks = responses.sent_marks()
    try:
        kept = {name: value for name, value in client.details.items() if name not in _NAMES}
        wanted = replace(
            registrations.registration_of(client), auth_method=auth_method, details=kept | _read(typed)
        )
        client = sector_check.checked(client, wanted)
        with responses.in_savepoint():
            clients.edit(
                current.transaction(), current.actor(), client, wanted, revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _form(client, typed, auth_method, marks, error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(
        url_for("admin.client_settings", key=key), "{name} was saved.", name=client.name
    )


def _redirect_without_secret(client: Client) -> ResponseReturnValue:
    sentence = "OAuth 1.0a knows none of these tokens and keys."
    return responses.redirect_with_message(url_for("admin.client_settings", key=client.client_key), sentence)


def _usual_lifetimes() -> dict[str, str]:
    settings = current.services().settings
    usual = {name: token_lifetimes.lifetime_of({}, settings, name) for name in token_lifetimes.NAMES}
    return {name: write_duration(length) for name, length in usual.items()}


def _shown(client: Client) -> dict[str, str]:
    return {name: _text(client.details.get(name)) for name in _NAMES}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(value)
    if isinstance(value, int):
        return token_lifetimes.format_seconds(value)
    return json.dumps(value, indent=2) if isinstance(value, dict) else value or ""


def _read(typed: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: value for name, value in typed.items() if value}
    for name in _LISTS:
        if name in found:
            found[name] = typed[name].split()
    for name in token_lifetimes.NAMES:
        if name in found:
            found[name] = _seconds(name, typed[name])
    if "jwks" in found:
        try:
            found["jwks"] = json.loads(typed["jwks"])
        except (ValueError, RecursionError) as error:
            raise InvalidInput({"jwks": "This is not a JWK set in JSON."}) from error
    return found


def _seconds(name: str, text: str) -> int:
    try:
        return token_lifetimes.parse_seconds(text)
    except ValueError as error:
        raise InvalidInput({name: "Write a length like 90s, 15m, 12h or 14d."}) from error


def _form(
    client: Client,
    values: dict[str, str],
    auth_method: str,
    marks: object,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return responses.render(
        "admin/client_tokens.html",
        status,
        client=client,
        values=values,
        auth_method=auth_method,
        auth_methods=[method for method in AuthMethod if method != AuthMethod.NONE],
        algorithms=ALGORITHMS,
        usual_lifetimes=_usual_lifetimes(),
        auth_algorithms=(*ALGORITHMS, *client_details.SECRET_ALGORITHMS),
        marks=marks,
        errors=errors or {},
        back=url_for("admin.client_settings", key=client.client_key),
    )
