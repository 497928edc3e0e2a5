"""User sessions: records that an opaque cookie refers to, so that the end of a session takes effect on every node."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, logout_notices, opaque_tokens
from authserver.domain.audit import Event
from authserver.domain.authorizations import authorizations
from authserver.domain.orm import NEVER_REUSE_IDS, ROW_LOCK, Base, Id
from authserver.domain.users import second_factors
from authserver.domain.users.authenticator_apps import AuthenticatorApp
from authserver.domain.users.users import User
from authserver.settings import Settings
from authserver.vocabulary import Acr, TokenPrefix

_SEEN_INTERVAL = timedelta(minutes=1)


class UserSession(Base):
    """One sign-in of a user in one browser; ``sid`` is the session id that clients receive."""

    __tablename__ = "user_sessions"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    sid: Mapped[str] = mapped_column(String(43), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    user_epoch: Mapped[int]
    acr: Mapped[str] = mapped_column(String(100))
    amr: Mapped[list[str]]
    is_remembered: Mapped[bool]
    user_agent: Mapped[str] = mapped_column(String(300))
    address: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(lazy="raise")


class AuthenticationMethod(NamedTuple):
    """The authentication of a sign-in: its context class and its methods (RFC 8176)."""

    acr: str
    amr: list[str]


PASSWORD = AuthenticationMethod(Acr.PASSWORD, ["pwd"])
PASSWORD_AND_OTP = AuthenticationMethod(Acr.MULTI_FACTOR, ["pwd", "otp", "mfa"])
# RFC 8176 has no value for a recovery code.
PASSWORD_AND_RECOVERY_CODE = AuthenticationMethod(Acr.MULTI_FACTOR, ["pwd", "mfa"])


class StartedSession(NamedTuple):
    """A session and its new cookie value."""

    session: UserSession
    cookie: str


def start(
    db: Session,
    actor: Actor,
    settings: Settings,
    user: User,
    *,
    is_remembered: bool,
    user_agent: str,
    method: AuthenticationMethod = PASSWORD,
) -> StartedSession:
    """Start a session with a new cookie value."""
    now = clock.now()
    secret = opaque_tokens.new_secret()
    lifetime = settings.remembered_session_lifetime if is_remembered else settings.session_lifetime
    row = UserSession(
        digest=opaque_tokens.digest(secret),
        sid=opaque_tokens.new_secret(),
        user_id=user.id,
        user_epoch=user.epoch,
        acr=method.acr,
        amr=method.amr,
        is_remembered=is_remembered,
        user_agent="".join(character for character in user_agent if character.isprintable())[:300],
        address=actor.address[:64],
        created_at=now,
        signed_in_at=now,
        seen_at=now,
        expires_at=now + lifetime,
        user=user,
    )
    user.last_sign_in_at = now
    db.add(row)
    db.flush()
    audit.record(db, actor, Event.SESSION_START, subject=row, subject_name=user.username, user_id=user.id)
    return StartedSession(row, opaque_tokens.format_token(TokenPrefix.SESSION, row.id, secret))


def renew(
    db: Session,
    actor: Actor,
    settings: Settings,
    row: UserSession,
    user: User,
    *,
    is_remembered: bool,
    method: AuthenticationMethod = PASSWORD,
) -> StartedSession | None:
    """Replace the cookie value of an open session after its user has signed in again.

    For clients it remains the same session. Returns None if another request has ended or renewed the session.
    """
    now = clock.now()
    lifetime = settings.remembered_session_lifetime if is_remembered else settings.session_lifetime
    changes = {
        "user_epoch": user.epoch,
        "is_remembered": is_remembered,
        "signed_in_at": now,
        "expires_at": now + lifetime,
    }
    started = _replace_cookie(db, actor, row, method, changes)
    if started is not None:
        user.last_sign_in_at = now
        _record_renewal(db, actor, started.session, {"again": True})
    return started


def step_up(
    db: Session, actor: Actor, row: UserSession, method: AuthenticationMethod
) -> StartedSession | None:
    """Add a second factor to a valid session. The sign-in time stays the same, because no password was entered.

    Returns None if another request has ended or renewed the session.
    """
    started = _replace_cookie(db, actor, row, method, {})
    if started is not None:
        _record_renewal(db, actor, started.session, {"second_factor": True})
    return started


def _replace_cookie(
    db: Session, actor: Actor, row: UserSession, method: AuthenticationMethod, changes: dict[str, Any]
) -> StartedSession | None:
    secret = opaque_tokens.new_secret()
    changes |= {"acr": method.acr, "amr": method.amr, "seen_at": clock.now(), "address": actor.address[:64]}
    renewed = db.scalar(
        update(UserSession)
        .where(UserSession.id == row.id, UserSession.digest == row.digest, UserSession.ended_at.is_(None))
        .values(digest=opaque_tokens.digest(secret), **changes)
        .returning(UserSession.id)
        .execution_options(synchronize_session=False)
    )
    if renewed is None:
        return None
    fresh = db.get_one(UserSession, row.id, options=[joinedload(UserSession.user)], populate_existing=True)
    return StartedSession(fresh, opaque_tokens.format_token(TokenPrefix.SESSION, fresh.id, secret))


def lacks_second_factor(db: Session, row: UserSession) -> bool:
    """Return whether the user of a session has a second factor that was not used in this session."""
    return row.acr != Acr.MULTI_FACTOR and second_factors.is_enrolled(db, row.user_id)


def has_required_factors() -> ColumnElement[bool]:
    """Return the SQL condition that a session does not lack a second factor; the statement must select from sessions."""
    app = select(AuthenticatorApp.user_id).where(AuthenticatorApp.user_id == UserSession.user_id)
    return or_(UserSession.acr == Acr.MULTI_FACTOR, ~app.exists())


def remove_second_factor(db: Session, actor: Actor, user: User) -> bool:
    """Remove a user's second factor; return whether there was one.

    The sessions in which it was used become sessions with a password only.
    """
    if not second_factors.remove(db, actor, user):
        return False
    verified = select(UserSession.id).where(UserSession.user_id == user.id, UserSession.acr != PASSWORD.acr)
    locked = verified.order_by(UserSession.id).with_for_update(**ROW_LOCK)
    db.execute(
        update(UserSession)
        .where(UserSession.id.in_(locked))
        .values(acr=PASSWORD.acr, amr=PASSWORD.amr)
        .execution_options(synchronize_session=False)
    )
    return True


def _record_renewal(db: Session, actor: Actor, row: UserSession, after: dict[str, Any]) -> None:
    audit.record(
        db,
        actor,
        Event.SESSION_START,
        subject=row,
        subject_name=row.user.username,
        user_id=row.user_id,
        after=after,
    )


def find(db: Session, settings: Settings, cookie: str | None) -> UserSession | None:
    """Return the valid session of a cookie, with its user, or None."""
    row = find_open(db, cookie)
    return row if row is not None and is_valid(row, settings, clock.now()) else None


def find_open(db: Session, cookie: str | None) -> UserSession | None:
    """Return the session of a cookie, with its user, or None if the session was ended.

    An expired session is also returned. It gives no access, but can be ended, or renewed when its user signs in again.
    """
    handle = opaque_tokens.parse_token(TokenPrefix.SESSION, cookie)
    if handle is None:
        return None
    row = db.get(UserSession, handle.id, options=[joinedload(UserSession.user)])
    if row is None or not opaque_tokens.matches(handle, row.digest) or row.ended_at is not None:
        return None
    return row


def is_valid(row: UserSession, settings: Settings, now: datetime) -> bool:
    """Return whether a session has not ended, expired or become idle, and its user is active and has the same epoch."""
    expires_at = expiry_of(row.expires_at, row.seen_at, row.is_remembered, settings)
    is_user_valid = row.user.is_active and row.user_epoch == row.user.epoch
    return row.ended_at is None and now < expires_at and is_user_valid


def expiry_of(expires_at: datetime, seen_at: datetime, is_remembered: bool, settings: Settings) -> datetime:
    """Return the time at which a session expires or becomes idle if it is not used again."""
    return expires_at if is_remembered else min(expires_at, seen_at + settings.session_idle_lifetime)


def is_recent(row: UserSession, settings: Settings) -> bool:
    """Return whether the sign-in is recent enough for a sensitive action."""
    return clock.now() - row.signed_in_at < settings.recent_sign_in


def needs_touch(row: UserSession) -> bool:
    """Return whether the stored time of last use is out of date."""
    return clock.now() - row.seen_at >= _SEEN_INTERVAL


def touch(db: Session, session_id: int) -> None:
    """Store the current time as the time of last use."""
    db.execute(update(UserSession).where(UserSession.id == session_id).values(seen_at=clock.now()))


def end(db: Session, actor: Actor, row: UserSession) -> None:
    """End a session, revoke its authorizations without offline access, and notify its clients."""
    # Of two requests that end the session, the second waits here and then finds it ended.
    db.refresh(row, ["ended_at"], with_for_update=ROW_LOCK)
    if row.ended_at is not None:
        return
    row.ended_at = clock.now()
    db.flush()
    authorizations.revoke_of_session(db, row.id)
    logout_notices.add_for_session(db, row.id)
    audit.record(db, actor, Event.SESSION_END, subject=row, user_id=row.user_id)


def end_others(db: Session, actor: Actor, user: User, *, keep: int | None) -> int:
    """End all sessions of a user except ``keep``; return the number of those that had not expired."""
    now = clock.now()
    rows = db.scalars(
        select(UserSession)
        .where(UserSession.user_id == user.id, UserSession.id != (keep or 0), UserSession.ended_at.is_(None))
        .order_by(UserSession.id)
    ).all()
    for row in rows:
        end(db, actor, row)
    return sum(row.expires_at > now and row.user_epoch == user.epoch for row in rows)


def sessions_of_user(db: Session, user: User) -> list[UserSession]:
    """Return the sessions of a user that have not ended or expired; the most recently used comes first."""
    rows = db.scalars(
        select(UserSession)
        .options(joinedload(UserSession.user))
        .where(
            UserSession.user_id == user.id,
            UserSession.user_epoch == user.epoch,
            UserSession.ended_at.is_(None),
            UserSession.expires_at > clock.now(),
        )
        .order_by(UserSession.seen_at.desc())
    )
    return list(rows)


def count_unexpired(db: Session) -> int:
    """Return the number of sessions that have not ended or expired."""
    unexpired = (UserSession.ended_at.is_(None), UserSession.expires_at > clock.now())
    return db.scalar(select(func.count()).select_from(UserSession).where(*unexpired)) or 0
