"""``authserver clients``: register, approve and change clients, as the console does.

What a client is registered for is read from the options in ``client_options``.
"""

from datetime import timedelta
from pathlib import Path

import click

from authserver.cli import client_changes, client_options, output, secret_input
from authserver.cli.installation import Installation, actor
from authserver.cli.output import json_option
from authserver.domain.clients import (
    client_search,
    client_secrets,
    clients,
    registrations,
    sector_identifiers,
    self_registration,
)
from authserver.domain.clients.client_secrets import TypedSecret
from authserver.domain.clients.clients import Client
from authserver.domain.clients.registrations import Registration
from authserver.domain.fetcher import Fetcher
from authserver.domain.sessions import logout_notices
from authserver.errors import InvalidInput
from authserver.setting_values import read_duration
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
@client_options.registration
@click.option("--approve", "is_approved", is_flag=True, help="Approve the client at once.")
@secret_input.options("secret")
@click.option("--generate-secret", is_flag=True, help="Generate a secret (the default) and print it.")
@json_option
def add(
    kind: str,
    name: str,
    asked: client_options.ClientOptions,
    is_approved: bool,
    secret_stdin: bool,
    secret_file: Path | None,
    generate_secret: bool,
) -> None:
    """Register a client; it cannot be used before it is approved."""
    if generate_secret and (secret_stdin or secret_file):
        raise click.UsageError("Generate a secret or bring one, not both.")
    installation = Installation()
    registration = asked.for_new(kind, name)
    uses_secret = client_secrets.are_used(kind, registration.auth_method)
    if not uses_secret and (generate_secret or secret_stdin or secret_file):
        raise click.UsageError(f"A client with --auth-method {registration.auth_method} has no secret.")
    typed = _typed(installation, secret_stdin, secret_file)
    _check_sector(installation, registration)
    with installation.transaction() as db:
        who = actor()
        client = clients.register(db, who, registration, source="command")
        secret = None
        if typed is not None:
            client_secrets.set_typed(db, who, installation.vault, client, typed)
        elif uses_secret:
            secret = client_secrets.generate(db, who, installation.vault, client)
        db.flush()
        if is_approved:
            clients.approve(db, who, client, revision=client.revision)
        facts = _facts(client)
    _print_new(facts, secret)


@command.command("list")
@click.option(
    "--type",
    "kind",
    type=click.Choice([str(word) for word in ClientKind]),
    default=None,
    help="Only clients of this type.",
)
@click.option(
    "--status",
    type=click.Choice([str(word) for word in ClientStatus]),
    default=None,
    help="Only clients that stand like this.",
)
@click.option("--search", default="", help="Only clients whose name, key or redirect URI contains this.")
@json_option
def list_clients(kind: str | None, status: str | None, search: str) -> None:
    """List the clients by name."""
    rows: list[output.Row] = []
    with Installation().transaction(write=False) as db:
        while True:
            found, _ = client_search.page_of_clients(
                db, kind=kind or "", status=status or "", search=search, offset=len(rows), limit=_PAGE
            )
            rows += [_facts(client) for client in found]
            if len(found) < _PAGE:
                break
    output.listing(rows, columns=_COLUMNS, nothing="There are no such clients.")


@command.command()
@click.argument("key", help="The client key.")
@json_option
def show(key: str) -> None:
    """Show one client with everything that is registered for it."""
    with Installation().transaction(write=False) as db:
        client = clients.get(db, key)
        secrets = client_secrets.secrets_of_client(db, client)
        facts = _facts(client) | {
            "registered_by": client.registered_by,
            "decided_by": client.decided_by,
            "decided_at": client.decided_at,
            "revision": client.revision,
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
@client_options.registration
@json_option
def edit(key: str, name: str | None, asked: client_options.ClientOptions) -> None:
    """Change what a client is registered for; what is not named stays, and a list that is named replaces the old one."""
    installation = Installation()
    with installation.transaction(write=False) as db:
        before = clients.get(db, key)
    registration = asked.for_change(before, name)
    _check_sector(installation, registration, before)
    with installation.transaction() as db:
        client = clients.get(db, key)
        clients.edit(db, actor(), client, registration, revision=before.revision)
        facts = _facts(client)
    output.say(f"Changed {facts['name']}; it is live now.", facts)


@command.command()
@click.argument("key", help="The client key.")
@client_changes.revision_option
@json_option
def approve(key: str, revision: int | None) -> None:
    """Let a client be used."""
    with Installation().transaction() as db:
        client = clients.get(db, key)
        clients.approve(db, actor(), client, revision=client_changes.seen(client, revision))
        facts = _facts(client)
    output.say(f"Approved {facts['name']}.", facts)


@command.command()
@click.argument("key", help="The client key.")
@json_option
def disapprove(key: str) -> None:
    """Stop a client on its next request; what it was given stays dead."""
    with Installation().transaction() as db:
        client = clients.get(db, key)
        clients.disapprove(db, actor(), client, revision=client.revision)
        facts = _facts(client)
    output.say(f"Disapproved {facts['name']}: its sign-ins and tokens do not work any more.", facts)


@command.command()
@click.argument("key", help="The client key.")
@json_option
def remove(key: str) -> None:
    """Delete a client and everything made for it, for good."""
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
    help="How long older secrets still work: 24h.",
)
@json_option
def secret(key: str, secret_stdin: bool, secret_file: Path | None, overlap: timedelta) -> None:
    """Give a client a new secret: generated and printed, unless an option brings one."""
    installation = Installation()
    typed = _typed(installation, secret_stdin, secret_file)
    with installation.transaction() as db:
        who = actor()
        client = clients.get(db, key)
        if not client_secrets.are_used(client.kind, client.auth_method):
            sentence = f"This client authenticates by {client.auth_method}, so it has no secret."
            raise InvalidInput({"secret": sentence})
        generated = None
        if typed is None:
            generated = client_secrets.generate(db, who, installation.vault, client)
        else:
            client_secrets.set_typed(db, who, installation.vault, client, typed)
        client_secrets.expire_others(db, who, client, after=overlap)
        facts = _facts(client)
    _print_new(facts, generated)


def _typed(installation: Installation, stdin: bool, file: Path | None) -> TypedSecret | None:
    # Hashing takes long, so no transaction may be open here.
    if not stdin and file is None:
        return None
    return client_secrets.hash_typed_secret(
        installation.passwords, secret_input.read_secret("secret", stdin, file)
    )


def _check_sector(installation: Installation, wanted: Registration, before: Client | None = None) -> None:
    # A document of the client is fetched here, so that no transaction may be open.
    if sector_identifiers.needs_fetch(wanted, before):
        fetcher = Fetcher(installation.settings)
        wanted = registrations.validate(wanted, known_name=before.name if before else None)
        sector_identifiers.check_registration(fetcher, wanted, before)


def _duration(value: str) -> timedelta:
    try:
        duration: timedelta = read_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return duration


def _print_new(facts: output.Row, secret: str | None) -> None:
    if secret is not None:
        facts = facts | {"client_secret": secret}
    output.show(facts)
    if secret is not None and not output.is_json():
        output.note("Keep the secret now: it cannot be shown again.")


def _facts(client: Client) -> output.Row:
    described = clients.describe(client)
    described["type"] = described.pop("kind")
    first = {name: described.pop(name) for name in ("client_key", "name", "type", "status")}
    return first | described | {"created_at": client.created_at, "last_sign_in_at": client.last_sign_in_at}
