"""First-run setup: a one-time link in the server's output creates the first administrator (S32).

Setup is closed permanently once it is completed, or once an administrator has been created in another way.
"""

from datetime import datetime

from sqlalchemy import LargeBinary, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, opaque_tokens
from authserver.domain.audit import Event
from authserver.domain.orm import Base, Id, insert, lock
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import Conflict, Forbidden
from authserver.messages import message
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix

_ONLY = 1


class SetupLink(Base):
    """A setup link that was printed."""

    __tablename__ = "setup_links"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class CompletedSetup(Base):
    """A single row that exists if setup was completed. The primary key lets only one concurrent call add it."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    completed_at: Mapped[datetime]


class SetupClosed(Conflict):
    """Setup was already completed."""

    def __init__(self) -> None:
        super().__init__("This server is already set up.")


def issue(db: Session, settings: Settings) -> str | None:
    """Return a new token for the setup link, or None if setup is closed."""
    if is_closed(db):
        return None
    now = clock.now()
    db.execute(delete(SetupLink).where(SetupLink.expires_at <= now))
    secret = opaque_tokens.new_secret()
    row = SetupLink(
        digest=opaque_tokens.digest(secret), created_at=now, expires_at=now + settings.setup_link_lifetime
    )
    db.add(row)
    db.flush()
    return opaque_tokens.format_token(TokenPrefix.SETUP, row.id, secret)


def is_closed(db: Session) -> bool:
    """Return whether setup was completed or an administrator exists."""
    return db.get(CompletedSetup, _ONLY) is not None or users.has_administrator(db)


def check(db: Session, token: str) -> SetupLink:
    """Return the link of a token; raises SetupClosed, or Forbidden if the link is unknown, used or expired."""
    if is_closed(db):
        raise SetupClosed
    handle = opaque_tokens.parse_token(TokenPrefix.SETUP, token)
    row = db.get(SetupLink, handle.id) if handle else None
    if handle is None or row is None or not opaque_tokens.matches(handle, row.digest):
        raise Forbidden(message("The setup link is not valid. Make sure that you copied all of it."))
    if row.used_at is not None or row.expires_at <= clock.now():
        raise Forbidden(message("The setup link has expired. Restart the server to get a new one."))
    return row


def complete(
    db: Session,
    actor: Actor,
    *,
    token: str,
    username: str,
    password_hash: str,
    name: str = "",
    email: str = "",
) -> User:
    """Create the first administrator and close setup. If calls are concurrent, all except one raise SetupClosed.

    The e-mail address is verified, because an administrator may verify any address.
    """
    lock(db, "administrators")
    link = check(db, token)
    _close(db)
    link.used_at = clock.now()
    user = users.add(
        db,
        actor,
        username=username,
        password_hash=password_hash,
        name=name,
        email=email,
        email_verified=bool(email.strip()),
        may_configure_server=True,
    )
    audit.record(db, actor, Event.SETUP_COMPLETE, subject=user)
    return user


def _close(db: Session) -> None:
    closing = insert(db, CompletedSetup).values(id=_ONLY, completed_at=clock.now())
    statement = closing.on_conflict_do_nothing()
    if db.execute(statement.returning(CompletedSetup.id)).one_or_none() is None:
        raise SetupClosed
