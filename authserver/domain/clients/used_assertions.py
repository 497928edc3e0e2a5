"""Used client assertions. Each ``jti`` is accepted only once across all nodes (RFC 7523, section 3).

A row is kept until its assertion has expired.
"""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, ForeignKey, LargeBinary, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver.domain.orm import Base, insert


class UsedAssertion(Base):
    """One used assertion."""

    __tablename__ = "client_assertions"

    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


def claim(connection: Connection, client_id: int, jti: str, expires_at: datetime) -> bool:
    """Consume an assertion; return True exactly once for the same client and ``jti``."""
    statement = (
        insert(connection, UsedAssertion)
        .values(client_id=client_id, digest=hashlib.sha256(jti.encode()).digest(), expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(UsedAssertion.client_id)
    )
    return connection.execute(statement).one_or_none() is not None


def purge(db: Session, before: datetime) -> None:
    """Delete assertions that expired before this time."""
    db.execute(delete(UsedAssertion).where(UsedAssertion.expires_at < before))
