"""The audit trail: an append-only log of changes with the values before and after.

Events are written in the transaction of the change. ``audit_chain`` seals them afterwards.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ColumnElement, LargeBinary, String, false, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import text_rules
from authserver.domain.orm import Base, Id
from authserver.messages import message


class Event(StrEnum):
    """The kinds of audit events, named ``subject:verb``. The value is stored and must not change."""

    SETUP_COMPLETE = "setup:complete"
    USER_CREATE = "user:create"
    USER_EDIT = "user:edit"
    USER_RENAME = "user:rename"
    USER_GRANT = "user:grant"
    USER_DISABLE = "user:disable"
    USER_ENABLE = "user:enable"
    USER_ERASE = "user:erase"
    USER_EXPORT = "user:export"
    USER_SET_PASSWORD = "user:set-password"
    USER_ADD_SECOND_FACTOR = "user:add-second-factor"
    USER_REMOVE_SECOND_FACTOR = "user:remove-second-factor"
    USER_RENEW_RECOVERY_CODES = "user:renew-recovery-codes"
    USER_LIFT_LIMIT = "user:lift-limit"
    SESSION_START = "session:start"
    SESSION_REFUSE = "session:refuse"
    SESSION_END = "session:end"
    CLIENT_CREATE = "client:create"
    CLIENT_EDIT = "client:edit"
    CLIENT_APPROVE = "client:approve"
    CLIENT_DISAPPROVE = "client:disapprove"
    CLIENT_REMOVE = "client:remove"
    CLIENT_ASK_CHANGE = "client:ask-change"
    CLIENT_APPROVE_CHANGE = "client:approve-change"
    CLIENT_DISCARD_CHANGE = "client:discard-change"
    CLIENT_ADD_SECRET = "client:add-secret"
    CLIENT_REMOVE_SECRET = "client:remove-secret"
    AUTHORIZATION_GRANT = "authorization:grant"
    AUTHORIZATION_REVOKE = "authorization:revoke"
    CONSENT_WITHDRAW = "consent:withdraw"
    GROUP_ADD = "group:add"
    GROUP_EDIT = "group:edit"
    GROUP_REMOVE = "group:remove"
    GROUP_ADD_MEMBER = "group:add-member"
    GROUP_REMOVE_MEMBER = "group:remove-member"
    SCOPE_ADD = "scope:add"
    SCOPE_EDIT = "scope:edit"
    SCOPE_REMOVE = "scope:remove"
    RESOURCE_ADD = "resource:add"
    RESOURCE_EDIT = "resource:edit"
    RESOURCE_REMOVE = "resource:remove"
    KEY_CREATE = "key:create"
    KEY_ROTATE = "key:rotate"
    KEY_REMOVE = "key:remove"
    KEY_RETIRE = "key:retire"


EVENTS: dict[str, str] = {
    Event.SETUP_COMPLETE: message("The first administrator was created."),
    Event.USER_CREATE: message("An account was created."),
    Event.USER_EDIT: message("An account was edited."),
    Event.USER_RENAME: message("An account was renamed."),
    Event.USER_GRANT: message("A permission was granted or withdrawn."),
    Event.USER_DISABLE: message("An account was disabled."),
    Event.USER_ENABLE: message("An account was enabled again."),
    Event.USER_ERASE: message("An account was erased."),
    Event.USER_EXPORT: message("The data of an account was exported."),
    Event.USER_SET_PASSWORD: message("A password was changed."),
    Event.USER_ADD_SECOND_FACTOR: message("An authenticator app was set up."),
    Event.USER_REMOVE_SECOND_FACTOR: message("An authenticator app and its recovery codes were removed."),
    Event.USER_RENEW_RECOVERY_CODES: message("Recovery codes were replaced."),
    Event.USER_LIFT_LIMIT: message("The sign-in limit of an account was lifted."),
    Event.SESSION_START: message("Someone signed in."),
    Event.SESSION_REFUSE: message("A sign-in was rejected."),
    Event.SESSION_END: message("Someone signed out, or a session was ended."),
    Event.CLIENT_CREATE: message("A client was created."),
    Event.CLIENT_EDIT: message("A client was edited."),
    Event.CLIENT_APPROVE: message("A client was approved."),
    Event.CLIENT_DISAPPROVE: message("A client was disapproved."),
    Event.CLIENT_REMOVE: message("A client was permanently removed."),
    Event.CLIENT_ASK_CHANGE: message("A client requested a change to its registration."),
    Event.CLIENT_APPROVE_CHANGE: message("A change that a client requested was approved."),
    Event.CLIENT_DISCARD_CHANGE: message("A change that a client requested was discarded."),
    Event.CLIENT_ADD_SECRET: message("A client secret was added."),
    Event.CLIENT_REMOVE_SECRET: message("A client secret was removed, or its expiration was set."),
    Event.AUTHORIZATION_GRANT: message(
        "A user allowed a client to access their account, or a client was authorized to act on its own behalf."
    ),
    Event.AUTHORIZATION_REVOKE: message("An authorization and its tokens were revoked."),
    Event.CONSENT_WITHDRAW: message("A user removed an application's access."),
    Event.GROUP_ADD: message("A group was created."),
    Event.GROUP_EDIT: message("A group was changed."),
    Event.GROUP_REMOVE: message("A group was removed."),
    Event.GROUP_ADD_MEMBER: message("A user was added to a group."),
    Event.GROUP_REMOVE_MEMBER: message("A user was removed from a group."),
    Event.SCOPE_ADD: message("A scope was defined."),
    Event.SCOPE_EDIT: message("A scope was changed."),
    Event.SCOPE_REMOVE: message("A scope was removed."),
    Event.RESOURCE_ADD: message("A resource was defined."),
    Event.RESOURCE_EDIT: message("A resource was changed."),
    Event.RESOURCE_REMOVE: message("A resource was removed."),
    Event.KEY_CREATE: message("A signing key was created."),
    Event.KEY_ROTATE: message("The signing keys were rotated."),
    Event.KEY_REMOVE: message("A signing key was removed."),
    Event.KEY_RETIRE: message("A signing key was retired, because its algorithm is no longer used."),
}
"""The sentence that describes each event, on the activity pages and in the reference."""


class Subject(Protocol):
    """A record that an event can be about."""

    @property
    def id(self) -> Any: ...

    @property
    def __tablename__(self) -> str: ...


class AuditEvent(Base):
    """One recorded event, which is never changed.

    Once the event is sealed, ``position`` is its position in the chain, and ``seal`` is a hash of the event and of the
    previous seal. Before that, ``position`` is None and ``seal`` is empty.
    """

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
    position: Mapped[int | None] = mapped_column(Id, index=True, unique=True)


def record(
    db: Session,
    actor: Actor,
    event: Event,
    *,
    subject: Subject | None = None,
    subject_name: str = "",
    client_id: int | None = None,
    user_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Append an event in the caller's transaction. It takes no lock, so that transactions never wait for each other here."""
    kind = "" if subject is None else subject.__tablename__
    db.add(
        AuditEvent(
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
            seal=b"",
        )
    )
    db.flush()


@dataclass(frozen=True)
class EventFilter:
    """Selects events; ``search`` matches names and network addresses."""

    client_id: int | None = None
    user_id: int | None = None
    event: str = ""
    search: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions that the rows must meet."""
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
    """Return one page of events, newest first, and the number of all matching events."""
    conditions = wanted.conditions()
    count = db.scalar(select(func.count()).select_from(AuditEvent).where(*conditions)) or 0
    rows = select(AuditEvent).where(*conditions).order_by(AuditEvent.id.desc()).offset(offset).limit(limit)
    return list(db.scalars(rows)), count


def events_before(db: Session, wanted: EventFilter, event_id: int | None, *, limit: int) -> list[AuditEvent]:
    """Return at most ``limit`` events older than ``event_id``, newest first, for reading in batches.

    If ``event_id`` is None, start with the newest event.
    """
    conditions = wanted.conditions()
    if event_id is not None:
        conditions.append(AuditEvent.id < event_id)
    return list(db.scalars(select(AuditEvent).where(*conditions).order_by(AuditEvent.id.desc()).limit(limit)))


def last_id(db: Session) -> int:
    """Return the id of the newest event, or 0. Pass it to ``events_since`` to get the events that follow."""
    return db.scalar(select(func.max(AuditEvent.id))) or 0


def events_since(db: Session, subject: Subject, event_id: int) -> list[AuditEvent]:
    """Return up to 20 events of a record that are newer than ``event_id``, oldest first.

    For a client, they include the events of its secrets and tokens. For a user, they include changes of the user's groups.
    """
    about = (AuditEvent.subject_kind == subject.__tablename__) & (AuditEvent.subject_id == subject.id)
    if subject.__tablename__ == "clients":
        about = AuditEvent.client_id == subject.id
    elif subject.__tablename__ == "users":
        about |= (AuditEvent.subject_kind == "groups") & (AuditEvent.user_id == subject.id)
    newer = select(AuditEvent).where(about, AuditEvent.id > event_id)
    return list(db.scalars(newer.order_by(AuditEvent.id).limit(20)))


def _mentions(search: str) -> ColumnElement[bool]:
    needle = search.strip().lower()
    searched = (AuditEvent.subject_name, AuditEvent.actor_name, AuditEvent.address)
    return or_(*(func.lower(text).contains(needle, autoescape=True) for text in searched))


def _name(subject: Subject | None) -> str:
    for attribute in ("username", "name", "kid"):
        if value := getattr(subject, attribute, ""):
            return str(value)
    return ""
