"""A clock that tests can advance. All code reads the time from clock.now(), so the time advances everywhere."""

from datetime import datetime, timedelta

import pytest

from authserver import clock


class MovingClock:
    """The real time plus the time by which the test has advanced the clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = clock.now
        self._ahead = timedelta(0)
        monkeypatch.setattr(clock, "now", self.now)

    def now(self) -> datetime:
        """Return the advanced time."""
        return self._real() + self._ahead

    def advance(self, *amounts: timedelta, seconds: float = 0) -> None:
        """Advance the clock. To exceed a lifetime, tests add a second to it."""
        self._ahead += sum(amounts, timedelta(seconds=seconds))
