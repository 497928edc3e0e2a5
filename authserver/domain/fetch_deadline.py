"""A total deadline for an HTTP request, including name resolution, TLS handshake and headers.

The timeouts of urllib3 do not suffice: they restart with every byte received, and do not limit name resolution.
"""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

# Limits concurrent look-ups. An abandoned look-up continues until the resolver gives up.
_LOOK_UPS = ThreadPoolExecutor(max_workers=16, thread_name_prefix="look-up")


class DeadlineMissed(Exception):
    """The deadline has passed."""


class Deadline:
    """Shuts down the watched connections at the deadline.

    As a context manager, it raises DeadlineMissed on exit if the deadline has passed.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._watched: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._shut_down)
        self._timer.daemon = True
        self._is_expired = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._timer.cancel()
        # The timer may be running at this moment.
        self._timer.join()
        for watched in self._watched:
            watched.close()
        # A response that was cut off can look complete, or like another error.
        if self._is_expired:
            raise DeadlineMissed from error

    @property
    def seconds_left(self) -> float:
        """The remaining seconds, at least 0.001, because urllib3 rejects a timeout of 0."""
        return max(self._end - time.monotonic(), 0.001)

    def look_up(self, function: Callable[..., list[Any]], *arguments: Any, **options: Any) -> list[Any]:
        """Run a name look-up; raises DeadlineMissed."""
        try:
            return _LOOK_UPS.submit(function, *arguments, **options).result(self.seconds_left)
        except TimeoutError as error:
            raise DeadlineMissed from error

    def watch(self, connection: socket.socket) -> None:
        """Shut this connection down at the deadline."""
        # Wrapping a socket in TLS detaches the original object; the duplicate still refers to the connection.
        self._watched.append(connection.dup())
        if self._is_expired:
            self._shut_down()

    def _shut_down(self) -> None:
        self._is_expired = True
        for watched in self._watched:
            try:
                watched.shutdown(socket.SHUT_RDWR)
            except OSError:
                # Already closed.
                continue


class _Watched(HTTPConnection):
    def __init__(self, *arguments: Any, deadline: Deadline, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline = deadline

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        self._deadline.watch(connection)
        return connection


class _WatchedTls(_Watched, HTTPSConnection): ...


class WatchedPool(HTTPConnectionPool):
    """Plain HTTP connections with a deadline."""

    ConnectionCls = _Watched


class WatchedTlsPool(HTTPSConnectionPool):
    """HTTPS connections with a deadline that includes the TLS handshake."""

    ConnectionCls = _WatchedTls
