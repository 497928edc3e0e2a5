"""The end of the time for asking somebody else, names and handshake and headers included.

urllib3's timeouts begin anew with every byte that comes, and looking a name up has none at all.
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

# So many names are looked up at once at most; a look-up that is given up goes on until the resolver gives up too.
_LOOK_UPS = ThreadPoolExecutor(max_workers=16, thread_name_prefix="look-up")


class DeadlineMissed(Exception):
    """The time is over."""


class Deadline:
    """Cuts the connections that it watches when their time is over, whatever they are waiting for.

    Leaving it raises DeadlineMissed where the time was over by then.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._watched: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._is_over = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._timer.cancel()
        # The cut may be under way.
        self._timer.join()
        for watched in self._watched:
            watched.close()
        # An answer that was cut can look complete, or like any other failure.
        if self._is_over:
            raise DeadlineMissed from error

    @property
    def seconds_left(self) -> float:
        """What is left in seconds; never zero, which means no timeout to sockets."""
        return max(self._end - time.monotonic(), 0.001)

    def look_up(self, what: Callable[..., list[Any]], *arguments: Any, **options: Any) -> list[Any]:
        """Return what a look-up of a name finds; raises DeadlineMissed."""
        try:
            return _LOOK_UPS.submit(what, *arguments, **options).result(self.seconds_left)
        except TimeoutError as error:
            raise DeadlineMissed from error

    def watch(self, connection: socket.socket) -> None:
        """Let this connection live until the end at most."""
        # TLS takes the socket away from the object that is given here; the copy means the same connection.
        self._watched.append(connection.dup())
        if self._is_over:
            self._cut()

    def _cut(self) -> None:
        self._is_over = True
        for watched in self._watched:
            try:
                watched.shutdown(socket.SHUT_RDWR)
            except OSError:
                # The other side was faster.
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
    """Plain connections under the deadline that it is given as `deadline`."""

    ConnectionCls = _Watched


class WatchedTlsPool(HTTPSConnectionPool):
    """Connections with TLS under the deadline that it is given as `deadline`, their handshake included."""

    ConnectionCls = _WatchedTls
