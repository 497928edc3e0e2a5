"""``authserver diagnostics``: the recorded errors. The console also explains how to fix each error."""

import click

from authserver.cli import output
from authserver.cli.installation import Installation
from authserver.cli.output import json_option
from authserver.domain import error_search
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics import error_log
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.errors import NotFound
from authserver.vocabulary import EndpointPath

_COLUMNS = {
    "reference": "Reference",
    "cause": "Cause",
    "endpoint": "Endpoint",
    "client": "Client",
    "count": "Count",
    "last_at": "Last seen",
}


@click.group()
def command() -> None:
    """Inspect rejected requests."""


@command.command("list")
@click.option("--client", "client_key", default="", help="Filter by client key.")
@click.option("--search", default="", help="Filter by text or client name.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="The maximum number of errors.",
)
@json_option
def list_errors(client_key: str, search: str, limit: int) -> None:
    """List rejected requests, newest first."""
    with Installation().transaction(write=False) as db:
        client_id = clients.get(db, client_key).id if client_key else None
        found, _ = error_search.page_of_errors(
            db, error_search.ErrorFilter(client_id, search=search), limit=limit
        )
        known = error_search.clients_of_errors(db, found)
        rows = [_facts(row, known.get(row.client_id or 0)) for row in found]
    output.print_list(rows, columns=_COLUMNS, empty_message="No errors are recorded.")


@command.command()
@click.argument("reference", help="The reference, or the error message that contains it.")
@json_option
def show(reference: str) -> None:
    """Show one rejected request."""
    installation = Installation()
    with installation.transaction(write=False) as db:
        row = error_search.error_named_in(db, reference)
        if row is None:
            raise NotFound(
                f"No error has this reference. Errors are kept for {error_log.KEPT.days} days, up to "
                f"{error_log.MAX_PER_CLIENT} per client. Check the reference, or repeat the request and use the new "
                "reference."
            )
        facts = _facts(row, error_search.clients_of_errors(db, [row]).get(row.client_id or 0))
    url = installation.settings.url(EndpointPath.ADMIN)
    output.show(facts | {"what_to_do": f"{url}/diagnostics/{facts['reference']}"})


def _facts(row: RecordedError, client: Client | None) -> output.Row:
    return {
        "reference": row.reference,
        "cause": row.cause,
        "error": row.error,
        "detail": row.detail,
        "endpoint": row.endpoint,
        "client": client.name if client else "",
        "client_key": client.client_key if client else "",
        "received": row.received,
        "expected": row.expected,
        "address": row.address,
        "count": row.count,
        "first_at": row.first_at,
        "last_at": row.last_at,
    }
