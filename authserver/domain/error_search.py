"""Searches the error log by reference, client, endpoint and text."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.orm import Session

from authserver import clock
from authserver.domain import text_rules, typed_codes
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics import error_log
from authserver.domain.diagnostics.error_log import REFERENCE_LENGTH, RecordedError
from authserver.errors import NotFound
from authserver.vocabulary import TYPED_ALPHABET

_MAX_REFERENCES = 5
_LETTER = f"[{TYPED_ALPHABET}]"
_IN_A_SENTENCE = re.compile(rf"(?<![A-Z]){_LETTER}{{4}}[- ]?{_LETTER}{{4}}(?![A-Z])")


@dataclass(frozen=True)
class ErrorFilter:
    """Selects errors. ``endpoints`` are prefixes of paths; ``search`` matches descriptions, causes and clients."""

    client_id: int | None = None
    endpoints: tuple[str, ...] = ()
    search: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions that the rows must meet."""
        found: list[ColumnElement[bool]] = []
        if self.client_id is not None:
            found.append(RecordedError.client_id == self.client_id)
        if self.endpoints:
            found.append(
                or_(
                    *(
                        RecordedError.endpoint.startswith(str(path), autoescape=True)
                        for path in self.endpoints
                    )
                )
            )
        if self.search:
            found.append(_mentions(self.search) if text_rules.is_storable(self.search) else false())
        return found


def page_of_errors(
    db: Session, wanted: ErrorFilter, *, offset: int = 0, limit: int = 50
) -> tuple[list[RecordedError], int]:
    """Return one page of errors, newest first, and the number of all matching errors."""
    conditions = wanted.conditions()
    count = db.scalar(select(func.count()).select_from(RecordedError).where(*conditions)) or 0
    if not count:
        return [], 0
    rows = (
        select(RecordedError)
        .where(*conditions)
        .order_by(RecordedError.last_at.desc(), RecordedError.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return list(db.scalars(rows)), count


def get(db: Session, reference: str) -> RecordedError:
    """Return the error with that reference; raises NotFound."""
    failure = error_log.find(db, reference)
    if failure is None:
        raise NotFound("There is no error with this reference.")
    return failure


def references_in(text: str) -> list[str]:
    """Return the possible references in a typed or pasted text, in their stored form.

    In the text, a reference can contain dashes and spaces.
    """
    text = unquote_plus(text).upper()
    found = [typed_codes.normalize_code(text, REFERENCE_LENGTH)]
    found += [typed_codes.normalize_code(one, REFERENCE_LENGTH) for one in _IN_A_SENTENCE.findall(text)]
    return [one for one in dict.fromkeys(found) if one][:_MAX_REFERENCES]


def error_named_in(db: Session, text: str) -> RecordedError | None:
    """Return the first error whose reference is in the text."""
    return next((found for one in references_in(text) if (found := error_log.find(db, one))), None)


def clients_of_errors(db: Session, rows: Iterable[RecordedError]) -> dict[int, Client]:
    """Return the clients of the errors, by client id. Removed clients are not included."""
    ids = {row.client_id for row in rows if row.client_id is not None}
    return {client.id: client for client in db.scalars(select(Client).where(Client.id.in_(ids)))}


def count_recent(db: Session, client_ids: Sequence[int]) -> dict[int, int]:
    """Return the number of different errors of each client in the last seven days, by client id."""
    counted = (
        select(RecordedError.client_id, func.count())
        .where(
            RecordedError.client_id.in_(client_ids), RecordedError.last_at >= clock.now() - error_log.RECENT
        )
        .group_by(RecordedError.client_id)
    )
    return {one: number for one, number in db.execute(counted) if one is not None}


def _mentions(search: str) -> ColumnElement[bool]:
    needle = search.strip().lower()
    # This reads every row, so only free text is converted to lowercase. Causes and codes are already in lowercase.
    words = [
        func.lower(RecordedError.detail).contains(needle, autoescape=True),
        func.lower(RecordedError.received).contains(needle, autoescape=True),
        RecordedError.cause.contains(needle, autoescape=True),
        RecordedError.error.contains(needle, autoescape=True),
        RecordedError.address == needle,
    ]
    named_clients = select(Client.id).where(
        func.lower(Client.name).contains(needle, autoescape=True)
        | func.lower(Client.client_key).contains(needle, autoescape=True)
    )
    return or_(*words, RecordedError.client_id.in_(named_clients))
