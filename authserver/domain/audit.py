"""The audit trail: append-only, with what was before and after, each row sealed with the hash of the one before it."""

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, LargeBinary, String, false, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import text_rules
from authserver.domain.orm import Base, Id, lock
from authserver.messages import message

EVENTS = {
    "setup:complete": message("The first administrator was created."),
    "user:create": message("An account was created."),
    "user:edit": message("An account was edited."),
    "user:grant": message("A permission was given or taken."),
    "user:disable": message("An account was disabled."),
    "user:enable": message("An account was enabled again."),
    "user:set-password": message("A password was changed."),
    "user:add-second-factor": message("An authenticator app was set up."),
    "user:remove-second-factor": message("An authenticator app and its recovery codes were removed."),
    "user:renew-recovery-codes": message("Recovery codes were replaced."),
    "session:start": message("Someone signed in."),
    "session:refuse": message("A sign-in was refused."),
    "session:end": message("Someone signed out, or a session was ended."),
    "client:create": message("A client was created."),
    "client:edit": message("A client was edited."),
    "client:approve": message("A client was approved."),
    "client:disapprove": message("A client was disapproved."),
    "client:remove": message("A client was removed for good."),
    "client:ask-change": message("A client asked for a change of its registration."),
    "client:approve-change": message("A change that a client asked for was approved."),
    "client:discard-change": message("A change that a client asked for was discarded."),
    "client:add-secret": message("A client got a new secret."),
    "client:remove-secret": message("A secret of a client was removed."),
    "authorization:grant": message("A user let a client use their account, or a client acted for itself."),
    "authorization:revoke": message("An authorization and its tokens were revoked."),
    "consent:withdraw": message("A user removed an application's access."),
    "scope:add": message("A scope was defined."),
    "scope:edit": message("A scope was changed."),
    "scope:remove": message("A scope was removed."),
    "key:create": message("A signing key was created."),
    "key:rotate": message("The signing keys were rotated."),
    "key:remove": message("A signing key was removed."),
}
"""Every event that can be recorded, in the grammar subject:verb, and what it says to a reader."""


class Subject(Protocol):
    """A record that an event can be about."""

    @property
    def id(self) -> Any: ...

    @property
    def __tablename__(self) -> str: ...


class AuditEvent(Base):
    """One thing that happened; rows are never changed."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    event: Mapped[str] = mapped_column(String(40), index=True)
    actor_id: Mapped[int | None] = mapped_column(Id, index=True)
    actor_name: Mapped[str] = mapped_column(String(200))
    channel: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(40))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None] = mapped_column(Id)
    subject_name: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[int | None] = mapped_column(Id, index=True)
    user_id: Mapped[int | None] = mapped_column(Id, index=True)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    seal: Mapped[bytes] = mapped_column(LargeBinary(32))


def record(
    db: Session,
    actor: Actor,
    event: str,
    *,
    subject: Subject | None = None,
    subject_name: str = "",
    client_id: int | None = None,
    user_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append an event in the caller's transaction; KeyError for an event that ``EVENTS`` does not name."""
    EVENTS[event]
    kind = "" if subject is None else subject.__tablename__
    row = AuditEvent(
        at=clock.now(),
        event=event,
        actor_id=actor.user_id,
        actor_name=actor.name[:200],
        channel=actor.channel,
        address=actor.address[:64],
        request_id=actor.request_id[:40],
        subject_kind=kind,
        subject_id=None if subject is None else subject.id,
        subject_name=(subject_name or _name(subject))[:300],
        client_id=subject.id if kind == "clients" and subject is not None else client_id,
        user_id=subject.id if kind == "users" and subject is not None else user_id,
        before=before,
        after=after,
    )
    lock(db, "audit")
    last = db.scalar(select(AuditEvent.seal).order_by(AuditEvent.id.desc()).limit(1))
    row.seal = _seal(last or bytes(32), row)
    db.add(row)
    db.flush()
    return row


@dataclass(frozen=True)
class EventFilter:
    """Which events a reader wants to see; ``search`` looks into names and addresses."""

    client_id: int | None = None
    user_id: int | None = None
    event: str = ""
    search: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what the rows must meet."""
        found: list[ColumnElement[bool]] = []
        if self.client_id is not None:
            found.append(AuditEvent.client_id == self.client_id)
        if self.user_id is not None:
            found.append((AuditEvent.user_id == self.user_id) | (AuditEvent.actor_id == self.user_id))
        if self.event:
            found.append(AuditEvent.event == self.event)
        if self.search:
            found.append(_mentions(self.search) if text_rules.is_storable(self.search) else false())
        return found


def page_of_events(
    db: Session, wanted: EventFilter, *, offset: int = 0, limit: int = 50
) -> tuple[list[AuditEvent], int]:
    """Return one page of events, the latest first, and how many match in all."""
    conditions = wanted.conditions()
    count = db.scalar(select(func.count()).select_from(AuditEvent).where(*conditions)) or 0
    rows = select(AuditEvent).where(*conditions).order_by(AuditEvent.id.desc()).offset(offset).limit(limit)
    return list(db.scalars(rows)), count


def events_before(db: Session, wanted: EventFilter, event_id: int | None, *, limit: int) -> list[AuditEvent]:
    """Return the events older than one, the latest first; None begins with the newest. For reading a long trail."""
    conditions = wanted.conditions()
    if event_id is not None:
        conditions.append(AuditEvent.id < event_id)
    return list(db.scalars(select(AuditEvent).where(*conditions).order_by(AuditEvent.id.desc()).limit(limit)))


def last_id(db: Session) -> int:
    """Return the id of the latest event, or 0: a mark from which ``since`` goes on."""
    return db.scalar(select(func.max(AuditEvent.id))) or 0


def events_since(db: Session, subject: Subject, event_id: int) -> list[AuditEvent]:
    """Return what happened to a record after an event, the earliest first; to a client also by way of what it has."""
    about = (AuditEvent.subject_kind == subject.__tablename__) & (AuditEvent.subject_id == subject.id)
    if subject.__tablename__ == "clients":
        about = AuditEvent.client_id == subject.id
    newer = select(AuditEvent).where(about, AuditEvent.id > event_id)
    return list(db.scalars(newer.order_by(AuditEvent.id).limit(20)))


def first_broken(db: Session) -> int | None:
    """Return the id of the first row that does not fit the chain, or None when the trail is whole."""
    last = bytes(32)
    chain = select(AuditEvent).order_by(AuditEvent.id).execution_options(yield_per=1000)
    # PostgreSQL reads through a cursor, which is to be closed where the chain breaks off early.
    with closing(db.scalars(chain)) as rows:
        for row in rows:
            if bytes(row.seal) != _seal(last, row):
                return row.id
            last = bytes(row.seal)
    return None


def _mentions(search: str) -> ColumnElement[bool]:
    needle = search.strip().lower()
    searched = (AuditEvent.subject_name, AuditEvent.actor_name, AuditEvent.address)
    return or_(*(func.lower(text).contains(needle, autoescape=True) for text in searched))


def _name(subject: Subject | None) -> str:
    for attribute in ("username", "name", "kid"):
        if value := getattr(subject, attribute, ""):
            return str(value)
    return ""


def _seal(previous: bytes, row: AuditEvent) -> bytes:
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
