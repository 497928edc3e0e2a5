"""Authorizations: "this user let this client do this", the umbrella of codes and tokens; revoking it kills them all.

An authorization remembers the epochs of its client and user. When either has risen since, it is dead without having
been touched, so that disapproving a client or disabling a user needs no hunt for what they left behind.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit
from authserver.domain.audit import Event
from authserver.domain.orm import NEVER_REUSE_IDS, Base, Id
from authserver.vocabulary import ScopeName


class Authorization(Base):
    """One decision; ``user_id`` is None where the client acts for itself. ``request`` keeps what the ID token echoes.

    ``own_key`` is set where a client acts for itself: the same client, epoch, scope and audience share one row.
    """

    __tablename__ = "authorizations"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    client_epoch: Mapped[int]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    user_epoch: Mapped[int]
    session_id: Mapped[int | None] = mapped_column(Id, index=True)
    grant_type: Mapped[str] = mapped_column(String(60))
    scope: Mapped[str] = mapped_column(String(4000))
    is_offline: Mapped[bool]
    auth_time: Mapped[datetime | None]
    acr: Mapped[str] = mapped_column(String(100), default="")
    amr: Mapped[list[str]] = mapped_column(default=list)
    sid: Mapped[str] = mapped_column(String(43), default="")
    request: Mapped[dict[str, Any]] = mapped_column(default=dict)
    own_key: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True, index=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


def add(
    db: Session,
    actor: Actor,
    *,
    client_id: int,
    client_epoch: int,
    client_name: str,
    grant_type: str,
    scope: str,
    user_id: int | None = None,
    user_epoch: int = 0,
    session_id: int | None = None,
    auth_time: datetime | None = None,
    acr: str = "",
    amr: list[str] | None = None,
    sid: str = "",
    request: dict[str, Any] | None = None,
    own_key: bytes | None = None,
) -> Authorization:
    """Record a decision, under the epochs that were read when it was taken."""
    row = Authorization(
        client_id=client_id,
        client_epoch=client_epoch,
        user_id=user_id,
        user_epoch=user_epoch,
        session_id=session_id,
        grant_type=grant_type,
        scope=scope,
        is_offline=ScopeName.OFFLINE_ACCESS in scope.split(),
        auth_time=auth_time,
        acr=acr,
        amr=amr or [],
        sid=sid,
        request=request or {},
        own_key=own_key,
        created_at=clock.now(),
    )
    db.add(row)
    db.flush()
    audit.record(
        db,
        actor,
        Event.AUTHORIZATION_GRANT,
        subject=row,
        subject_name=client_name,
        client_id=client_id,
        user_id=user_id,
        after={"grant_type": grant_type, "scope": scope},
    )
    return row


def revoke(db: Session, actor: Actor, authorization_id: int, *, reason: str) -> bool:
    """Kill an authorization with everything under it; True when it was still alive."""
    changed = db.execute(
        update(Authorization)
        .where(Authorization.id == authorization_id, Authorization.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(Authorization.client_id, Authorization.user_id)
    ).one_or_none()
    if changed is None:
        return False
    audit.record(
        db,
        actor,
        Event.AUTHORIZATION_REVOKE,
        subject_name=str(authorization_id),
        client_id=changed.client_id,
        user_id=changed.user_id,
        after={"authorization": authorization_id, "reason": reason},
    )
    return True


def revoke_of_session(db: Session, session_id: int) -> None:
    """Kill what was granted in a session that ends, but for offline access."""
    db.execute(
        update(Authorization)
        .where(
            Authorization.session_id == session_id,
            Authorization.is_offline.is_(False),
            Authorization.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
    )


def revoke_of_user_and_client(db: Session, user_id: int, client_id: int) -> None:
    """Kill everything a client may do for a user."""
    db.execute(
        update(Authorization)
        .where(
            Authorization.user_id == user_id,
            Authorization.client_id == client_id,
            Authorization.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
    )
