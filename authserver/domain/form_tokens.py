"""Submissions: a form that creates something carries a one-time token, so that sending it twice creates one thing.

The answer to such a form may show a secret that nobody can read again. A reload of that answer sends the form again;
it finds the token used and learns what came of the first time.
"""

from datetime import datetime

from sqlalchemy import LargeBinary, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain.orm import Base, lock
from authserver.domain.tokens import opaque_tokens


class SubmittedForm(Base):
    """One form that was accepted; ``outcome`` names what it made."""

    __tablename__ = "submissions"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(index=True)


def find(db: Session, token: str) -> str | None:
    """Return what an earlier sending of the form made; sendings that come together stand in line here."""
    lock(db, "submissions")
    row = db.get(SubmittedForm, opaque_tokens.digest(token))
    return None if row is None else row.outcome


def record(db: Session, token: str, outcome: str) -> None:
    """Note, in the transaction that makes it, what the form made."""
    db.add(SubmittedForm(digest=opaque_tokens.digest(token), outcome=outcome, at=clock.now()))
    db.flush()


def purge(db: Session, before: datetime) -> None:
    """Forget forms that nobody will send again."""
    db.execute(delete(SubmittedForm).where(SubmittedForm.at < before))
