"""``authserver database``: bring the tables to the newest shape, delete what is over, say how things stand."""

import click

from authserver.cli import output
from authserver.cli.installation import Installation, explained
from authserver.cli.output import json_option
from authserver.domain import schema


@click.group()
def command() -> None:
    """Migrate, clean up, look at the database."""


@command.command()
@json_option
def migrate() -> None:
    """Bring the tables to the newest shape: all revisions that are missing, or none of them."""
    installation = Installation()
    with explained(), output.progress() as tell:
        tell("looking at the tables")
        taken = schema.migrate(installation.database, lambda revision: tell(f"migrated to {revision}"))
    done = f"The database is at revision {schema.newest()}" if taken else "There was nothing to migrate"
    output.say(f"{done}.", {"revision": schema.newest(), "migrated": taken})


@command.command()
@json_option
def purge() -> None:
    """Delete what is over: expired tokens and codes, sessions that nothing names, old failures. Run it daily."""
    from authserver.domain import cleanup

    installation = Installation()
    with installation.transaction(write=False):
        pass
    counts: dict[str, int] = {}
    with explained(), output.progress() as tell:
        for name, count in cleanup.purge(installation.database, installation.settings):
            counts[name] = counts.get(name, 0) + count
            tell(f"{name}: {counts[name]:,} deleted")
    deleted = [f"{count:,} {name}" for name, count in counts.items() if count]
    output.say(
        f"Deleted {', '.join(deleted)}." if deleted else "There was nothing to delete.", {"deleted": counts}
    )


@command.command()
@json_option
def status() -> None:
    """Show which database this is, its revision and how many rows its tables hold."""
    installation = Installation()
    installation.refuse_missing_file()
    with explained(), output.progress() as tell, installation.database.reading() as connection:
        revision = schema.current(connection)
        rows = schema.count_rows(connection, tell)
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
