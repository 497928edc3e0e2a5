"""The shape of the tables: which revision a database has, which is the newest here, how one becomes the other.

The revisions themselves are scripts in ``migrations/versions``; their file names begin with their numbers, in order.
A database may be newer than this process, as it is while nodes are upgraded one after the other: that is no fault.
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

Tell = Callable[[str], None]


@cache
def newest() -> str:
    """Return the number of the newest revision that this version of the product knows."""
    return max(
        (path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")), default=""
    )


def current(connection: Connection) -> str:
    """Return the number of the revision that the database has, empty when it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def is_current(database: Database) -> bool:
    """Return whether the database has every table and column that this process relies on."""
    with database.reading() as connection:
        return current(connection) >= newest()


def migrate(database: Database, tell: Tell) -> list[str]:
    """Bring the database to the newest shape, all or nothing, one process at a time; return the revisions taken.

    ``tell`` hears the number and title of each revision when it has run.
    """
    if is_current(database):
        return []
    taken: list[str] = []

    def hear(revision: str, title: str) -> None:
        taken.append(revision)
        tell(f"{revision} {title}")

    with rebuilding(database) as connection:
        if current(connection) < newest():
            _run_revisions(connection, hear)
    return taken


def count_rows(connection: Connection, tell: Tell) -> dict[str, int]:
    """Return how many rows each table holds, by name; this reads the tables, so it takes its time."""
    counts: dict[str, int] = {}
    for name in sorted(inspect(connection).get_table_names()):
        if name != "alembic_version":
            tell(f"counting: {name}")
            counts[name] = connection.scalar(select(func.count()).select_from(table(name))) or 0
    return counts


@contextmanager
def rebuilding(database: Database) -> Iterator[Connection]:
    """Open the transaction in which tables are rebuilt: other processes that want the same wait for it."""
    with database.rebuilding() as connection:
        if not database.is_sqlite:
            connection.execute(
                text(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{_WAIT_FOR_OTHERS}'")
            )
            lock(connection, "migrate")
            connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_FOR_TABLES}'"))
        yield connection


def _run_revisions(connection: Connection, hear: Callable[[str, str], None]) -> None:
    # Alembic takes a fifth of a second to import, and most processes find nothing to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes.update(connection=connection, hear=hear)
    command.upgrade(config, "head")
