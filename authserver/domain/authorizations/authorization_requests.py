"""Interactions: authorization requests that wait while the user signs in and consents (S12).

The row stores the parameters and the client's revision, so that the user grants exactly what the consent page showed.
Only the browser that started an interaction can complete it, and only once. A request that expired while the user was away
can be restarted in this browser. For one minute after its completion, the
same user session can get the response again, so that a double click, a reload or a lost response causes no error
(docs/decisions/protocol-core.md).

Anybody can start interactions without signing in. The table is therefore limited: per network, in total, and by deleting
expired rows with each new one (S28).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain import opaque_tokens, throttles
from authserver.domain.orm import ROW_LOCK, Base, Id, delete_expired
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix

_REPEATABLE_FOR = timedelta(minutes=1)
RESTARTABLE_FOR = timedelta(hours=1)
"""How long an expired request is kept, so that a user who returns late can restart it."""

MAX_PER_NETWORK = 1000
MAX_TOTAL = 50_000
_TRIMMED_EVERY = 100


class StoredAuthorizationRequest(Base):
    """An authorization request that waits for the user. ``browser`` is the digest of the browser's id.

    ``shown_session_id`` is the user session that saw the consent page. After completion, it is the session that
    received the response, or None if the request ended with an error. ``client_revision`` is the client's revision at
    the time the request was stored. Completing the request replaces it with the revision at that time. ``network`` is
    the network of the browser (see ``throttles.network_of``).
    """

    __tablename__ = "authorization_requests"
    __table_args__ = (Index("ix_authorization_requests_network_id", "network", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    client_revision: Mapped[int]
    parameters: Mapped[dict[str, Any]]
    browser: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    network: Mapped[str] = mapped_column(String(64), server_default="")
    shown_session_id: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    completed_at: Mapped[datetime | None]

    @property
    def is_open(self) -> bool:
        """Whether the request is neither completed nor failed."""
        return self.completed_at is None


@dataclass(frozen=True, slots=True)
class NewAuthorizationRequest:
    """A request to store. If ``browser`` is None, the request belongs to the first browser that presents the handle.

    ``shown_session_id`` is the user session that sees the consent page in the same response, or None.
    """

    client_id: int
    client_revision: int
    parameters: Mapping[str, Any]
    browser: str | None
    address: str
    shown_session_id: int | None = None


def start(db: Session, settings: Settings, new: NewAuthorizationRequest) -> str:
    """Store a request and return its handle, the opaque token that identifies it in the URLs of the pages.

    If a limit is exceeded, the oldest requests of the network with the most requests are deleted.
    """
    now = clock.now()
    delete_expired(db, StoredAuthorizationRequest, now - RESTARTABLE_FOR)
    network = throttles.network_of(new.address)[:64]
    secret = opaque_tokens.new_secret()
    row = StoredAuthorizationRequest(
        digest=opaque_tokens.digest(secret),
        client_id=new.client_id,
        client_revision=new.client_revision,
        parameters=dict(new.parameters),
        browser=opaque_tokens.digest(new.browser) if new.browser else None,
        network=network,
        shown_session_id=new.shown_session_id,
        created_at=now,
        expires_at=now + settings.interaction_lifetime,
    )
    db.add(row)
    db.flush()
    _delete_oldest(db, network, keep=MAX_PER_NETWORK)
    if row.id % _TRIMMED_EVERY == 0:
        _trim(db)
    return opaque_tokens.format_token(TokenPrefix.INTERACTION, row.id, secret)


def find(db: Session, handle: str | None, browser: str) -> StoredAuthorizationRequest | None:
    """Return the request with that handle if it has not expired and belongs to the browser, or None.

    A request that belongs to no browser yet is bound to this one.
    """
    row = find_in_any_state(db, handle)
    if row is None or row.expires_at <= clock.now():
        return None
    return row if _belongs(db, row, opaque_tokens.digest(browser)) else None


def find_in_any_state(db: Session, handle: str | None) -> StoredAuthorizationRequest | None:
    """Return the request with that handle, even if it has expired or belongs to another browser, or None."""
    parsed = opaque_tokens.parse_token(TokenPrefix.INTERACTION, handle)
    if parsed is None:
        return None
    # Because of the lock, the second of two parallel requests waits, and then reads the outcome of the first one.
    row = db.get(StoredAuthorizationRequest, parsed.id, with_for_update=ROW_LOCK)
    return row if row is not None and opaque_tokens.matches(parsed, row.digest) else None


def restart(db: Session, settings: Settings, row: StoredAuthorizationRequest, browser: str) -> bool:
    """Restart an expired request. Return False if it is already complete or belongs to another browser.

    A decision on the consent page is not accepted: the page must be shown again. A sign-in counts as made for this
    request only within the lifetime of an interaction, as it does without a restart.
    """
    now = clock.now()
    if not row.is_open or row.expires_at > now or not _belongs(db, row, opaque_tokens.digest(browser)):
        return False
    row.created_at = max(row.created_at, now - settings.interaction_lifetime)
    row.expires_at = now + settings.interaction_lifetime
    row.shown_session_id = None
    return True


def was_just_completed(row: StoredAuthorizationRequest, session_id: int) -> bool:
    """Return whether the request was completed in that user session within the last minute."""
    if row.completed_at is None or row.shown_session_id != session_id:
        return False
    return clock.now() - row.completed_at <= _REPEATABLE_FOR


def complete(db: Session, row: StoredAuthorizationRequest, *, session_id: int, client_revision: int) -> bool:
    """Complete the request in the user session. Of several parallel calls, exactly one returns True."""
    taken = db.execute(
        update(StoredAuthorizationRequest)
        .where(StoredAuthorizationRequest.id == row.id, StoredAuthorizationRequest.completed_at.is_(None))
        .values(completed_at=clock.now(), shown_session_id=session_id, client_revision=client_revision)
        .returning(StoredAuthorizationRequest.id)
    )
    return taken.one_or_none() is not None


def fail(row: StoredAuthorizationRequest) -> None:
    """End the request with an error, so that it can no longer be completed."""
    row.completed_at = row.completed_at or clock.now()
    row.shown_session_id = None


def record_shown(row: StoredAuthorizationRequest, session_id: int) -> None:
    """Record the user session that sees the consent page. Only this session can allow or deny the request."""
    row.shown_session_id = session_id


def _trim(db: Session) -> None:
    """Delete the oldest requests of the largest networks, until the table has at most ``MAX_TOTAL`` rows."""
    size = (
        select(StoredAuthorizationRequest.network, func.count())
        .group_by(StoredAuthorizationRequest.network)
        .order_by(func.count().desc())
    )
    networks = db.execute(size).all()
    surplus = sum(count for _, count in networks) - MAX_TOTAL
    for network, count in networks:
        if surplus <= 0:
            break
        _delete_oldest(db, network, keep=max(0, count - surplus))
        surplus -= count


def _delete_oldest(db: Session, network: str, *, keep: int) -> None:
    stored = StoredAuthorizationRequest
    surplus = select(stored.id).where(stored.network == network).order_by(stored.id.desc()).offset(keep)
    unlocked = surplus.with_for_update(skip_locked=True)
    db.execute(
        delete(stored).where(stored.id.in_(unlocked)), execution_options={"synchronize_session": False}
    )


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
