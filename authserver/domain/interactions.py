"""Interactions: the sign-in and consent detour of one authorization request, kept on the server (S12).

What was shown is what is granted: the parameters and the client's revision are stored here when the request arrives,
and only the browser that started the detour can finish it, once. A request that ended well is answered once more to the
same sign-in session for a minute, so that a double click, a reload or a lost answer does no harm; docs/decisions tells why.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain import handles
from authserver.domain.db import Base, Id
from authserver.settings import Settings
from authserver.terms import Prefix

_ANSWERED_AGAIN_FOR = timedelta(minutes=1)


class AuthorizationRequest(Base):
    """A request that waits for a person. ``browser`` is the digest of the browser that may finish it.

    ``shown_session_id`` is the sign-in session that was asked; after the end the one that got the answer, None where
    the request ended with an error. ``client_revision`` is the one that was read last.
    """

    __tablename__ = "authorization_requests"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    client_revision: Mapped[int]
    parameters: Mapped[dict[str, Any]]
    browser: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    shown_session_id: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    completed_at: Mapped[datetime | None]

    @property
    def is_open(self) -> bool:
        """Whether the request still waits for its end."""
        return self.completed_at is None


def start(
    session: Session,
    settings: Settings,
    *,
    client_id: int,
    client_revision: int,
    parameters: dict[str, Any],
    browser: str | None,
    shown_session_id: int | None = None,
) -> str:
    """Store a request and return its handle; without a browser the first one that opens the handle claims it.

    ``shown_session_id`` is the sign-in session that is asked at once.
    """
    now = clock.now()
    secret = handles.new_secret()
    row = AuthorizationRequest(
        digest=handles.digest(secret),
        client_id=client_id,
        client_revision=client_revision,
        parameters=parameters,
        browser=handles.digest(browser) if browser else None,
        shown_session_id=shown_session_id,
        created_at=now,
        expires_at=now + settings.interaction_lifetime,
    )
    session.add(row)
    session.flush()
    return handles.write(Prefix.INTERACTION, row.id, secret)


def find(session: Session, handle: str | None, browser: str) -> AuthorizationRequest | None:
    """Return the request of a handle for the browser it belongs to, ended or not, claiming it for a first browser."""
    parsed = handles.read(Prefix.INTERACTION, handle)
    if parsed is None:
        return None
    # Locked, so that the second of two parallel requests waits here, and then sees how the first one ended.
    row = session.get(AuthorizationRequest, parsed.id, with_for_update=True)
    if row is None or not handles.matches(parsed, row.digest) or row.expires_at <= clock.now():
        return None
    return row if _belongs(session, row, handles.digest(browser)) else None


def was_answered(row: AuthorizationRequest, session_id: int) -> bool:
    """Return whether the request ended well a moment ago in that sign-in session."""
    if row.completed_at is None or row.shown_session_id != session_id:
        return False
    return clock.now() - row.completed_at <= _ANSWERED_AGAIN_FOR


def complete(session: Session, row: AuthorizationRequest, *, session_id: int, client_revision: int) -> bool:
    """Consume the request for the answer to a sign-in session; True exactly once."""
    taken = session.execute(
        update(AuthorizationRequest)
        .where(AuthorizationRequest.id == row.id, AuthorizationRequest.completed_at.is_(None))
        .values(completed_at=clock.now(), shown_session_id=session_id, client_revision=client_revision)
        .returning(AuthorizationRequest.id)
    )
    return taken.one_or_none() is not None


def fail(row: AuthorizationRequest) -> None:
    """End the request with an error, which is final: nobody gets an answer any more."""
    row.completed_at = row.completed_at or clock.now()
    row.shown_session_id = None


def show(row: AuthorizationRequest, session_id: int) -> None:
    """Remember in which sign-in session the consent page was shown: only that person can answer it."""
    row.shown_session_id = session_id


def _belongs(session: Session, row: AuthorizationRequest, browser: bytes) -> bool:
    if row.browser is not None:
        return bytes(row.browser) == browser
    claimed = session.execute(
        update(AuthorizationRequest)
        .where(AuthorizationRequest.id == row.id, AuthorizationRequest.browser.is_(None))
        .values(browser=browser)
        .returning(AuthorizationRequest.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if claimed is not None:
        session.refresh(row)
    return claimed is not None
