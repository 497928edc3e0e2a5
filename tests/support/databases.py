"""Empty and migrated databases on SQLite and PostgreSQL.

Migrating and creating signing keys takes seconds, so each run does it once and the tests get copies of the database
and of the keys folder. A test of an application in this process uses the same database as the previous test,
restored to the state of the template.
"""

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Table, create_engine

from authserver.context import SYSTEM
from authserver.domain import schema, vault
from authserver.domain.keys import signing_keys, subject_salt
from authserver.domain.orm import Base, Database, engine_options
from authserver.settings import Settings
from tests.support import postgres, run, sample_users

KINDS = ("sqlite", "postgresql")
COMMAND = [sys.executable, "-c", "from authserver.cli import main; main()"]
TEMPLATE = "authserver_template"


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment, with these settings (public_url="…") in place of all others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AUTHSERVER_")}
    return inherited | {f"AUTHSERVER_{name.upper()}": value for name, value in settings.items()}


def _prepare(database_url: str) -> None:
    """Migrate a database to the newest schema and create its signing keys."""
    settings = Settings(database_url=database_url, keys_dir=_keys())
    database = Database(create_engine(database_url, **engine_options(database_url, 1)))
    try:
        schema.migrate(database, lambda _: None)
        with database.transaction() as db:
            keys = vault.load(settings)
            signing_keys.ensure(db, SYSTEM, keys, signing_keys.ALGORITHMS)
            subject_salt.ensure(db, keys)
            # Otherwise each application would have to run the schedule before its first request.
            signing_keys.run_schedule(db, SYSTEM, keys, settings, signing_keys.ALGORITHMS)
    finally:
        database.engine.dispose()


def copy_keys(folder: Path) -> Path:
    """Return a copy of the keys folder that belongs to the migrated databases."""
    run.once("keys", _create_keys)
    return Path(shutil.copytree(_keys(), folder / "keys"))


def _keys() -> Path:
    return run.folder() / "keys"


def _sqlite_template() -> Path:
    return run.folder() / "template.db"


@cache
def shared_folder() -> Path:
    """Return the folder of this process, with the keys for its shared databases."""
    folder = run.folder() / f"process-{os.getpid()}"
    folder.mkdir()
    copy_keys(folder)
    return folder


def shared(kind: str, names: tuple[str, ...] = ()) -> str:
    """Return the URL of this process's database, restored to the state of the template, with these users."""
    database = _shared(kind)
    database.restore(names)
    return database.url


@cache
def _shared(kind: str) -> "RestorableSqlite | RestorablePostgres":
    return restorable(kind, shared_folder())


def restorable(kind: str, folder: Path) -> "RestorableSqlite | RestorablePostgres":
    """Create a database that tests can restore to the state of the template while it is in use."""
    return RestorableSqlite(folder) if kind == "sqlite" else RestorablePostgres()


class RestorableSqlite:
    """A database file, which is restored in place so that open connections continue to work."""

    def __init__(self, folder: Path) -> None:
        run.once("keys", _create_keys)
        self._file = folder / "authserver.db"
        self.url = f"sqlite:///{self._file}"

    def restore(self, names: tuple[str, ...] = (), *, first_id: int | None = None) -> None:
        """Restore the state with these users. New records with cached ids get ids from `first_id` on."""
        _copy_sqlite(self._state(names) if names else _sqlite_template(), self._file)
        if first_id is not None:
            with closing(sqlite3.connect(self._file)) as connection, connection:
                names_of_tables = [table.name for table in Base.metadata.sorted_tables if _is_counted(table)]
                connection.executemany(
                    "DELETE FROM sqlite_sequence WHERE name = ?", [(n,) for n in names_of_tables]
                )
                rows = [(name, first_id - 1) for name in names_of_tables]
                connection.executemany("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", rows)

    def _state(self, names: tuple[str, ...]) -> Path:
        file = shared_folder() / f"{'-'.join(names)}.db"
        if not file.exists():
            _copy_sqlite(_sqlite_template(), file)
            _add_users(f"sqlite:///{file}", names)
        return file


def _is_counted(table: Table) -> bool:
    return bool(table.dialect_options["sqlite"]["autoincrement"])


class RestorablePostgres:
    """A database that keeps copies of its states in separate schemas."""

    def __init__(self) -> None:
        run.once("keys", _create_keys)
        run.once("postgres-template", _make_postgres_template)
        self.url = postgres.url(postgres.create(TEMPLATE))
        self._states: dict[tuple[str, ...], str] = {}

    def restore(self, names: tuple[str, ...] = (), *, first_id: int | None = None) -> None:
        """Restore the state with these users. New records get ids from `first_id` on."""
        if not self._states:
            self._keep(())
        if names not in self._states:
            postgres.restore(self.url, self._states[()])
            _add_users(self.url, names)
            self._keep(names)
        postgres.restore(self.url, self._states[names], first_id)

    def _keep(self, names: tuple[str, ...]) -> None:
        state = f"state_{len(self._states)}"
        postgres.keep(self.url, state)
        self._states[names] = state


def _add_users(database_url: str, names: tuple[str, ...]) -> None:
    database = Database(create_engine(database_url, **engine_options(database_url, 1)))
    try:
        sample_users.add(database, cheap_settings(), *names)
    finally:
        database.engine.dispose()


def cheap_settings(**settings: Any) -> Settings:
    """Return settings for an application in this process, with the cheapest password hashing."""
    return Settings(
        public_url="http://localhost", password_hash_memory=64, password_hash_rounds=1, **settings
    )


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy with SQLite, which includes the contents of the write-ahead log."""

    def fail_when_locked(status: int, _remaining: int, _total: int) -> None:
        assert status in {sqlite3.SQLITE_OK, sqlite3.SQLITE_DONE}, "a test left a transaction open"

    with closing(sqlite3.connect(source)) as reader, closing(sqlite3.connect(target)) as writer:
        reader.backup(writer, progress=fail_when_locked)


def _create_keys() -> None:
    """Create the secrets and the SQLite template."""
    _keys().mkdir(mode=0o700)
    _prepare(f"sqlite:///{_sqlite_template()}")


@contextmanager
def empty(kind: str, folder: Path) -> Iterator[str]:
    """Yield the URL of a database without tables, and remove it afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'authserver.db'}"
        return
    yield from _postgres("template1")


@contextmanager
def migrated(kind: str, folder: Path) -> Iterator[str]:
    """Yield the URL of a database with the newest schema and signing keys, and remove it afterwards."""
    run.once("keys", _create_keys)
    if kind == "sqlite":
        _copy_sqlite(_sqlite_template(), folder / "authserver.db")
        yield f"sqlite:///{folder / 'authserver.db'}"
        return
    run.once("postgres-template", _make_postgres_template)
    yield from _postgres(TEMPLATE)


def _postgres(template: str) -> Iterator[str]:
    name = postgres.create(template)
    try:
        yield postgres.url(name)
    finally:
        postgres.drop(name)


def _make_postgres_template() -> None:
    name = postgres.create()
    _prepare(postgres.url(name))
    postgres.rename(name, TEMPLATE)
