"""Empty and ready databases of both kinds.

Migrating and making signing keys takes seconds, so it is done once a run, and every test gets copies: of the database,
and of the keys folder that opens what is in it.
"""

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import create_engine

from authserver.context import SYSTEM
from authserver.domain import schema
from authserver.domain.keys import signing_keys, vault
from authserver.domain.orm import Database, engine_options
from authserver.settings import Settings
from tests.support import postgres, run

KINDS = ("sqlite", "postgresql")
COMMAND = [sys.executable, "-c", "from authserver.cli import main; main()"]
TEMPLATE = "authserver_template"


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without its own settings, with the given ones: public_url="…" and so on."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AUTHSERVER_")}
    return ours | {f"AUTHSERVER_{name.upper()}": value for name, value in settings.items()}


def _make_ready(database_url: str) -> None:
    """Brings a database to the newest schema and makes its signing keys."""
    settings = Settings(database_url=database_url, keys_dir=_keys())
    database = Database(create_engine(database_url, **engine_options(database_url, 1)))
    try:
        schema.migrate(database, lambda _: None)
        with database.transaction() as db:
            signing_keys.ensure(db, SYSTEM, vault.load(settings))
    finally:
        database.engine.dispose()


def copy_keys(folder: Path) -> Path:
    """A keys folder of the test's own, which opens what the ready databases hold."""
    run.once("keys", _make_keys)
    return Path(shutil.copytree(_keys(), folder / "keys"))


def _keys() -> Path:
    return run.folder() / "keys"


def _sqlite_template() -> Path:
    return run.folder() / "template.db"


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copies through SQLite, which knows what is still in the write-ahead log."""
    with closing(sqlite3.connect(source)) as reader, closing(sqlite3.connect(target)) as writer:
        reader.backup(writer)


def _make_keys() -> None:
    """Makes the secrets, and with them the SQLite template."""
    _keys().mkdir(mode=0o700)
    _make_ready(f"sqlite:///{_sqlite_template()}")


@contextmanager
def empty(kind: str, folder: Path) -> Iterator[str]:
    """The address of a database without tables, gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'authserver.db'}"
        return
    yield from _postgres("template1")


@contextmanager
def migrated(kind: str, folder: Path) -> Iterator[str]:
    """The address of a database with the newest schema, signing keys and nothing else, gone afterwards."""
    run.once("keys", _make_keys)
    if kind == "sqlite":
        _copy_sqlite(_sqlite_template(), folder / "authserver.db")
        yield f"sqlite:///{folder / 'authserver.db'}"
        return
    run.once("postgres-template", _make_postgres_template)
    yield from _postgres(TEMPLATE)


def _postgres(template: str) -> Iterator[str]:
    name = postgres.create(template)
    try:
        yield postgres.address(name)
    finally:
        postgres.drop(name)


def _make_postgres_template() -> None:
    name = postgres.create()
    _make_ready(postgres.address(name))
    postgres.rename(name, TEMPLATE)
