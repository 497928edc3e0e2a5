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
from authserver.domain.orm import Base, Id
from authserver.domain.tokens import opaque_tokens
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix

_ANSWERED_AGAIN_FOR = timedelta(minutes=1)


class StoredAuthorizationRequest(Base):
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
    db: Session,
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
    secret = opaque_tokens.new_secret()
    row = StoredAuthorizationRequest(
        digest=opaque_tokens.digest(secret),
        client_id=client_id,
        client_revision=client_revision,
        parameters=parameters,
        browser=opaque_tokens.digest(browser) if browser else None,
        shown_session_id=shown_session_id,
        created_at=now,
        expires_at=now + settings.interaction_lifetime,
    )
    db.add(row)
    db.flush()
    return opaque_tokens.format_token(TokenPrefix.INTERACTION, row.id, secret)


def find(db: Session, handle: str | None, browser: str) -> StoredAuthorizationRequest | None:
    """Return the request of a handle for the browser it belongs to, ended or not, claiming it for a first browser."""
    parsed = opaque_tokens.parse_token(TokenPrefix.INTERACTION, handle)
    if parsed is None:
        return None
    # Locked, so that the second of two parallel requests waits here, and then sees how the first one ended.
    row = db.get(StoredAuthorizationRequest, parsed.id, with_for_update=True)
    if row is None or not opaque_tokens.matches(parsed, row.digest) or row.expires_at <= clock.now():
        return None
    return row if _belongs(db, row, opaque_tokens.digest(browser)) else None


def was_answered(row: StoredAuthorizationRequest, session_id: int) -> bool:
    """Return whether the request ended well a moment ago in that sign-in session."""
    if row.completed_at is None or row.shown_session_id != session_id:
        return False
    return clock.now() - row.completed_at <= _ANSWERED_AGAIN_FOR


def complete(db: Session, row: StoredAuthorizationRequest, *, session_id: int, client_revision: int) -> bool:
    """Consume the request for the answer to a sign-in session; True exactly once."""
    taken = db.execute(
        update(StoredAuthorizationRequest)
        .where(StoredAuthorizationRequest.id == row.id, StoredAuthorizationRequest.completed_at.is_(None))
        .values(completed_at=clock.now(), shown_session_id=session_id, client_revision=client_revision)
        .returning(StoredAuthorizationRequest.id)
    )
    return taken.one_or_none() is not None


def fail(row: StoredAuthorizationRequest) -> None:
    """End the request with an error, which is final: nobody gets an answer any more."""
    row.completed_at = row.completed_at or clock.now()
    row.shown_session_id = None


def show(row: StoredAuthorizationRequest, session_id: int) -> None:
    """Remember in which sign-in session the consent page was shown: only that person can answer it."""
    row.shown_session_id = session_id


def _belongs(db: Session, row: StoredAuthorizationRequest, browser: bytes) -> bool:
    if row.browser is not None:
        return bytes(row.browser) == browser
    claimed = db.execute(
        update(StoredAuthorizationRequest)
        .where(StoredAuthorizationRequest.id == row.id, StoredAuthorizationRequest.browser.is_(None))
        .values(browser=browser)
        .returning(StoredAuthorizationRequest.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if claimed is not None:
        db.refresh(row)
    return claimed is not None
