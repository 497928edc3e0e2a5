"""The first run: a one-time link lets whoever reads the server's output create the first administrator (S32).

Setup is over, for good, once it was completed or an administrator was made in any other way.
"""

from datetime import datetime

from sqlalchemy import LargeBinary, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, handles, users
from authserver.domain.db import Base, Id, insert, lock
from authserver.domain.users import User
from authserver.errors import Conflict, Refused
from authserver.settings import Settings
from authserver.terms import Prefix

_ONLY = 1


class SetupLink(Base):
    """A link that was printed and not yet used."""

    __tablename__ = "setup_links"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Installation(Base):
    """The one row whose presence says that setup was completed; it decides between parallel attempts."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    completed_at: Mapped[datetime]


class SetupClosed(Conflict):
    """Setup was completed before."""

    def __init__(self) -> None:
        super().__init__("This server has been set up already.")


def issue(session: Session, settings: Settings) -> str | None:
    """Return a new token for the setup link, or None once there is an administrator."""
    if is_closed(session):
        return None
    now = clock.now()
    session.execute(delete(SetupLink).where(SetupLink.expires_at <= now))
    secret = handles.new_secret()
    row = SetupLink(
        digest=handles.digest(secret), created_at=now, expires_at=now + settings.setup_link_lifetime
    )
    session.add(row)
    session.flush()
    return handles.write(Prefix.SETUP, row.id, secret)


def is_closed(session: Session) -> bool:
    """Return whether there is nothing left to set up."""
    return session.get(Installation, _ONLY) is not None or users.has_administrator(session)


def check(session: Session, token: str) -> SetupLink:
    """Return the link of a token; raises SetupClosed, or Refused when the link is unknown, used or too old."""
    if is_closed(session):
        raise SetupClosed
    handle = handles.read(Prefix.SETUP, token)
    row = session.get(SetupLink, handle.id) if handle else None
    if handle is None or row is None or not handles.matches(handle, row.digest):
        raise Refused(
            "This setup link is not one that this server printed. Copy it whole, from https to its end."
        )
    if row.used_at is not None or row.expires_at <= clock.now():
        raise Refused("This setup link is too old. Start the server again: it prints a new one.")
    return row


def complete(
    session: Session,
    actor: Actor,
    *,
    token: str,
    username: str,
    password_hash: str,
    name: str = "",
    email: str = "",
) -> User:
    """Create the first administrator and close setup; of parallel attempts one succeeds, others raise SetupClosed."""
    lock(session, "administrators")
    link = check(session, token)
    _close(session)
    link.used_at = clock.now()
    user = users.add(
        session,
        actor,
        username=username,
        password_hash=password_hash,
        name=name,
        email=email,
        may_configure_server=True,
    )
    audit.record(session, actor, "setup:complete", subject=user)
    return user


def _close(session: Session) -> None:
    closing = insert(session, Installation).values(id=_ONLY, completed_at=clock.now())
    statement = closing.on_conflict_do_nothing()
    if session.execute(statement.returning(Installation.id)).one_or_none() is None:
        raise SetupClosed
