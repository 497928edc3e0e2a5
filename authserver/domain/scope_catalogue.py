"""The scopes as one process knows them, at most a few seconds old, so that no request asks the database for their words."""

from datetime import timedelta
from threading import Lock
from typing import NamedTuple

from sqlalchemy import select

from authserver import clock
from authserver.domain.db import Database
from authserver.domain.scopes import Scope

_REREAD_AFTER = timedelta(seconds=5)


class Catalogue(NamedTuple):
    """The scopes that administrators defined: their words by name, and those that every client may ask for."""

    words: dict[str, str]
    open: frozenset[str]


class ScopeCatalogue:
    """Reads the scopes every few seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = Lock()
        self._known = Catalogue({}, frozenset())
        self._read_at = clock.now() - 2 * _REREAD_AFTER

    def current(self) -> Catalogue:
        """Return what is defined."""
        if abs(clock.now() - self._read_at) >= _REREAD_AFTER:
            with self._guard:
                if abs(clock.now() - self._read_at) >= _REREAD_AFTER:
                    self._known, self._read_at = self._read(), clock.now()
        return self._known

    def forget(self) -> None:
        """Read the scopes again when they are next asked for."""
        self._read_at = clock.now() - 2 * _REREAD_AFTER

    def _read(self) -> Catalogue:
        statement = select(Scope.name, Scope.words, Scope.is_open).order_by(Scope.name)
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return Catalogue(
            {row.name: row.words for row in rows}, frozenset(row.name for row in rows if row.is_open)
        )
