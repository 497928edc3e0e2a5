"""The revision check (S22): what is changed is what the deciding person looked at, and nobody overwrites another's change.

A record that is edited on a page has a ``revision``, which rises with every change; the form carries the one that was
shown.
"""

from typing import Protocol

from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from authserver.errors import Conflict


class Revised(Protocol):
    """A record that counts its changes."""

    @property
    def revision(self) -> int: ...


def check_revision(record: Revised, seen: int, changed: str) -> None:
    """Raise Conflict with that sentence when the record is not the one that was looked at."""
    if record.revision != seen:
        raise Conflict(changed)


def save_revision(db: Session, changed: str) -> None:
    """Write what has changed so far; raises Conflict where the mapper sees that somebody else was faster."""
    try:
        db.flush()
    except StaleDataError as error:
        raise Conflict(changed) from error
