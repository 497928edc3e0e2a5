"""The database: engine, declarative base, column types and transactions.

Flask-SQLAlchemy creates the engine and passes the metadata to Flask-Migrate. All other code gets a ``Database`` and
opens one transaction per request. A response commits it, even an error response; an exception rolls it back.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    delete,
    event,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from authserver.errors import Conflict

BUSY_TIMEOUT_MS = 5000
STATEMENT_TIMEOUT_MS = 15000


class Instant(TypeDecorator[datetime]):
    """A timezone-aware UTC datetime, even on databases that do not store the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = BigInteger().with_variant(Integer(), "sqlite")
"""Sequential row ids, which keep the indexes small."""

NEVER_REUSE_IDS = {"sqlite_autoincrement": True}
"""Table arguments for records whose ids must never be reused, not even on SQLite."""


class Base(DeclarativeBase):
    """The declarative base of all records."""

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
        autocommit = {"authserver_begin": ""} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._autocommit = engine.execution_options(**autocommit)
        _configure(engine)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self, write: bool = True) -> Iterator[Session]:
        """Open an ORM transaction. With ``write=False`` it must not change anything."""
        engine = self.engine if write else self._reader
        with Session(engine, expire_on_commit=False) as db, db.begin():
            yield db

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Open a Core transaction."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection for single read-only statements, without a transaction and its round trips."""
        with self._autocommit.connect() as connection:
            yield connection

    @contextmanager
    def consuming(self) -> Iterator[Connection]:
        """Yield a connection for consuming a credential and issuing its successor.

        On SQLite it has a transaction. On PostgreSQL it is in autocommit mode, for a single statement.
        """
        if self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
        else:
            with self._autocommit.connect() as connection:
                yield connection

    @contextmanager
    def rebuilding(self) -> Iterator[Connection]:
        """Open a transaction that may replace whole tables; raises Conflict if it violates foreign keys."""
        if not self.is_sqlite:
            with self.connection() as connection:
                yield connection
            return
        # SQLite changes a column by copying the table and dropping the old one, which must not cascade to other tables.
        # Foreign keys can only be turned off outside of a transaction, so they are checked manually before the commit.
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
    """Return the engine options for a database URL."""
    options: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_timeout": 5,
        # Database errors must not write the values of a statement to the log (S29).
        "hide_parameters": True,
    }
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": BUSY_TIMEOUT_MS / 1000}
        return options
    session_options = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={BUSY_TIMEOUT_MS} -c timezone=UTC"
    )
    options["connect_args"] = {"connect_timeout": 3, "options": session_options}
    # Write JSON without ASCII escapes, because PostgreSQL rejects escaped lone surrogates.
    options["json_serializer"] = _dump_json
    return options


def _check_foreign_keys(connection: Connection) -> None:
    if orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise Conflict(f"The migration would leave rows without their parent rows: {orphans[:3]}.")


def _dump_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


ROW_LOCK: dict[str, Any] = {"key_share": True}
"""The options of ``with_for_update`` for a row that will be changed: ``FOR NO KEY UPDATE`` on PostgreSQL.

Unlike ``FOR UPDATE``, this lock does not wait for transactions that insert rows with a reference to the row. See
``domain.lock_order``.
"""


def delete_expired(db: Session, record: Any, now: datetime, *, limit: int = 20) -> None:
    """Delete up to ``limit`` rows that expired before ``now``, without waiting for rows that are locked.

    Call it for each new row of a table that anonymous requests fill, so that the table does not grow until the cleanup.
    """
    expired = select(record.id).where(record.expires_at < now).limit(limit).with_for_update(skip_locked=True)
    db.execute(delete(record).where(record.id.in_(expired)), execution_options={"synchronize_session": False})


def lock(transaction: Session | Connection, name: str) -> None:
    """Take the lock with this name and hold it until the transaction ends. SQLite serializes writers without it."""
    connection = transaction.connection() if isinstance(transaction, Session) else transaction
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"authserver:{name}"}
        )


def try_lock(transaction: Session | Connection, name: str) -> bool:
    """Take the lock with this name until the transaction ends. Return False if another transaction holds it."""
    connection = transaction.connection() if isinstance(transaction, Session) else transaction
    if connection.dialect.name != "postgresql":
        return True
    attempt = text("SELECT pg_try_advisory_xact_lock(hashtext(:name))")
    return bool(connection.scalar(attempt, {"name": f"authserver:{name}"}))


def insert(transaction: Session | Connection, record: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return the dialect's INSERT statement, which supports ON CONFLICT."""
    bind = transaction.get_bind() if isinstance(transaction, Session) else transaction
    return postgresql.insert(record) if bind.dialect.name == "postgresql" else sqlite.insert(record)


def _configure(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: Any) -> None:
        # The driver must not begin transactions itself. It would begin deferred ones, in which a write after a read
        # fails at once instead of waiting for the lock.
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
