"""A clock that runs as always until a test moves it on; every floor asks clock.now(), so every floor moves."""

from datetime import datetime, timedelta

import pytest

from authserver import clock


class MovingClock:
    """Real time plus what the test has added to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = clock.now
        self._ahead = timedelta(0)
        monkeypatch.setattr(clock, "now", self.now)

    def now(self) -> datetime:
        """The moved instant."""
        return self._real() + self._ahead

    def advance(self, *amounts: timedelta, seconds: float = 0) -> None:
        """Moves the clock on; tests add a second to a lifetime to be past it."""
        self._ahead += sum(amounts, timedelta(seconds=seconds))
