"""The schema revision of a database, and its migration.

The migrations are the scripts in ``migrations/versions``; their file names start with ascending numbers. A database may
be newer than this process, for example while nodes are upgraded one by one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Connection, func, inspect, select, table, text

from authserver.domain.orm import Database, lock
from authserver.settings import ROOT

MIGRATIONS = ROOT / "migrations"
_WAIT_FOR_OTHERS = "10min"
_WAIT_FOR_TABLES = "5s"

Report = Callable[[str], None]


@cache
def newest() -> str:
    """Return the newest schema revision that this version of authserver knows."""
    return max(
        (path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")), default=""
    )


def current(connection: Connection) -> str:
    """Return the schema revision of the database, or an empty string if it has no tables."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def is_current(database: Database) -> bool:
    """Return whether the schema is at least as new as this version of authserver requires."""
    with database.reading() as connection:
        return current(connection) >= newest()


def migrate(database: Database, report: Report) -> list[str]:
    """Migrate to the newest revision in one transaction, one process at a time; return the applied revisions.

    ``report`` is called with the number and title of each applied revision.
    """
    if is_current(database):
        return []
    applied: list[str] = []

    def on_revision(revision: str, title: str) -> None:
        applied.append(revision)
        report(f"{revision} {title}")

    with rebuilding(database) as connection:
        if current(connection) < newest():
            _run_revisions(connection, on_revision)
    return applied


def count_rows(connection: Connection, report: Report) -> dict[str, int]:
    """Return the number of rows in each table. This is slow, because it scans the tables."""
    counts: dict[str, int] = {}
    for name in sorted(inspect(connection).get_table_names()):
        if name != "alembic_version":
            report(f"counting: {name}")
            counts[name] = connection.scalar(select(func.count()).select_from(table(name))) or 0
    return counts


@contextmanager
def rebuilding(database: Database) -> Iterator[Connection]:
    """Open the transaction of a migration. Other migrating processes wait for it."""
    with database.rebuilding() as connection:
        if not database.is_sqlite:
            connection.execute(
                text(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{_WAIT_FOR_OTHERS}'")
            )
            lock(connection, "migrate")
            connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_FOR_TABLES}'"))
        yield connection


def _run_revisions(connection: Connection, on_revision: Callable[[str, str], None]) -> None:
    # Imported here, because importing Alembic takes 0.2 s and most processes do not need it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes.update(connection=connection, on_revision=on_revision)
    command.upgrade(config, "head")
