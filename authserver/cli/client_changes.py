"""``authserver clients approve-change|discard-change``: decide on changes that clients request themselves (RFC 7592)."""

from collections.abc import Callable
from typing import Any

import click

from authserver.cli import output
from authserver.cli.installation import Installation, actor
from authserver.cli.output import json_option
from authserver.domain.clients import clients, redirect_uris, sector_identifiers, self_registration
from authserver.domain.clients.clients import Client
from authserver.domain.fetcher import Fetcher
from authserver.errors import NotFound

revision_option: Callable[[Any], Any] = click.option(
    "--revision",
    type=int,
    default=None,
    help="Fail unless the client is at this revision (see `clients show`).",
)


def revision_or_current(client: Client, revision: int | None) -> int:
    """Return the given revision, or the current revision of the client if it is None."""
    return client.revision if revision is None else revision


@click.command("approve-change")
@click.argument("key", help="The client key.")
@revision_option
@json_option
def approve_change(key: str, revision: int | None) -> None:
    """Approve the change that a client requested. The change takes effect with the client's next request."""
    installation = Installation()
    with installation.transaction(write=False) as db:
        before = clients.get(db, key)
        expected = revision_or_current(before, revision)
        clients.check_revision(before, expected)
        change = self_registration.pending_change_of(db, before)
        decided = _changed_fields(change)
    rules = redirect_uris.rules_for_administrators(installation.settings)
    if change is not None:
        wanted = self_registration.changed_metadata(before, change, rules)
        sector_identifiers.check_registration(Fetcher(installation.settings), wanted, before)
    with installation.transaction() as db:
        client = clients.get(db, key)
        self_registration.approve_change(db, actor(), installation.vault, client, rules, revision=expected)
        name = client.name
    output.say(
        f"Approved the change to {name}: {', '.join(decided)}.", {"client_key": key, "changed": decided}
    )


@click.command("discard-change")
@click.argument("key", help="The client key.")
@revision_option
@json_option
def discard_change(key: str, revision: int | None) -> None:
    """Discard the change that a client requested."""
    with Installation().transaction() as db:
        client = clients.get(db, key)
        decided = _changed_fields(self_registration.pending_change_of(db, client))
        self_registration.discard_change(db, actor(), client, revision=revision_or_current(client, revision))
        name = client.name
    output.say(f"Discarded the change to {name}.", {"client_key": key, "discarded": decided})


def facts(change: self_registration.PendingChange | None) -> output.Row | None:
    """Return when and from where a change was requested, and each field before and after."""
    if change is None:
        return None
    fields = _changed_fields(change)
    before = {name: change.before.get(name) for name in fields}
    after = {name: change.after.get(name) for name in fields}
    return {"asked_at": change.at, "asked_from": change.address, "before": before, "after": after}


def format_changes(change: output.Row | None) -> list[str]:
    """Return the changed fields as lines of text."""
    if change is None:
        return []
    return [f"{name}: {change['before'][name]} -> {value}" for name, value in change["after"].items()]


def _changed_fields(change: self_registration.PendingChange | None) -> list[str]:
    if change is None:
        raise NotFound("This client has no pending change.")
    return [name for name, value in change.after.items() if change.before.get(name) != value]
