"""Command-line options for client metadata, shared by `clients add` and `clients edit`.

Each common field has its own option; ``--option NAME=VALUE`` sets the others. ``domain.clients.metadata`` defines and
validates the fields.
"""

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from authserver.domain.clients import metadata, redirect_uris, registrations, token_lifetimes
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.clients.redirect_uris import UriRules
from authserver.domain.clients.response_types import possible_response_types
from authserver.domain.oauth1 import consumers
from authserver.vocabulary import AuthMethod, ClientKind, GrantType

Command = Callable[..., Any]

kind = click.option(
    "--type",
    "kind",
    required=True,
    type=click.Choice([str(kind) for kind in ClientKind]),
    help="The protocol of the client.",
)


def name(*, required: bool) -> Callable[[Command], Command]:
    """Add the option ``--name`` to a command."""
    return click.option("--name", required=required, help="The name that users see.")


def new_metadata(kind: str, name: str, given: dict[str, Any], uri_rules: UriRules) -> ClientMetadata:
    """Return the metadata of a new client, by default for the authorization code flow; raises InvalidInput."""
    values = {**given, "kind": kind, "name": name}
    grant_types = values.get("grant_types") or (GrantType.AUTHORIZATION_CODE,)
    values = {"response_types": _response_types((), grant_types)} | values
    return registrations.validate(_with_consumer_options(values, {}), uri_rules=uri_rules)


def changed_metadata(
    client: Client, name: str | None, given: dict[str, Any], uri_rules: UriRules
) -> ClientMetadata:
    """Return a client's metadata after the changes that the options request; raises InvalidInput."""
    changes = _with_consumer_options(given, client.details)
    if changes.get("grant_types"):
        implied = _response_types(client.response_types, changes["grant_types"])
        changes = {"response_types": implied} | changes
    return registrations.validate_change(client, changes | {"name": name or client.name}, uri_rules)


def _response_types(before: Sequence[str], grant_types: Sequence[str]) -> tuple[str, ...]:
    """Return the response types that fit the grant types, for commands that do not set them."""
    kept = possible_response_types(before, grant_types)
    return kept or (("code",) if GrantType.AUTHORIZATION_CODE in grant_types else ())


def warnings(metadata: ClientMetadata, names: Iterable[str], uri_rules: UriRules) -> list[str]:
    """Return the warnings about the fields with these names, which an administrator may register."""
    found = _uri_warnings(metadata.redirect_uris, uri_rules) if "redirect_uris" in names else []
    if metadata.remember_consent_on_loopback and _REMEMBERS in names:
        found.append(f"{_REMEMBERS}: {_REMEMBERING_RISK}")
    return found


def _uri_warnings(uris: Iterable[str], uri_rules: UriRules) -> list[str]:
    found = ((uri, redirect_uris.find_issue(uri, uri_rules)) for uri in uris)
    return [f"{uri}: {issue.sentence}" for uri, issue in found if issue is not None]


def _with_consumer_options(given: dict[str, Any], details: dict[str, Any]) -> dict[str, Any]:
    values = dict(given)
    allows_1_0 = values.pop(_ALLOWS_1_0, None)
    if allows_1_0 is not None:
        values |= replace(consumers.options_of(details), allows_1_0=allows_1_0).details()
    return values


def _split_scopes(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> Any:
    return tuple(" ".join(texts).split()) if texts else ()


_ALLOWS_1_0 = "allows_1_0"
_REMEMBERS = "remember_consent_on_loopback"
_REMEMBERING_RISK = (
    "every program on a user's computer can then get tokens of a signed-in user without being noticed."
)
_OPTIONS = {
    "redirect_uris": click.option(
        "--redirect-uri",
        "redirect_uris",
        multiple=True,
        help="A URI to which the browser returns after a sign-in; may be repeated.",
    ),
    "grant_types": click.option(
        "--grant-type", "grant_types", multiple=True, help="A grant type; may be repeated."
    ),
    "response_types": click.option(
        "--response-type", "response_types", multiple=True, help="A response type; may be repeated."
    ),
    "scopes": click.option(
        "--scope",
        "scopes",
        multiple=True,
        callback=_split_scopes,
        help="Scopes, separated by spaces; may be repeated.",
    ),
    "auth_method": click.option(
        "--auth-method",
        type=click.Choice([str(method) for method in AuthMethod]),
        help="How the client authenticates. client_secret, the default, accepts the secret in the header and in the body.",
    ),
    "is_pkce_required": click.option(
        "--pkce",
        "is_pkce_required",
        type=click.Choice(["required", "optional"]),
        callback=lambda _context, _option, choice: None if choice is None else choice == "required",
        help="Whether PKCE is required.",
    ),
    "is_trusted": click.option(
        "--trusted/--not-trusted",
        "is_trusted",
        default=None,
        help="Whether the client is trusted. The users of a trusted client are not asked for consent.",
    ),
    _REMEMBERS: click.option(
        "--remember-consent-on-loopback/--ask-on-loopback",
        _REMEMBERS,
        default=None,
        help="Whether a client without a secret asks for consent only once if its redirect URI is on loopback. Warning: "
        + _REMEMBERING_RISK,
    ),
    _ALLOWS_1_0: click.option(
        "--allow-oauth-1.0/--refuse-oauth-1.0",
        _ALLOWS_1_0,
        default=None,
        help="Whether an OAuth 1.0a consumer may use OAuth Core 1.0. Its users see a warning.",
    ),
    "may_verify_requests": click.option(
        "--may-verify-requests/--may-not-verify-requests",
        default=None,
        help="Whether the client is a resource server that may ask this server to verify signed OAuth 1.0a requests.",
    ),
    metadata.POST_LOGOUT_REDIRECT_URIS: click.option(
        "--post-logout-redirect-uri",
        metadata.POST_LOGOUT_REDIRECT_URIS,
        multiple=True,
        help="A URI to which the browser may be redirected after a logout; may be repeated.",
    ),
    metadata.BACKCHANNEL_LOGOUT_URI: click.option(
        "--backchannel-logout-uri",
        help="The URI to which the server sends logout tokens. An empty value clears it.",
    ),
    metadata.FRONTCHANNEL_LOGOUT_URI: click.option(
        "--frontchannel-logout-uri", help="A page that ends the client's session. An empty value clears it."
    ),
}
_CLEARED_BY_EMPTY = (metadata.BACKCHANNEL_LOGOUT_URI, metadata.FRONTCHANNEL_LOGOUT_URI)
OTHER_FIELDS = tuple(name for name in registrations.DETAILS if name not in (*_OPTIONS, "oauth1"))
"""The fields that ``--option`` sets."""

_OTHER_OPTION = click.option(
    "--option",
    "others",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set another field; may be repeated. Write lists, key sets, numbers and booleans as JSON, and lifetimes as 15m. "
    f"@FILE reads the value from a file. An empty value clears the field. The fields are {', '.join(OTHER_FIELDS)}.",
)


def metadata_options(command: Command) -> Command:
    """Add the metadata options to a command.

    The argument ``given`` of the command contains the fields that the user set. The value None clears a field.
    """

    @functools.wraps(command)
    def with_given(others: tuple[str, ...], **arguments: Any) -> Any:
        options = {name: arguments.pop(name) for name in _OPTIONS}
        given = {name: value for name, value in options.items() if value not in (None, ())}
        for name in _CLEARED_BY_EMPTY:
            if name in given:
                given[name] = given[name] or None
        return command(given=given | _parse_others(others), **arguments)

    for option in reversed((*_OPTIONS.values(), _OTHER_OPTION)):
        with_given = option(with_given)
    return with_given


def _parse_others(texts: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in OTHER_FIELDS:
            raise click.UsageError(f"Write --option as NAME=VALUE. The names are {', '.join(OTHER_FIELDS)}.")
        found[name] = _parse_other(name, value) if value else None
    return found


def _parse_other(name: str, text: str) -> Any:
    try:
        if name in token_lifetimes.NAMES:
            return token_lifetimes.parse_seconds(text)
        text = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
        is_json = text.lstrip()[:1] in {"[", "{"} or metadata.TYPES[name] in {bool, int}
        return json.loads(text) if is_json else text
    except (OSError, ValueError, RecursionError) as error:
        raise click.UsageError(f"Cannot read --option {name}: {error}.") from error
