"""``authserver clients``: register, approve and change clients, as in the console.

The options for client metadata are in ``client_options``.
"""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from authserver.cli import client_changes, client_options, output, secret_input
from authserver.cli.installation import Installation, actor
from authserver.cli.output import json_option
from authserver.domain import logout_notices
from authserver.domain.clients import (
    client_search,
    client_secrets,
    clients,
    redirect_uris,
    sector_identifiers,
    self_registration,
    user_access,
)
from authserver.domain.clients.client_search import ClientFilter
from authserver.domain.clients.client_secrets import EnteredSecret
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.clients.redirect_uris import UriRules
from authserver.domain.fetcher import Fetcher
from authserver.domain.groups import groups
from authserver.errors import InvalidInput
from authserver.setting_values import parse_duration
from authserver.vocabulary import ClientKind, ClientStatus

_PAGE = 1000
_COLUMNS = {
    "client_key": "Client key",
    "name": "Name",
    "type": "Type",
    "status": "Status",
    "redirect_uris": "Redirect URIs",
    "created_at": "Created",
    "last_sign_in_at": "Last sign-in",
}


@click.group()
def command() -> None:
    """Register, approve and change clients."""


command.add_command(client_changes.approve_change)
command.add_command(client_changes.discard_change)


@command.command()
@client_options.kind
@client_options.name(required=True)
@client_options.metadata_options
@click.option("--approve", "is_approved", is_flag=True, help="Approve the client immediately.")
@secret_input.options("secret")
@click.option("--generate-secret", is_flag=True, help="Generate a secret and print it. This is the default.")
@json_option
def add(
    kind: str,
    name: str,
    given: dict[str, Any],
    is_approved: bool,
    secret_stdin: bool,
    secret_file: Path | None,
    generate_secret: bool,
) -> None:
    """Register a client. It cannot be used before it is approved."""
    if generate_secret and (secret_stdin or secret_file):
        raise click.UsageError("Generate a secret or provide one, not both.")
    installation = Installation()
    rules = redirect_uris.rules_for_administrators(installation.settings)
    wanted = client_options.new_metadata(kind, name, given, rules)
    uses_secret = client_secrets.are_used(wanted.kind, wanted.auth_method)
    if not uses_secret and (generate_secret or secret_stdin or secret_file):
        raise click.UsageError(f"A client with --auth-method {wanted.auth_method} has no secret.")
    entered = _hash_entered(installation, secret_stdin, secret_file)
    sector_identifiers.check_registration(Fetcher(installation.settings), wanted)
    with installation.transaction() as db:
        who = actor()
        wanted = groups.resolve_names(db, wanted)
        client = clients.register(db, who, wanted, source="command")
        secret = None
        if entered is not None:
            client_secrets.add_entered(db, who, installation.vault, client, entered)
        elif uses_secret:
            secret = client_secrets.generate(db, who, installation.vault, client)
        db.flush()
        if is_approved:
            clients.approve(db, who, client, revision=client.revision)
        facts = _facts(client)
    _print_new(facts, secret)
    _print_warnings(wanted, given, rules)


@command.command("list")
@click.option(
    "--type",
    "kind",
    type=click.Choice([str(kind) for kind in ClientKind]),
    default=None,
    help="Filter by type.",
)
@click.option(
    "--status",
    type=click.Choice([str(status) for status in ClientStatus]),
    default=None,
    help="Filter by status.",
)
@click.option("--search", default="", help="Filter by text in the name, key or redirect URIs.")
@json_option
def list_clients(kind: str | None, status: str | None, search: str) -> None:
    """List clients by name."""
    rows: list[output.Row] = []
    wanted = ClientFilter(kind=kind or "", status=status or "", search=search)
    with Installation().transaction(write=False) as db:
        while True:
            found, _ = client_search.page_of_clients(db, wanted, offset=len(rows), limit=_PAGE)
            rows += [_facts(client) for client in found]
            if len(found) < _PAGE:
                break
    output.print_list(rows, columns=_COLUMNS, empty_message="No clients found.")


@command.command()
@click.argument("key", help="The client key.")
@json_option
def show(key: str) -> None:
    """Show a client and its metadata."""
    with Installation().transaction(write=False) as db:
        client = clients.get(db, key)
        secrets = client_secrets.secrets_of_client(db, client)
        facts = _facts(client) | {
            "registered_by": client.registered_by,
            "decided_by": client.decided_by,
            "decided_at": client.decided_at,
            "revision": client.revision,
            "pkce_sign_ins": client.pkce_sign_ins or 0,
            "change": client_changes.facts(self_registration.pending_change_of(db, client)),
            "untold_sign_outs": [
                {name: getattr(row, name) for name in ("created_at", "state", "attempts", "error")}
                for row in logout_notices.failed_notices(db, client.id)
            ],
            "secrets": [
                {"id": row.id, "created_at": row.created_at, "expires_at": row.expires_at} for row in secrets
            ],
        }
    if not output.is_json():
        facts["secrets"] = len(facts["secrets"])
        facts["untold_sign_outs"] = [row["error"] for row in facts["untold_sign_outs"]]
        facts["change"] = client_changes.format_changes(facts["change"])
    output.show(facts)


@command.command()
@click.argument("key", help="The client key.")
@client_options.name(required=False)
@client_options.metadata_options
@json_option
def edit(key: str, name: str | None, given: dict[str, Any]) -> None:
    """Change a client's metadata. Fields that you do not set keep their values. A list replaces the previous list."""
    installation = Installation()
    with installation.transaction(write=False) as db:
        before = clients.get(db, key)
    rules = redirect_uris.rules_for_administrators(installation.settings)
    wanted = client_options.changed_metadata(before, name, given, rules)
    sector_identifiers.check_registration(Fetcher(installation.settings), wanted, before)
    with installation.transaction() as db:
        wanted = groups.resolve_names(db, wanted, user_access.groups_of(before.details))
        client = clients.get(db, key)
        clients.edit(db, actor(), client, wanted, revision=before.revision)
        facts = _facts(client)
    output.say(f"Changed {facts['name']}. The change is effective now.", facts)
    _print_warnings(wanted, given, rules)


@command.command()
@click.argument("key", help="The client key.")
@client_changes.revision_option
@json_option
def approve(key: str, revision: int | None) -> None:
    """Approve a client."""
    installation = Installation()
    with installation.transaction(write=False) as db:
        before = clients.get(db, key)
        expected = client_changes.revision_or_current(before, revision)
        clients.check_revision(before, expected)
    sector_identifiers.check_approval(Fetcher(installation.settings), before)
    with installation.transaction() as db:
        client = clients.get(db, key)
        clients.approve(db, actor(), client, revision=expected)
        facts = _facts(client)
    output.say(f"Approved {facts['name']}.", facts)


@command.command()
@click.argument("key", help="The client key.")
@json_option
def disapprove(key: str) -> None:
    """Disapprove a client. Everything issued to it stops working, permanently."""
    with Installation().transaction() as db:
        client = clients.get(db, key)
        clients.disapprove(db, actor(), client, revision=client.revision)
        facts = _facts(client)
    output.say(f"Disapproved {facts['name']}: its sessions and tokens no longer work.", facts)


@command.command()
@click.argument("key", help="The client key.")
@json_option
def remove(key: str) -> None:
    """Remove a client and everything issued to it, permanently."""
    # The import makes every table known, so that the rows of the client are deleted in the order of domain.lock_order.
    from authserver.domain import cleanup  # noqa: F401

    with Installation().transaction() as db:
        client = clients.get(db, key)
        facts = _facts(client)
        clients.remove(db, actor(), client)
    output.say(f"Removed {facts['name']}.", {"client_key": key, "removed": True})


@command.command()
@click.argument("key", help="The client key.")
@secret_input.options("secret")
@click.option(
    "--overlap",
    default="0",
    callback=lambda *given: _duration(given[-1]),
    help="How long older secrets remain valid, such as 24h. By default they expire immediately.",
)
@json_option
def secret(key: str, secret_stdin: bool, secret_file: Path | None, overlap: timedelta) -> None:
    """Replace the secret of a client. The new secret is generated and printed, unless an option provides it.

    Older secrets expire immediately, or after --overlap.
    """
    installation = Installation()
    entered = _hash_entered(installation, secret_stdin, secret_file)
    with installation.transaction() as db:
        who = actor()
        client = clients.get(db, key)
        if not client_secrets.are_used(client.kind, client.auth_method):
            sentence = f"This client authenticates with {client.auth_method}, so it has no secret."
            raise InvalidInput({"secret": sentence})
        generated = None
        if entered is None:
            generated = client_secrets.generate(db, who, installation.vault, client)
        else:
            client_secrets.add_entered(db, who, installation.vault, client, entered)
        client_secrets.expire_others(db, who, client, after=overlap)
        facts = _facts(client)
    _print_new(facts, generated)


def _hash_entered(installation: Installation, stdin: bool, file: Path | None) -> EnteredSecret | None:
    # Hashing is slow, so no transaction may be open here.
    if not stdin and file is None:
        return None
    return client_secrets.hash_entered_secret(
        installation.passwords, secret_input.read_secret("secret", stdin, file)
    )


def _duration(value: str) -> timedelta:
    try:
        duration: timedelta = parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return duration


def _print_new(facts: output.Row, secret: str | None) -> None:
    if secret is not None:
        facts = facts | {"client_secret": secret}
    output.show(facts)
    if secret is not None and not output.is_json():
        output.note("Store the secret now: it cannot be shown again.")


def _print_warnings(wanted: ClientMetadata, given: Iterable[str], rules: UriRules) -> None:
    for warning in client_options.warnings(wanted, given, rules):
        output.note(f"Warning: {warning}")


def _facts(client: Client) -> output.Row:
    described = clients.describe(client)
    described["type"] = described.pop("kind")
    first = {name: described.pop(name) for name in ("client_key", "name", "type", "status")}
    return first | described | {"created_at": client.created_at, "last_sign_in_at": client.last_sign_in_at}
