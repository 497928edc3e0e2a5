"""``authserver scopes``: define scopes in addition to those of OpenID Connect."""

import click

from authserver.cli import output
from authserver.cli.installation import Installation, actor
from authserver.cli.output import json_option
from authserver.domain import custom_claims, scopes
from authserver.domain.scopes import DefinedScope

_COLUMNS = {"name": "Scope", "words": "Description", "open": "Open to every client", "claims": "Claims"}
_claims = click.option(
    "--claim",
    "claims",
    multiple=True,
    metavar="NAME=SOURCE",
    help="A claim of the scope, such as department=attribute:department or login=username; may be repeated. "
    "A source in quotation marks is a constant.",
)


@click.group()
def command() -> None:
    """Define the scopes that clients may request."""


@command.command()
@click.argument("name", help="The name of the scope.")
@click.option("--words", required=True, help="The description on the consent page.")
@click.option(
    "--open/--registered",
    "is_open",
    default=False,
    help="Which clients may request the scope: all clients, or those that are registered for it.",
)
@_claims
@json_option
def add(name: str, words: str, is_open: bool, claims: tuple[str, ...]) -> None:
    """Define a scope."""
    with Installation().transaction() as db:
        sources = custom_claims.parse_claims(claims)
        facts = _facts(scopes.add(db, actor(), name=name, words=words, is_open=is_open, claims=sources))
    output.say(f"Defined the scope {name}.", facts)


@command.command("list")
@json_option
def list_scopes() -> None:
    """List the scopes by name."""
    with Installation().transaction(write=False) as db:
        rows = [_facts(row) for row in scopes.all_scopes(db)]
    output.print_list(
        rows, columns=_COLUMNS, empty_message="No scopes are defined in addition to those of OpenID Connect."
    )


@command.command()
@click.argument("name", help="The name of the scope.")
@click.option("--words", default=None, help="The description on the consent page.")
@click.option(
    "--open/--registered",
    "is_open",
    default=None,
    help="Which clients may request the scope: all clients, or those that are registered for it.",
)
@_claims
@click.option("--no-claims", is_flag=True, help="Remove all claims of the scope.")
@json_option
def edit(
    name: str, words: str | None, is_open: bool | None, claims: tuple[str, ...], no_claims: bool
) -> None:
    """Change a scope. The claims that you set replace the previous claims, and users are asked for consent again."""
    if claims and no_claims:
        raise click.UsageError("Set claims or remove them, not both.")
    with Installation().transaction() as db:
        row = scopes.get(db, name)
        new_words = row.words if words is None else words
        new_open = row.is_open if is_open is None else is_open
        sources = custom_claims.parse_claims(claims) if claims or no_claims else None
        scopes.edit(
            db, actor(), row, words=new_words, is_open=new_open, revision=row.revision, claims=sources
        )
        facts = _facts(row)
    output.say(f"Changed the scope {name}.", facts)


@command.command()
@click.argument("name", help="The name of the scope.")
@json_option
def remove(name: str) -> None:
    """Remove the definition of a scope. Clients that are registered for the scope keep their registration."""
    with Installation().transaction() as db:
        scopes.remove(db, actor(), scopes.get(db, name))
    output.say(f"Removed the scope {name}.", {"name": name, "removed": True})


def _facts(row: DefinedScope) -> output.Row:
    return dict(scopes.describe(row))
