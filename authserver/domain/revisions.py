"""Optimistic locking of records that users edit (S22).

Such a record has a ``revision``, which increases with every change. A form contains the revision that it showed, so
that no user overwrites a change that they have not seen.
"""

from typing import Protocol

from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from authserver.errors import Conflict


class Revised(Protocol):
    """A record with a revision."""

    @property
    def revision(self) -> int: ...


def check_revision(record: Revised, seen: int, changed: str) -> None:
    """Raise Conflict with the message ``changed`` if the record has another revision than ``seen``."""
    if record.revision != seen:
        raise Conflict(changed)


def save_revision(db: Session, changed: str) -> None:
    """Flush the changes; raises Conflict with the message ``changed`` if another transaction has changed the record."""
    try:
        db.flush()
    except StaleDataError as error:
        raise Conflict(changed) from error
