"""Health checks of a node: database writes and clock. ``schema`` checks the schema."""

from datetime import UTC, datetime

from sqlalchemy import delete, insert
from sqlalchemy.orm import Mapped, mapped_column

from authserver import clock
from authserver.domain.orm import Base, Database, Id

_RELEASED_AFTER = datetime(2026, 1, 1, tzinfo=UTC)


class Heartbeat(Base):
    """A row that is written and deleted again to check that the database is writable."""

    __tablename__ = "heartbeats"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]


def check_writable(database: Database) -> None:
    """Write and delete a row; raises an SQLAlchemy error if the database is not writable."""
    with database.transaction() as db:
        row = db.execute(insert(Heartbeat).values(at=clock.now()).returning(Heartbeat.id)).scalar_one()
        db.execute(delete(Heartbeat).where(Heartbeat.id == row))


def is_clock_sane() -> bool:
    """Return whether the clock is later than the release of this code."""
    return clock.now() > _RELEASED_AFTER
