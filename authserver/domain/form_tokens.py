"""One-time tokens for forms that create a record, so that submitting a form twice creates only one record.

The response may show a secret that cannot be shown again. If the user reloads that page, the browser submits the form
again, and the view finds the outcome of the first submission.
"""

from datetime import datetime

from sqlalchemy import LargeBinary, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain import opaque_tokens
from authserver.domain.orm import Base, lock


class SubmittedForm(Base):
    """An accepted form; ``outcome`` identifies the record that it created."""

    __tablename__ = "submissions"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(index=True)


def find(db: Session, token: str) -> str | None:
    """Return the outcome of an earlier submission, or None. Concurrent submissions wait here for each other."""
    lock(db, "submissions")
    row = db.get(SubmittedForm, opaque_tokens.digest(token))
    return None if row is None else row.outcome


def record(db: Session, token: str, outcome: str) -> None:
    """Record the outcome of a submission, in the transaction that creates the record."""
    db.add(SubmittedForm(digest=opaque_tokens.digest(token), outcome=outcome, at=clock.now()))
    db.flush()


def purge(db: Session, before: datetime) -> None:
    """Delete tokens older than this time."""
    db.execute(delete(SubmittedForm).where(SubmittedForm.at < before))
