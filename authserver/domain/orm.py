"""The database: the engine, the declarative base, the column types and the one place that commits.

Flask-SQLAlchemy makes the engine and hands the metadata to Flask-Migrate; everybody else gets a ``Database`` and opens
one transaction per request with it: an error that is answered commits, an error that flies rolls back.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, BigInteger, Connection, DateTime, Dialect, Engine, Integer, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from authserver.errors import Conflict

BUSY_TIMEOUT_MS = 5000
STATEMENT_TIMEOUT_MS = 15000


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, on databases that forget the time zone as well."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = BigInteger().with_variant(Integer(), "sqlite")
"""Sequential row ids: they keep the indexes small however many tokens there are."""

NEVER_REUSE_IDS = {"sqlite_autoincrement": True}
"""The table arguments of records that are remembered by their id: it is never given out again, on SQLite either."""


class Base(DeclarativeBase):
    """The base of every record."""

    type_annotation_map = {
        datetime: Instant(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
    }


extension = SQLAlchemy(metadata=Base.metadata)


class Database:
    """The engine and the transactions of one application."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reader = engine.execution_options(authserver_begin="BEGIN")
        alone = {"authserver_begin": ""} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._alone = engine.execution_options(**alone)
        _configure(engine)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the single-machine database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self, write: bool = True) -> Iterator[Session]:
        """Open a transaction for ORM work; a reading one must not change anything."""
        engine = self.engine if write else self._reader
        with Session(engine, expire_on_commit=False) as db, db.begin():
            yield db

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Open a transaction for several Core statements."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection for single statements that only read: no transaction, so no round trip for one."""
        with self._alone.connect() as connection:
            yield connection

    @contextmanager
    def consuming(self) -> Iterator[Connection]:
        """Lend a connection for one step that consumes and issues: a transaction on SQLite, one statement elsewhere."""
        if self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
        else:
            with self._alone.connect() as connection:
                yield connection

    @contextmanager
    def rebuilding(self) -> Iterator[Connection]:
        """Open a transaction that may replace whole tables; raises Conflict for rows left without their owners."""
        if not self.is_sqlite:
            with self.connection() as connection:
                yield connection
            return
        # SQLite changes a column by copying its table and dropping the old one, which must not cascade into other tables.
        # Foreign keys can be switched off only while no transaction is open; they are checked by hand before it ends.
        with self.engine.connect() as connection:
            driver = connection.connection
            driver.cursor().execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    _check_foreign_keys(connection)
            finally:
                driver.cursor().execute("PRAGMA foreign_keys=ON")


def engine_options(url: str, pool_size: int) -> dict[str, Any]:
    """Return the engine options for a database address; times in the options are seconds."""
    options: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_timeout": 5,
        # The text of a database error must not carry the values of the statement into a log (S29).
        "hide_parameters": True,
    }
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": BUSY_TIMEOUT_MS / 1000}
        return options
    session_options = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={BUSY_TIMEOUT_MS} -c timezone=UTC"
    )
    options["connect_args"] = {"connect_timeout": 3, "options": session_options}
    # Lone surrogates must not reach the driver, and JSON that escapes them cannot be stored in PostgreSQL either.
    options["json_serializer"] = _dump_json
    return options


def _check_foreign_keys(connection: Connection) -> None:
    if orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise Conflict(f"The migration would leave rows without their owners: {orphans[:3]}.")


def _dump_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def lock(transaction: Session | Connection, name: str) -> None:
    """Let one transaction at a time pass here, until it ends; SQLite's writers already stand in line."""
    connection = transaction.connection() if isinstance(transaction, Session) else transaction
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"authserver:{name}"}
        )


def insert(transaction: Session | Connection, record: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return an insert that can say what happens on conflict, which each database's dialect words for itself."""
    bind = transaction.get_bind() if isinstance(transaction, Session) else transaction
    return postgresql.insert(record) if bind.dialect.name == "postgresql" else sqlite.insert(record)


def _configure(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: a deferred one that turns into a writer fails at once.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        begin = connection.get_execution_options().get("authserver_begin", "BEGIN IMMEDIATE")
        if begin:
            connection.exec_driver_sql(begin)
