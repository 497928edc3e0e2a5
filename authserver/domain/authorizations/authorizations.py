"""Authorizations: records of the access that users grant to clients. Revoking one revokes all its codes and tokens.

An authorization stores the epochs of its client and user at the time of the grant. Disapproving a client or disabling a
user increments the epoch, which invalidates all earlier authorizations without an update of their rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit
from authserver.domain.audit import Event
from authserver.domain.orm import NEVER_REUSE_IDS, ROW_LOCK, Base, Id
from authserver.vocabulary import ScopeName


class Authorization(Base):
    """One authorization.

    ``user_id`` is None if the client acts on its own behalf. ``own_key`` is then a digest of the client key, scope and
    audience, so that equal requests share one row. ``request`` contains the parameters of the authorization request
    that are needed later: ``nonce``, ``claims``, ``resource``, and the default ``redirect_uri`` if the request omitted
    this parameter.
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


@dataclass(frozen=True, slots=True)
class UserAuthentication:
    """The user of a new authorization, when and how they authenticated, and in which user session."""

    user_id: int
    user_epoch: int = 0
    auth_time: datetime | None = None
    acr: str = ""
    amr: Sequence[str] = ()
    session_id: int | None = None
    sid: str = ""


@dataclass(frozen=True, slots=True)
class NewAuthorization:
    """An authorization to record; ``client_epoch`` is the epoch at which the client passed the access check.

    ``user`` is None if the client acts on its own behalf.
    """

    client_id: int
    client_epoch: int
    client_name: str
    grant_type: str
    scope: str
    user: UserAuthentication | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    own_key: bytes | None = None


def add(db: Session, actor: Actor, new: NewAuthorization) -> Authorization:
    """Record an authorization."""
    row = Authorization(
        client_id=new.client_id,
        client_epoch=new.client_epoch,
        grant_type=new.grant_type,
        scope=new.scope,
        is_offline=ScopeName.OFFLINE_ACCESS in new.scope.split(),
        request=dict(new.request),
        own_key=new.own_key,
        created_at=clock.now(),
        **_user_columns(new.user),
    )
    db.add(row)
    db.flush()
    audit.record(
        db,
        actor,
        Event.AUTHORIZATION_GRANT,
        subject=row,
        subject_name=new.client_name,
        client_id=new.client_id,
        user_id=row.user_id,
        after={"grant_type": new.grant_type, "scope": new.scope},
    )
    return row


def revoke(db: Session, actor: Actor, authorization_id: int, *, reason: str) -> bool:
    """Revoke an authorization and everything issued under it; return False if it was already revoked."""
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
    """Revoke the authorizations of a session that ends, except those with offline access."""
    _revoke_all(db, Authorization.session_id == session_id, Authorization.is_offline.is_(False))


def revoke_of_user_and_client(db: Session, user_id: int, client_id: int) -> None:
    """Revoke all authorizations that a user granted to a client."""
    _revoke_all(db, Authorization.user_id == user_id, Authorization.client_id == client_id)


def _revoke_all(db: Session, *conditions: ColumnElement[bool]) -> None:
    # Another transaction may revoke some of the same rows. Both lock them by ascending id.
    valid = select(Authorization.id).where(*conditions, Authorization.revoked_at.is_(None))
    locked = valid.order_by(Authorization.id).with_for_update(**ROW_LOCK)
    db.execute(
        update(Authorization)
        .where(Authorization.id.in_(locked), Authorization.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def _user_columns(user: UserAuthentication | None) -> dict[str, Any]:
    if user is None:
        return {"user_id": None, "user_epoch": 0, "session_id": None, "auth_time": None}
    return {
        "user_id": user.user_id,
        "user_epoch": user.user_epoch,
        "session_id": user.session_id,
        "auth_time": user.auth_time,
        "acr": user.acr,
        "amr": list(user.amr),
        "sid": user.sid,
    }
