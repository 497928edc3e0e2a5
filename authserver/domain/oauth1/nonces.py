"""Nonces of signed requests. Each is accepted only once across all nodes (RFC 5849, section 3.3).

A row is kept until the timestamp of the request is so old that the server rejects the request anyway.
"""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, ForeignKey, LargeBinary, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver.domain.orm import Base, insert


class Nonce(Base):
    """One used nonce. ``digest`` covers the token, the timestamp and the nonce."""

    __tablename__ = "nonces"

    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


def claim(
    connection: Connection, client_id: int, *, token: str, timestamp: str, nonce: str, expires_at: datetime
) -> bool:
    """Consume a nonce; return True exactly once for the same client, token, timestamp and nonce."""
    statement = (
        insert(connection, Nonce)
        .values(client_id=client_id, digest=_digest(token, timestamp, nonce), expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(Nonce.client_id)
    )
    return connection.execute(statement).one_or_none() is not None


def is_used(connection: Connection, client_id: int, *, token: str, timestamp: str, nonce: str) -> bool:
    """Return whether a nonce was used, without consuming it. Only for diagnostics: decisions must call ``claim``."""
    digest = _digest(token, timestamp, nonce)
    found = select(Nonce.client_id).where(Nonce.client_id == client_id, Nonce.digest == digest)
    return connection.execute(found).one_or_none() is not None


def purge(db: Session, before: datetime) -> None:
    """Delete nonces whose timestamps are too old to be accepted."""
    db.execute(delete(Nonce).where(Nonce.expires_at < before))


def _digest(token: str, timestamp: str, nonce: str) -> bytes:
    return hashlib.sha256(f"{token}\0{timestamp}\0{nonce}".encode()).digest()
