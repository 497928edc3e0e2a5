"""``authserver resources``: define the resource servers (RFC 8707) that clients may request tokens for."""

import click

from authserver.cli import output
from authserver.cli.installation import Installation, actor
from authserver.cli.output import json_option
from authserver.domain import resources
from authserver.domain.resources import DefinedResource

_COLUMNS = {"name": "Name", "identifier": "Identifier", "scopes": "Scopes", "open": "Open to every client"}
_IDENTIFIER = "The identifier of the resource: an absolute URI."
_SCOPES = (
    "The scopes of the resource, separated by spaces. A token contains them only if it is for the resource."
)
_AVAILABILITY = "Which clients may request the resource: all clients, or those that are registered for it."


@click.group()
def command() -> None:
    """Define the resource servers that clients may request tokens for."""


@command.command()
@click.argument("identifier", help=_IDENTIFIER)
@click.option("--name", required=True, help="The name on the consent page.")
@click.option("--scope", "scopes", multiple=True, help=f"{_SCOPES} May be repeated.")
@click.option("--open/--registered", "is_open", default=False, help=_AVAILABILITY)
@json_option
def add(identifier: str, name: str, scopes: tuple[str, ...], is_open: bool) -> None:
    """Define a resource."""
    names = " ".join(scopes).split()
    with Installation().transaction() as db:
        row = resources.add(db, actor(), identifier=identifier, name=name, scope_names=names, is_open=is_open)
        facts = _facts(row)
    output.say(f"Defined the resource {identifier}.", facts)


@command.command("list")
@json_option
def list_resources() -> None:
    """List the resources by name."""
    with Installation().transaction(write=False) as db:
        rows = [_facts(row) for row in resources.all_resources(db)]
    output.print_list(rows, columns=_COLUMNS, empty_message="No resources are defined.")


@command.command()
@click.argument("identifier", help=_IDENTIFIER)
@click.option("--name", default=None, help="The name on the consent page.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help=f"{_SCOPES} May be repeated. They replace all scopes; an empty value removes them.",
)
@click.option("--open/--registered", "is_open", default=None, help=_AVAILABILITY)
@json_option
def edit(identifier: str, name: str | None, scopes: tuple[str, ...], is_open: bool | None) -> None:
    """Change a resource's name, its scopes, or which clients may request it."""
    with Installation().transaction() as db:
        row = resources.get(db, identifier)
        resources.edit(
            db,
            actor(),
            row,
            name=row.name if name is None else name,
            scope_names=" ".join(scopes).split() if scopes else row.scopes,
            is_open=row.is_open if is_open is None else is_open,
            revision=row.revision,
        )
        facts = _facts(row)
    output.say(f"Changed the resource {identifier}.", facts)


@command.command()
@click.argument("identifier", help=_IDENTIFIER)
@json_option
def remove(identifier: str) -> None:
    """Remove the definition of a resource. Clients that are registered for the resource keep their registration."""
    with Installation().transaction() as db:
        resources.remove(db, actor(), resources.get(db, identifier))
    output.say(f"Removed the resource {identifier}.", {"identifier": identifier, "removed": True})


def _facts(row: DefinedResource) -> output.Row:
    return dict(resources.describe(row))
