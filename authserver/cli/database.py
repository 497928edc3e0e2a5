"""``authserver database``: migrate, purge and status."""

import click

from authserver.cli import output
from authserver.cli.installation import Installation, explain_database_errors
from authserver.cli.output import json_option
from authserver.domain import schema


@click.group()
def command() -> None:
    """Migrate, clean up and inspect the database."""


@command.command()
@json_option
def migrate() -> None:
    """Migrate the database to the newest revision. Applies all missing revisions or none."""
    installation = Installation()
    with explain_database_errors(), output.progress() as report:
        report("checking the tables")
        taken = schema.migrate(installation.database, lambda revision: report(f"migrated to {revision}"))
    done = f"The database is at revision {schema.newest()}" if taken else "The database is already up to date"
    output.say(f"{done}.", {"revision": schema.newest(), "migrated": taken})


@command.command()
@json_option
def purge() -> None:
    """Delete expired tokens, codes and sessions, and old recorded errors. Not needed if `serve` cleans up regularly."""
    from authserver.domain import cleanup

    installation = Installation()
    # Fail early if the schema is not up to date.
    with installation.transaction(write=False):
        pass
    counts: dict[str, int] = {}
    with explain_database_errors(), output.progress() as report:
        for name, count in cleanup.purge(installation.database, installation.settings):
            counts[name] = counts.get(name, 0) + count
            report(f"{name}: {counts[name]:,} deleted")
    deleted = [f"{count:,} {name}" for name, count in counts.items() if count]
    output.say(f"Deleted {', '.join(deleted)}." if deleted else "Nothing to delete.", {"deleted": counts})


@command.command()
@json_option
def status() -> None:
    """Show the database, its revision and the number of rows in each table."""
    installation = Installation()
    installation.require_file()
    with (
        explain_database_errors(),
        output.progress() as report,
        installation.database.reading() as connection,
    ):
        revision = schema.current(connection)
        rows = schema.count_rows(connection, report)
    facts = {
        "database": installation.database.engine.url.render_as_string(hide_password=True),
        "revision": revision,
        "newest_revision": schema.newest(),
        "up_to_date": revision >= schema.newest(),
    }
    if output.is_json():
        output.show({**facts, "rows": rows})
        return
    output.show(facts)
    if rows:
        output.show({f"{table}_": f"{number:,} rows" for table, number in rows.items()})
