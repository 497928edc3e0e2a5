"""The error log: the rejected requests and the reasons. Each kind of error has a short reference.

Equal errors share a row and are counted. The latest ``MAX_PER_CLIENT`` errors of a client are kept, each for
``KEPT`` after it last happened. Callers pass no secrets, and ``redaction`` removes those that a client sent in the
wrong place. The error page shows the reference to the user, and ``error_description`` contains it for the client.
Administrators look up the reference in the console, which reads the log through ``domain.error_search``.
"""

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import LargeBinary, Select, String, delete, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock, logs
from authserver.domain import typed_codes
from authserver.domain.diagnostics import redaction
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.orm import Base, Database, Id, insert

REFERENCE_LENGTH = 8
KEPT = timedelta(days=30)
RECENT = timedelta(days=7)
MAX_PER_CLIENT = 1000
_TEXT_LENGTH = 2000
_SHORT_LENGTH = 60
_MAX_RECORDS_PER_SECOND = 50
_NUMBER = re.compile(r"\d+")

log = logs.get("diagnostics")


class RecordedError(Base):
    """One kind of error of one client."""

    __tablename__ = "failures"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    reference: Mapped[str] = mapped_column(String(REFERENCE_LENGTH), unique=True)
    client_id: Mapped[int | None] = mapped_column(Id, index=True)
    endpoint: Mapped[str] = mapped_column(String(_SHORT_LENGTH))
    error: Mapped[str] = mapped_column(String(_SHORT_LENGTH))
    cause: Mapped[str] = mapped_column(String(_SHORT_LENGTH))
    detail: Mapped[str] = mapped_column(String(_TEXT_LENGTH))
    received: Mapped[str] = mapped_column(String(_TEXT_LENGTH))
    expected: Mapped[str] = mapped_column(String(_TEXT_LENGTH))
    address: Mapped[str] = mapped_column(String(64))
    count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class ErrorDetails:
    """The reason why a request was rejected. Clients receive only the error code and the description.

    ``received`` and ``expected`` are shown side by side and contain no secret. Errors without a cause are not recorded.
    """

    error: str
    cause: Cause | None
    description: str
    received: str = ""
    expected: str = ""
    client_id: int | None = None


class ErrorLog:
    """Records errors, each in its own short transaction, up to a limit per second."""

    def __init__(self, database: Database, ticks: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._ticks = ticks
        self._lock = Lock()
        self._second = 0
        self._count = 0

    def record(
        self, details: ErrorDetails, endpoint: str, address: str = "", within: Session | None = None
    ) -> str:
        """Record an error and return its reference, or an empty string if it was not recorded.

        An error is not recorded if it has no cause, if the limit is reached, or if the database is unavailable. Pass an
        open writing transaction as ``within``: on SQLite, a second transaction would wait for it until the busy
        timeout. Raises DBAPIError if the connection of the transaction ``within`` breaks.
        """
        if details.cause is None or not self._is_below_limit():
            return ""
        try:
            if within is not None:
                with within.begin_nested():
                    return _upsert(within, details, details.cause, endpoint, address)
            with self._database.transaction() as db:
                return _upsert(db, details, details.cause, endpoint, address)
        except (DBAPIError, PoolTimeout) as error:
            if within is not None and getattr(error, "connection_invalidated", False):
                raise
            log.warning("error not recorded", cause=details.cause, error=type(error).__name__)
            return ""

    def _is_below_limit(self) -> bool:
        with self._lock:
            second = int(self._ticks())
            if second != self._second:
                self._second, self._count = second, 0
            self._count += 1
            return self._count <= _MAX_RECORDS_PER_SECOND


def find(db: Session, reference: str) -> RecordedError | None:
    """Return the error with that reference, or None."""
    code = typed_codes.normalize_code(reference, REFERENCE_LENGTH)
    return db.scalars(select(RecordedError).where(RecordedError.reference == code)).one_or_none()


def errors_of_client(db: Session, client_id: int, limit: int = 50) -> list[RecordedError]:
    """Return the latest errors of a client, newest first."""
    rows = (
        select(RecordedError)
        .where(RecordedError.client_id == client_id)
        .order_by(RecordedError.last_at.desc())
        .limit(limit)
    )
    return list(db.scalars(rows))


def clients_with_recent_errors() -> Select[Any]:
    """Return the statement that selects the clients with errors in the last seven days."""
    return select(RecordedError.client_id).where(RecordedError.last_at >= clock.now() - RECENT)


def clients_over_limit(db: Session) -> list[int]:
    """Return the ids of the clients with more than ``MAX_PER_CLIENT`` recorded errors."""
    counted = (
        select(RecordedError.client_id)
        .where(RecordedError.client_id.is_not(None))
        .group_by(RecordedError.client_id)
    )
    return [one for one in db.scalars(counted.having(func.count() > MAX_PER_CLIENT)) if one is not None]


def trim(db: Session, client_id: int) -> int:
    """Delete the oldest errors of a client beyond the limit and return their number."""
    latest_first = (
        select(RecordedError.id)
        .where(RecordedError.client_id == client_id)
        .order_by(RecordedError.last_at.desc(), RecordedError.id.desc())
    )
    surplus = delete(RecordedError).where(RecordedError.id.in_(latest_first.offset(MAX_PER_CLIENT)))
    return len(db.scalars(surplus.returning(RecordedError.id), execution_options=_NO_SYNC).all())


def remove_errors(db: Session, client_id: int) -> None:
    """Delete the errors of a client that is being removed."""
    db.execute(delete(RecordedError).where(RecordedError.client_id == client_id), execution_options=_NO_SYNC)


_NO_SYNC = {"synchronize_session": False}


def _upsert(db: Session, details: ErrorDetails, cause: Cause, endpoint: str, address: str) -> str:
    details = _storable(details)
    endpoint = endpoint[:_SHORT_LENGTH]
    now = clock.now()
    values = {
        "fingerprint": _fingerprint(details, cause, endpoint),
        "reference": typed_codes.generate_code(REFERENCE_LENGTH),
        "client_id": details.client_id,
        "endpoint": endpoint,
        "error": details.error,
        "cause": cause,
        "detail": details.description,
        "received": details.received,
        "expected": details.expected,
        "address": address,
        "count": 1,
        "first_at": now,
        "last_at": now,
    }
    statement = insert(db, RecordedError).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=[RecordedError.fingerprint],
        set_={
            "count": RecordedError.count + 1,
            "last_at": now,
            "address": statement.excluded.address,
            "detail": statement.excluded.detail,
            "received": statement.excluded.received,
            "expected": statement.excluded.expected,
        },
    )
    reference, count = db.execute(statement.returning(RecordedError.reference, RecordedError.count)).one()
    if count == 1 and details.client_id is not None:
        trim(db, details.client_id)
    return str(reference)


def _storable(details: ErrorDetails) -> ErrorDetails:
    """Return the details in printable characters, without secrets, and no longer than their columns."""
    return replace(
        details,
        description=redaction.without_secrets(_printable(details.description))[:_TEXT_LENGTH],
        received=redaction.without_secrets(_printable(details.received))[:_TEXT_LENGTH],
        expected=redaction.without_tokens(_printable(details.expected))[:_TEXT_LENGTH],
    )


def _fingerprint(details: ErrorDetails, cause: Cause, endpoint: str) -> bytes:
    parts = [endpoint, details.error, cause, str(details.client_id)]
    # The fingerprint omits the values that an unknown client sent; otherwise an attacker could fill the table.
    if details.client_id is not None:
        # Errors whose descriptions differ only in numbers, such as the seconds of a wrong clock, count as one.
        parts += [details.received, _NUMBER.sub("", details.description)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).digest()


def _printable(text: str) -> str:
    text = redaction.shortened(text, _TEXT_LENGTH)
    return "".join(
        character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
