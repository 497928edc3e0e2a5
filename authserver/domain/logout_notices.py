"""The outbox of back-channel logout: notices to clients that a session has ended.

A notice is written in the transaction that ends the session, so that none is lost. The worker in
``protocol.oidc.backchannel_logout`` sends it. A node claims a notice by postponing its due time. In this way nodes
share the work, and if a node stops, another node retries the notice. The logout token is signed when it is sent, and
never stored.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    column,
    delete,
    select,
    table,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain import opaque_tokens
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients.clients import Client
from authserver.domain.orm import Base, Id, lock
from authserver.vocabulary import ClientStatus

_BACKOFF = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30))
_LEASE = timedelta(seconds=30)
_ERROR_LENGTH = 200
_MAX_SHOWN = 5
_SESSIONS = table("user_sessions", *map(column, ("id", "user_id", "ended_at")))


class NoticeState(StrEnum):
    """The delivery state of a notice."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class LogoutNotice(Base):
    """A notice to one client about the end of one session; all attempts send the same ``jti``."""

    __tablename__ = "logout_notices"
    __table_args__ = (
        UniqueConstraint("client_id", "session_id"),
        Index("ix_logout_notices_state_due_at", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    session_id: Mapped[int] = mapped_column(Id, index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    sid: Mapped[str] = mapped_column(String(43))
    jti: Mapped[str] = mapped_column(String(43))
    state: Mapped[str] = mapped_column(String(10), default=NoticeState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(_ERROR_LENGTH), default="")
    created_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ClaimedNotice(NamedTuple):
    """A notice that this process has claimed."""

    id: int
    client_id: int
    user_id: int
    sid: str
    jti: str
    attempts: int


def add_for_session(db: Session, session_id: int) -> None:
    """Add notices for the clients that were used in a session."""
    _add(db, _affected_clients().where(Authorization.session_id == session_id))


def add_for_user(db: Session, user_id: int, *, keep: int | None = None) -> None:
    """Add notices for the clients that were used in a user's open sessions, except in the session ``keep``."""
    # This includes expired sessions: their tokens may still be valid, and clients may show the user as signed in.
    open_sessions = select(_SESSIONS.c.id).where(
        _SESSIONS.c.user_id == user_id, _SESSIONS.c.ended_at.is_(None)
    )
    ended = _affected_clients().where(Authorization.session_id.in_(open_sessions))
    _add(db, ended if keep is None else ended.where(Authorization.session_id != keep))


class Participant(NamedTuple):
    """A client that was used in a session. ``is_offline`` is True if it keeps its access after the session ends."""

    client: Client
    is_offline: bool


def participants(db: Session, session_id: int) -> list[Participant]:
    """Return the approved clients that were used in a session, sorted by name."""
    used = select(Authorization.client_id).where(Authorization.session_id == session_id)
    offline = used.where(Authorization.is_offline, Authorization.revoked_at.is_(None))
    rows = db.execute(
        select(Client, Client.id.in_(offline))
        .where(Client.id.in_(used), Client.status == ClientStatus.APPROVED)
        .order_by(Client.name)
    )
    return [Participant(client, bool(is_offline)) for client, is_offline in rows]


def states_of_session(connection: Connection, session_id: int) -> dict[int, str]:
    """Return the state of the notices about one session, by client id."""
    rows = connection.execute(
        select(LogoutNotice.client_id, LogoutNotice.state).where(LogoutNotice.session_id == session_id)
    )
    return {row.client_id: row.state for row in rows}


def failed_notices(db: Session, client_id: int) -> list[LogoutNotice]:
    """Return a client's latest notices that failed at the last delivery attempt, newest first."""
    rows = db.scalars(
        select(LogoutNotice)
        .where(LogoutNotice.client_id == client_id, LogoutNotice.error != "")
        .order_by(LogoutNotice.id.desc())
        .limit(_MAX_SHOWN)
    )
    return list(rows)


class DueNotice(NamedTuple):
    """A notice that is due."""

    id: int
    due_at: datetime


def due_notices(connection: Connection, limit: int) -> list[DueNotice]:
    """Return due notices; those that have waited longest come first."""
    rows = connection.execute(
        select(LogoutNotice.id, LogoutNotice.due_at)
        .where(LogoutNotice.state == NoticeState.WAITING, LogoutNotice.due_at <= clock.now())
        .order_by(LogoutNotice.due_at)
        .limit(limit)
    )
    return [DueNotice(*row) for row in rows]


def claim(connection: Connection, notices: list[DueNotice]) -> list[ClaimedNotice]:
    """Claim due notices; skip those that another process has already claimed."""
    now = clock.now()
    claimed = (connection.execute(_claim_one(*notice, now)).one_or_none() for notice in notices)
    return [ClaimedNotice(*row) for row in claimed if row is not None]


def mark_delivered(connection: Connection, notice: ClaimedNotice) -> None:
    """Record that a notice was delivered."""
    _set(connection, notice, state=NoticeState.DELIVERED, error="", finished_at=clock.now())


def mark_failed(connection: Connection, notice: ClaimedNotice, error: str, *, is_final: bool = False) -> None:
    """Record a failed attempt. The notice is retried later, unless ``is_final`` is set or this was the last attempt."""
    changes: dict[str, Any]
    if is_final or notice.attempts > len(_BACKOFF):
        changes = {"state": NoticeState.FAILED, "finished_at": clock.now()}
    else:
        changes = {"due_at": clock.now() + _BACKOFF[notice.attempts - 1]}
    _set(connection, notice, error=error[:_ERROR_LENGTH], **changes)


def purge(db: Session, *, older_than: timedelta) -> int:
    """Delete notices older than ``older_than``; return their number."""
    gone = db.execute(
        delete(LogoutNotice)
        .where(LogoutNotice.created_at < clock.now() - older_than)
        .returning(LogoutNotice.id)
    )
    return len(gone.all())


def _affected_clients() -> Select[Any]:
    return (
        select(
            Authorization.client_id,
            Authorization.session_id,
            Authorization.user_id,
            Authorization.sid,
            Client.details,
        )
        .join(Client, Client.id == Authorization.client_id)
        .where(Client.status == ClientStatus.APPROVED)
    )


def _add(db: Session, affected: Select[Any]) -> None:
    rows = {
        (row.client_id, row.session_id): row
        for row in db.execute(affected)
        if row.details.get("backchannel_logout_uri")
    }
    if not rows:
        return
    # Without the lock, two transactions that end the same session could violate the unique constraint.
    lock(db, "logout-notices")
    known = db.execute(
        select(LogoutNotice.client_id, LogoutNotice.session_id).where(
            LogoutNotice.session_id.in_({session_id for _, session_id in rows})
        )
    )
    for key in rows.keys() - {tuple(row) for row in known}:
        db.add(_notice(rows[key]))
    db.flush()


def _notice(row: Any) -> LogoutNotice:
    now = clock.now()
    return LogoutNotice(
        client_id=row.client_id,
        session_id=row.session_id,
        user_id=row.user_id,
        sid=row.sid,
        jti=opaque_tokens.new_secret(),
        created_at=now,
        due_at=now,
    )


def _claim_one(notice_id: int, due_at: datetime, now: datetime) -> Any:
    return (
        update(LogoutNotice)
        .where(
            LogoutNotice.id == notice_id,
            LogoutNotice.due_at == due_at,
            LogoutNotice.state == NoticeState.WAITING,
        )
        .values(due_at=now + _LEASE, attempts=LogoutNotice.attempts + 1)
        .returning(
            LogoutNotice.id,
            LogoutNotice.client_id,
            LogoutNotice.user_id,
            LogoutNotice.sid,
            LogoutNotice.jti,
            LogoutNotice.attempts,
        )
    )


def _set(connection: Connection, notice: ClaimedNotice, **values: Any) -> None:
    # The number of attempts identifies the claim: after the lease another node may have claimed the notice.
    mine = (LogoutNotice.id == notice.id, LogoutNotice.attempts == notice.attempts)
    connection.execute(update(LogoutNotice).where(*mine).values(**values))
