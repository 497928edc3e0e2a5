"""The hash chain of the audit trail, which shows whether somebody has changed or deleted events.

A transaction records its events without a seal. A background worker seals them within seconds, one after the other.
If each transaction sealed its own events, all transactions would have to wait for each other.
"""

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from authserver.domain.audit import AuditEvent
from authserver.domain.background import Worker
from authserver.domain.orm import Database, try_lock

_BATCH = 500
_INTERVAL_SECONDS = 1.0
_START = bytes(32)


@dataclass(frozen=True, slots=True)
class UnsealedEvents:
    """The number of events that are not sealed yet, and the time of the oldest one."""

    count: int
    oldest_at: datetime | None


def sealer(database: Database) -> Worker:
    """Return the background worker that seals new events."""
    return Worker("audit-sealer", partial(seal, database), _INTERVAL_SECONDS)


def unsealed(db: Session) -> UnsealedEvents:
    """Return the events that are not sealed yet."""
    found = select(func.count(), func.min(AuditEvent.at)).where(AuditEvent.position.is_(None))
    return UnsealedEvents(*db.execute(found).one())


def seal(database: Database) -> int:
    """Seal all recorded events and return their number. Other processes may call this at the same time."""
    sealed = 0
    while _has_unsealed(database):
        with database.transaction() as db:
            count = _seal_batch(db)
        if not count:
            break  # Another process is sealing.
        sealed += count
    return sealed


def first_broken(db: Session) -> int | None:
    """Return the id of the first event whose ``seal`` does not match, or None. Unsealed events are not checked."""
    last = _START
    sealed = select(AuditEvent).where(AuditEvent.position.is_not(None))
    chain = sealed.order_by(AuditEvent.position).execution_options(yield_per=1000)
    # If the loop ends early, the server-side cursor on PostgreSQL must be closed.
    with closing(db.scalars(chain)) as rows:
        for row in rows:
            if bytes(row.seal) != _seal_of(last, row):
                return row.id
            last = bytes(row.seal)
    return None


def _has_unsealed(database: Database) -> bool:
    with database.reading() as connection:
        found = select(AuditEvent.id).where(AuditEvent.position.is_(None)).limit(1)
        return connection.execute(found).first() is not None


def _seal_batch(db: Session) -> int:
    if not try_lock(db, "audit-chain"):
        return 0
    chain = select(AuditEvent.position, AuditEvent.seal).where(AuditEvent.position.is_not(None))
    newest = db.execute(chain.order_by(AuditEvent.position.desc()).limit(1)).one_or_none()
    position, last = (newest.position, bytes(newest.seal)) if newest is not None else (0, _START)
    # A transaction that takes long commits its events after events with higher ids. Positions follow the commits.
    waiting = select(AuditEvent).where(AuditEvent.position.is_(None)).order_by(AuditEvent.id).limit(_BATCH)
    rows = list(db.scalars(waiting))
    for row in rows:
        position += 1
        last = _seal_of(last, row)
        row.position, row.seal = position, last
    return len(rows)


def _seal_of(previous: bytes, row: AuditEvent) -> bytes:
    facts = [
        row.at.isoformat(timespec="microseconds"),
        row.event,
        row.actor_id,
        row.actor_name,
        row.channel,
        row.address,
        row.request_id,
        row.subject_kind,
        row.subject_id,
        row.subject_name,
        row.client_id,
        row.user_id,
        row.before,
        row.after,
    ]
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()
