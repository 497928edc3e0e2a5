"""The options that say what a client is registered for, for `clients add` and `clients edit` alike.

Which values are right is decided in ``domain.registrations``; here is only how they are written on a command line.
"""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import click

from authserver.domain.clients import client_details, logout_uris, registrations, token_lifetimes
from authserver.domain.clients.clients import Client
from authserver.domain.clients.registrations import Registration
from authserver.domain.oauth1 import consumers
from authserver.vocabulary import AuthMethod, ClientKind, GrantType

Command = Callable[..., Any]
_OPTION_NAMES = (*client_details.NAMES, *token_lifetimes.NAMES)

kind = click.option(
    "--type",
    "kind",
    required=True,
    type=click.Choice([str(word) for word in ClientKind]),
    help="The protocol the client speaks.",
)


def name(*, required: bool) -> Callable[[Command], Command]:
    """Give a command ``--name``."""
    return click.option("--name", required=required, help="The name that people see.")


@dataclass(frozen=True)
class ClientOptions:
    """What the options say; None where an option was left out."""

    redirect_uris: tuple[str, ...] | None
    grant_types: tuple[str, ...] | None
    response_types: tuple[str, ...] | None
    scopes: tuple[str, ...] | None
    auth_method: str | None
    is_pkce_required: bool | None
    is_trusted: bool | None
    allows_1_0: bool | None
    may_verify_requests: bool | None
    logout: dict[str, Any]
    options: dict[str, Any]

    def for_new(self, kind: str, name: str) -> Registration:
        """Return the registration of a new client: the code flow, unless the options say otherwise."""
        grant_types = self.grant_types or (GrantType.AUTHORIZATION_CODE,)
        usual = ("code",) if GrantType.AUTHORIZATION_CODE in grant_types else ()
        blank = Registration(kind, name, grant_types=grant_types, response_types=usual)
        return replace(blank, **self._given(), details=self._details({}))

    def for_change(self, client: Client, name: str | None) -> Registration:
        """Return what a client is registered for, with what the options name in place of the old."""
        before = registrations.registration_of(client)
        wanted = replace(before, **self._given(), details=self._details(client.details))
        return replace(wanted, name=name or client.name)

    def _given(self) -> dict[str, Any]:
        columns = {field.name for field in fields(Registration)}
        return {key: value for key, value in self.__dict__.items() if value is not None and key in columns}

    def _details(self, before: dict[str, Any]) -> dict[str, Any]:
        details = dict(before)
        if self.allows_1_0 is not None:
            details |= replace(consumers.options_of(before), allows_1_0=self.allows_1_0).details()
        if self.may_verify_requests is not None:
            details[consumers.MAY_VERIFY_REQUESTS] = self.may_verify_requests
        details |= self.logout | self.options
        details = {key: value for key, value in details.items() if key not in _OPTION_NAMES or value}
        return {key: value for key, value in details.items() if key not in logout_uris.NAMES or value}


_OPTIONS = (
    click.option(
        "--redirect-uri", "redirect_uris", multiple=True, help="Where sign-ins return to; may be repeated."
    ),
    click.option("--grant-type", "grant_types", multiple=True, help="A grant type; may be repeated."),
    click.option(
        "--response-type", "response_types", multiple=True, help="A response type; may be repeated."
    ),
    click.option("--scope", "scopes", multiple=True, help="Scopes, separated by spaces; may be repeated."),
    click.option(
        "--auth-method",
        type=click.Choice([str(word) for word in AuthMethod]),
        help="How the client authenticates itself.",
    ),
    click.option("--pkce", type=click.Choice(["required", "optional"]), help="Whether PKCE is required."),
    click.option("--trusted/--not-trusted", default=None, help="Whether people are not asked for consent."),
    click.option(
        "--allow-oauth-1.0/--refuse-oauth-1.0",
        "allows_1_0",
        default=None,
        help="Whether an OAuth 1.0a consumer may speak OAuth Core 1.0, of which its users are warned.",
    ),
    click.option(
        "--may-verify-requests/--may-not-verify-requests",
        default=None,
        help="Whether the client, a resource server, may have signed OAuth 1.0a requests verified.",
    ),
    click.option(
        "--post-logout-redirect-uri",
        "post_logout",
        multiple=True,
        help="Where people may return to after signing out; may be repeated.",
    ),
    click.option(
        "--backchannel-logout-uri", "back_channel", help="Where the server tells of sign-outs; '' for none."
    ),
    click.option(
        "--frontchannel-logout-uri", "front_channel", help="A page that signs people out; '' for none."
    ),
    click.option(
        "--option",
        "options",
        multiple=True,
        metavar="NAME=VALUE",
        help=f"One of {', '.join(_OPTION_NAMES)}; lists and key sets as JSON or @FILE, lifetimes like 15m, '' for none.",
    ),
)


def _logout(
    post_logout: tuple[str, ...], back_channel: str | None, front_channel: str | None
) -> dict[str, Any]:
    given = {
        logout_uris.POST_LOGOUT: list(post_logout) or None,
        logout_uris.BACK_CHANNEL: back_channel,
        logout_uris.FRONT_CHANNEL: front_channel,
    }
    return {name: value for name, value in given.items() if value is not None}


def _read_options(texts: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in _OPTION_NAMES:
            raise click.UsageError(f"--option takes NAME=VALUE; names are {', '.join(_OPTION_NAMES)}.")
        found[name] = _read_option(name, value)
    return found


def _read_option(name: str, value: str) -> Any:
    try:
        if value and name in token_lifetimes.NAMES:
            return token_lifetimes.parse_seconds(value)
        value = Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value
        return json.loads(value) if value.lstrip()[:1] in {"[", "{"} else value
    except (OSError, ValueError, RecursionError) as error:
        raise click.UsageError(f"--option {name} cannot be read: {error}.") from error


def registration(command: Command) -> Command:
    """Give a command all these options; they arrive together as ``asked``."""

    @functools.wraps(command)
    def with_asked(
        redirect_uris: tuple[str, ...],
        grant_types: tuple[str, ...],
        response_types: tuple[str, ...],
        scopes: tuple[str, ...],
        auth_method: str | None,
        pkce: str | None,
        trusted: bool | None,
        allows_1_0: bool | None,
        may_verify_requests: bool | None,
        post_logout: tuple[str, ...],
        back_channel: str | None,
        front_channel: str | None,
        options: tuple[str, ...],
        **others: Any,
    ) -> Any:
        asked = ClientOptions(
            redirect_uris=redirect_uris or None,
            grant_types=grant_types or None,
            response_types=response_types or None,
            scopes=tuple(" ".join(scopes).split()) if scopes else None,
            auth_method=auth_method,
            is_pkce_required=None if pkce is None else pkce == "required",
            is_trusted=trusted,
            allows_1_0=allows_1_0,
            may_verify_requests=may_verify_requests,
            logout=_logout(post_logout, back_channel, front_channel),
            options=_read_options(options),
        )
        return command(asked=asked, **others)

    for option in reversed(_OPTIONS):
        with_asked = option(with_asked)
    return with_asked
