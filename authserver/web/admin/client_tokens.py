"""Tokens and keys of a client: algorithms, subject identifiers, resources, lifetimes and authentication."""

import json
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import resources
from authserver.domain.clients import clients, registrations, token_lifetimes
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import JWT, TYPES, fields_of
from authserver.domain.clients.metadata_types import SECRET_ALGORITHMS, Section
from authserver.domain.keys.signing_keys import ALGORITHMS
from authserver.errors import Conflict, InvalidInput
from authserver.setting_values import format_duration
from authserver.vocabulary import AuthMethod, ClientKind
from authserver.web import current
from authserver.web.admin import responses, sector_check
from authserver.web.admin.blueprint import admin
from authserver.web.session import access

_NAMES = fields_of(Section.TOKENS, Section.LIFETIMES)
_RESOURCE_FIELDS = ("resources", "serves")


@admin.get("/clients/<key>/tokens")
@access.require_recent_sign_in
def token_options(key: str) -> ResponseReturnValue:
    """Show the form."""
    client = responses.get_client(key)
    if client.kind == ClientKind.OAUTH1:
        return _not_applicable(client)
    return _form(client, _shown(client), client.auth_method, responses.revision_fields(client))


@admin.post("/clients/<key>/tokens")
@access.require_recent_sign_in
def save_token_options(key: str) -> ResponseReturnValue:
    """Save the form, unless the client has changed since it was shown."""
    client = responses.get_client(key)
    if client.kind == ClientKind.OAUTH1:
        return _not_applicable(client)
    typed = _typed()
    auth_method = request.form.get("auth_method", client.auth_method)
    revision_fields = responses.sent_revision_fields()
    try:
        wanted = registrations.validate_change(client, _parse(typed) | {"auth_method": auth_method})
        client = sector_check.check_and_reload(client, wanted)
        with responses.in_savepoint():
            clients.edit(
                current.transaction(), current.actor(), client, wanted, revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _form(client, typed, auth_method, revision_fields, error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(
        url_for("admin.client_settings", key=key), "{name} was saved.", name=client.name
    )


def _not_applicable(client: Client) -> ResponseReturnValue:
    sentence = "The options for tokens and keys do not apply to OAuth 1.0a consumers."
    return responses.redirect_with_message(url_for("admin.client_settings", key=client.client_key), sentence)


def _typed() -> dict[str, str]:
    typed = {name: request.form.get(name, "").strip() for name in _NAMES}
    for name in _RESOURCE_FIELDS:
        # The defined resources have checkboxes. The text field contains the other identifiers.
        uris = [*request.form.getlist(f"{name}_defined"), *typed[name].split()]
        typed[name] = "\n".join(dict.fromkeys(uris))
    return typed


def _default_lifetimes() -> dict[str, str]:
    settings = current.services().settings
    defaults = {name: token_lifetimes.lifetime_of({}, settings, name) for name in token_lifetimes.NAMES}
    return {name: format_duration(lifetime) for name, lifetime in defaults.items()}


def _shown(client: Client) -> dict[str, str]:
    return {name: _text(client.details.get(name)) for name in _NAMES}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(value)
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, int):
        return token_lifetimes.format_seconds(value)
    return json.dumps(value, indent=2) if isinstance(value, dict) else value or ""


def _parse(typed: dict[str, str]) -> dict[str, Any]:
    return {name: _parse_value(name, text) if text else None for name, text in typed.items()}


def _parse_value(name: str, text: str) -> Any:
    try:
        if name in token_lifetimes.NAMES:
            return token_lifetimes.parse_seconds(text)
        if TYPES[name] is bool:
            return True
        if TYPES[name] is dict:
            return json.loads(text)
    except (ValueError, RecursionError) as error:
        is_json = TYPES[name] is dict
        sentence = "Enter a JWK set in JSON." if is_json else "Enter a duration such as 90s, 15m, 12h or 14d."
        raise InvalidInput({name: sentence}) from error
    return text.split() if TYPES[name] is tuple else text


def _form(
    client: Client,
    values: dict[str, str],
    auth_method: str,
    revision_fields: object,
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
        access_token_types=(JWT,),
        defined_resources=resources.all_resources(current.transaction()),
        default_lifetimes=_default_lifetimes(),
        auth_algorithms=(*ALGORITHMS, *SECRET_ALGORITHMS),
        revision_fields=revision_fields,
        errors=errors or {},
        back=url_for("admin.client_settings", key=client.client_key),
    )
