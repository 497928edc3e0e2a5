"""Assertions by which clients authenticated: the ``jti`` of each is honoured once, on every node (RFC 7523, section 3).

A row is kept until its assertion has expired and would be refused anyway.
"""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, ForeignKey, LargeBinary, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver.domain.db import Base, insert


class ClientAssertion(Base):
    """One assertion that was used."""

    __tablename__ = "client_assertions"

    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


def claim(connection: Connection, client_id: int, jti: str, expires_at: datetime) -> bool:
    """Use an assertion up; True exactly once for the same client and ``jti``."""
    statement = (
        insert(connection, ClientAssertion)
        .values(client_id=client_id, digest=hashlib.sha256(jti.encode()).digest(), expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(ClientAssertion.client_id)
    )
    return connection.execute(statement).one_or_none() is not None


def purge(session: Session, before: datetime) -> None:
    """Forget assertions that would be refused for their age by now."""
    session.execute(delete(ClientAssertion).where(ClientAssertion.expires_at < before))
