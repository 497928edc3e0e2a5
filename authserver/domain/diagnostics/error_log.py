"""The diagnostics ledger: what was refused, what was received and what was expected, under a short reference.

Equal refusals share a row and are counted; of one client the latest ``PER_CLIENT`` are kept, each for ``KEPT`` after it
was last seen. Nothing secret is ever given to it, and ``redaction`` takes out what a client has put in the wrong place. The
person sees the reference, the client gets it in ``error_description``, the administrator finds it in the console, which
reads through ``failures``.
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
from authserver.domain.orm import Base, Database, Id, insert

REFERENCE_LENGTH = 8
KEPT = timedelta(days=30)
LATELY = timedelta(days=7)
PER_CLIENT = 1000
_TEXT_LENGTH = 2000
_WORD_LENGTH = 60
_RECORDS_PER_SECOND = 50
_NUMBER = re.compile(r"\d+")

log = logs.get("diagnostics")


class RecordedError(Base):
    """One kind of refusal of one client."""

    __tablename__ = "failures"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    reference: Mapped[str] = mapped_column(String(REFERENCE_LENGTH), unique=True)
    client_id: Mapped[int | None] = mapped_column(Id, index=True)
    endpoint: Mapped[str] = mapped_column(String(_WORD_LENGTH))
    error: Mapped[str] = mapped_column(String(_WORD_LENGTH))
    cause: Mapped[str] = mapped_column(String(_WORD_LENGTH))
    detail: Mapped[str] = mapped_column(String(_TEXT_LENGTH))
    received: Mapped[str] = mapped_column(String(_TEXT_LENGTH))
    expected: Mapped[str] = mapped_column(String(_TEXT_LENGTH))
    address: Mapped[str] = mapped_column(String(64))
    count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class ErrorReport:
    """What an endpoint refused; ``received`` and ``expected`` are shown side by side and hold no secret."""

    endpoint: str
    error: str
    cause: str
    detail: str
    client_id: int | None = None
    received: str = ""
    expected: str = ""
    address: str = ""


class ErrorLog:
    """Records refusals, each in a short transaction of its own, no faster than the ledger can bear."""

    def __init__(self, database: Database, ticks: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._ticks = ticks
        self._guard = Lock()
        self._second = 0
        self._count = 0

    def record(self, refusal: ErrorReport, within: Session | None = None) -> str:
        """Return the reference of a refusal; empty when there are too many of them or the database is away.

        ``within`` is a writing transaction that is open already: on SQLite a second one would wait for it in vain.
        Raises what broke the connection of that transaction, with which nothing else can be done either.
        """
        if not self._has_room():
            return ""
        try:
            if within is not None:
                with within.begin_nested():
                    return _upsert(within, refusal)
            with self._database.transaction() as db:
                return _upsert(db, refusal)
        except (DBAPIError, PoolTimeout) as error:
            if within is not None and getattr(error, "connection_invalidated", False):
                raise
            log.warning("refusal not recorded", cause=refusal.cause, error=type(error).__name__)
            return ""

    def _has_room(self) -> bool:
        with self._guard:
            second = int(self._ticks())
            if second != self._second:
                self._second, self._count = second, 0
            self._count += 1
            return self._count <= _RECORDS_PER_SECOND


def find(db: Session, reference: str) -> RecordedError | None:
    """Return the refusal with that reference."""
    return db.scalars(
        select(RecordedError).where(
            RecordedError.reference == typed_codes.normalize_code(reference, REFERENCE_LENGTH)
        )
    ).one_or_none()


def errors_of_client(db: Session, client_id: int, limit: int = 50) -> list[RecordedError]:
    """Return the latest refusals of one client."""
    rows = (
        select(RecordedError)
        .where(RecordedError.client_id == client_id)
        .order_by(RecordedError.last_at.desc())
        .limit(limit)
    )
    return list(db.scalars(rows))


def failing_lately() -> Select[Any]:
    """Return the statement for the clients to which something was refused in the last seven days."""
    return select(RecordedError.client_id).where(RecordedError.last_at >= clock.now() - LATELY)


def clients_over_limit(db: Session) -> list[int]:
    """Return the clients that have more refusals than are kept."""
    counted = (
        select(RecordedError.client_id)
        .where(RecordedError.client_id.is_not(None))
        .group_by(RecordedError.client_id)
    )
    return [one for one in db.scalars(counted.having(func.count() > PER_CLIENT)) if one is not None]


def trim(db: Session, client_id: int) -> int:
    """Forget the refusals of a client that are more than are kept, the oldest first, and return how many."""
    latest_first = (
        select(RecordedError.id)
        .where(RecordedError.client_id == client_id)
        .order_by(RecordedError.last_at.desc(), RecordedError.id.desc())
    )
    surplus = delete(RecordedError).where(RecordedError.id.in_(latest_first.offset(PER_CLIENT)))
    return len(db.scalars(surplus.returning(RecordedError.id), execution_options=_AS_IT_IS).all())


def forget(db: Session, client_id: int) -> None:
    """Forget what was refused to a client that is removed; its number may be another client's one day."""
    db.execute(delete(RecordedError).where(RecordedError.client_id == client_id), execution_options=_AS_IT_IS)


_AS_IT_IS = {"synchronize_session": False}


def _upsert(db: Session, refusal: ErrorReport) -> str:
    refusal = _fit(refusal)
    now = clock.now()
    values = {
        "fingerprint": _fingerprint(refusal),
        "reference": typed_codes.generate_code(REFERENCE_LENGTH),
        "client_id": refusal.client_id,
        "endpoint": refusal.endpoint,
        "error": refusal.error,
        "cause": refusal.cause,
        "detail": refusal.detail,
        "received": refusal.received,
        "expected": refusal.expected,
        "address": refusal.address,
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
    if count == 1 and refusal.client_id is not None:
        trim(db, refusal.client_id)
    return str(reference)


def _fit(refusal: ErrorReport) -> ErrorReport:
    """Return the refusal as it may be stored: readable, without secrets, and no longer than its columns."""
    return replace(
        refusal,
        endpoint=refusal.endpoint[:_WORD_LENGTH],
        detail=redaction.without_secrets(_readable(refusal.detail))[:_TEXT_LENGTH],
        received=redaction.without_secrets(_readable(refusal.received))[:_TEXT_LENGTH],
        expected=redaction.without_tokens(_readable(refusal.expected))[:_TEXT_LENGTH],
    )


def _fingerprint(refusal: ErrorReport) -> bytes:
    parts = [refusal.endpoint, refusal.error, refusal.cause, str(refusal.client_id)]
    # What an unknown client sends is not part of it: an attacker could fill the ledger otherwise.
    if refusal.client_id is not None:
        # By how many seconds a clock is wrong makes no other fault of it.
        parts += [refusal.received, _NUMBER.sub("", refusal.detail)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).digest()


def _readable(text: str) -> str:
    text = redaction.shortened(text, _TEXT_LENGTH)
    return "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
