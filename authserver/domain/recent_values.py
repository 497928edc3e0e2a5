"""Values that a process has checked a moment ago, so that it need not compute a slow hash of them again.

Only digests with a random key of the process are kept, in memory and for five minutes.
"""

import hashlib
import hmac
import secrets
import threading
from datetime import datetime, timedelta

from authserver import clock

_KEPT = timedelta(minutes=5)
_MAX_COUNT = 10_000


class RecentValues:
    """A set of values that forgets its members. It is thread-safe."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._until: dict[bytes, datetime] = {}
        self._guard = threading.Lock()

    def add(self, *parts: object) -> None:
        """Remember the value that consists of these parts."""
        with self._guard:
            if len(self._until) >= _MAX_COUNT:
                self._until.clear()
            self._until[self._digest(parts)] = clock.now() + _KEPT

    def contains(self, *parts: object) -> bool:
        """Return whether the value was added a moment ago."""
        until = self._until.get(self._digest(parts))
        return until is not None and until > clock.now()

    def _digest(self, parts: tuple[object, ...]) -> bytes:
        return hmac.digest(self._key, repr(parts).encode("utf-8", "surrogatepass"), hashlib.sha256)
