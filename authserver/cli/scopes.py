"""``authserver scopes``: the scopes of this installation's own, beside those of OpenID Connect."""

import click

from authserver.cli import output
from authserver.cli.installation import Installation, actor
from authserver.cli.output import json_option
from authserver.domain import scopes
from authserver.domain.scopes import DefinedScope

_COLUMNS = {"name": "Scope", "words": "What people are asked", "open": "Every client may ask"}


@click.group()
def command() -> None:
    """Define the scopes that clients may ask for."""


@command.command()
@click.argument("name", help="The scope, as clients ask for it.")
@click.option("--words", required=True, help="What the consent page says it allows.")
@click.option(
    "--open/--registered",
    "is_open",
    default=False,
    help="Who may ask: every client, or those registered for it.",
)
@json_option
def add(name: str, words: str, is_open: bool) -> None:
    """Define a scope."""
    with Installation().transaction() as db:
        facts = _facts(scopes.add(db, actor(), name=name, words=words, is_open=is_open))
    output.say(f"Defined the scope {name}.", facts)


@command.command("list")
@json_option
def list_scopes() -> None:
    """List the scopes by name."""
    with Installation().transaction(write=False) as db:
        rows = [_facts(row) for row in scopes.all_scopes(db)]
    output.listing(rows, columns=_COLUMNS, nothing="No scopes are defined beside those of OpenID Connect.")


@command.command()
@click.argument("name", help="The scope, as clients ask for it.")
@click.option("--words", default=None, help="What the consent page says it allows.")
@click.option(
    "--open/--registered",
    "is_open",
    default=None,
    help="Who may ask: every client, or those registered for it.",
)
@json_option
def edit(name: str, words: str | None, is_open: bool | None) -> None:
    """Change the words of a scope, or who may ask for it."""
    with Installation().transaction() as db:
        row = scopes.get(db, name)
        new_words = row.words if words is None else words
        new_open = row.is_open if is_open is None else is_open
        scopes.edit(db, actor(), row, words=new_words, is_open=new_open, revision=row.revision)
        facts = _facts(row)
    output.say(f"Changed the scope {name}.", facts)


@command.command()
@click.argument("name", help="The scope, as clients ask for it.")
@json_option
def remove(name: str) -> None:
    """Forget a scope; clients that are registered for it by name keep it."""
    with Installation().transaction() as db:
        scopes.remove(db, actor(), scopes.get(db, name))
    output.say(f"Removed the scope {name}.", {"name": name, "removed": True})


def _facts(row: DefinedScope) -> output.Row:
    return dict(scopes.describe(row))
