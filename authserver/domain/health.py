"""Whether this node can work: the database takes writes, the clock is sane. The schema is checked in ``schema``."""

from datetime import UTC, datetime

from sqlalchemy import delete, insert
from sqlalchemy.orm import Mapped, mapped_column

from authserver import clock
from authserver.domain.orm import Base, Database, Id

_RELEASED_AFTER = datetime(2026, 1, 1, tzinfo=UTC)


class Heartbeat(Base):
    """A row that is written to see whether the database takes writes; it never stays."""

    __tablename__ = "heartbeats"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]


def check_writable(database: Database) -> None:
    """Write a row and take it back; raises SQLAlchemy's error when the database takes no writes."""
    with database.transaction() as db:
        row = db.execute(insert(Heartbeat).values(at=clock.now()).returning(Heartbeat.id)).scalar_one()
        db.execute(delete(Heartbeat).where(Heartbeat.id == row))


def is_clock_sane() -> bool:
    """Return whether the clock is later than this code."""
    return clock.now() > _RELEASED_AFTER
