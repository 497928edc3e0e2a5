"""The names of the scopes as discovery tells them, at most a second old, so that not every reader costs a statement.

What decides about a request never looks here: it reads ``scopes.REVISION`` with everything else.
"""

from datetime import timedelta
from threading import Lock

from sqlalchemy import select

from authserver import clock
from authserver.domain.orm import Database
from authserver.domain.scopes import DefinedScope

_REREAD_AFTER = timedelta(seconds=1)
_NAMES = select(DefinedScope.name).order_by(DefinedScope.name)


class ScopeCache:
    """Reads the names once a second at most."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = Lock()
        self._names: tuple[str, ...] = ()
        self._read_at = clock.now() - 2 * _REREAD_AFTER

    def names(self) -> tuple[str, ...]:
        """Return the names of all defined scopes, sorted."""
        if self._is_old():
            with self._guard:
                if self._is_old():
                    with self._database.reading() as connection:
                        self._names = tuple(connection.scalars(_NAMES))
                    self._read_at = clock.now()
        return self._names

    def _is_old(self) -> bool:
        return abs(clock.now() - self._read_at) >= _REREAD_AFTER
