"""The worker process: gunicorn's threads, to which only whole requests are given, so that slow clients cost none (S28).

The loop reads each request into memory first, bounded in size and time; a thread then answers without waiting for
anybody. Connections that are closed are drained by the loop as well, instead of holding it up.
"""

import errno
import re
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum, auto
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

SECONDS_FOR_A_REQUEST = 10
SECONDS_FOR_A_FAREWELL = 2
_MOST_HEAD = 65536
_PIECE = 65536
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?:\r\n|$)")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# Answers fit into the kernel's buffer, so that a client that does not read them holds no thread; where one would wait
# all the same, the kernel ends the wait.
_SEND_BUFFER = 212992
_LONGEST_WAIT = struct.pack("ll", 5, 0)


class Progress(Enum):
    """How far a request has come."""

    PARTIAL = auto()
    WHOLE = auto()
    TOO_LARGE = auto()
    GONE = auto()


def progress(received: bytes | bytearray, most_body: int) -> Progress:
    """Return how far the request at the beginning of these bytes has come; what it says is not judged here."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return Progress.PARTIAL if len(received) <= _MOST_HEAD else Progress.TOO_LARGE
    head, body = bytes(received[:end]).lower(), len(received) - end - 4
    if b"\r\ntransfer-encoding:" in head:
        if received.endswith(b"\r\n0\r\n\r\n"):
            return Progress.WHOLE
        return Progress.PARTIAL if body <= 2 * most_body else Progress.TOO_LARGE
    declared = _CONTENT_LENGTH.search(head)
    length = int(declared[1]) if declared else 0
    if length > most_body:
        return Progress.TOO_LARGE
    return Progress.WHOLE if body >= length else Progress.PARTIAL


class Connection(TConn):
    """A connection with what it has sent of its next request."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.received = bytearray()
        self.deadline = 0.0
        self.is_cut = False
        self.was_told_to_continue = False

    def receive(self, most_body: int) -> Progress:
        """Take what has arrived."""
        try:
            piece = self.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return Progress.PARTIAL
        except OSError:
            return Progress.GONE
        if not piece:
            return Progress.GONE
        self.received += piece
        found = progress(self.received, most_body)
        if found is Progress.PARTIAL:
            self._tell_to_continue()
        return found

    def _tell_to_continue(self) -> None:
        # Some clients send a body only when they are told to (RFC 9110, section 10.1.1).
        if not self.was_told_to_continue and b"\r\nexpect: 100-continue" in bytes(self.received).lower():
            self.was_told_to_continue = True
            self.sock.send(_CONTINUE)


class Worker(ThreadWorker):
    """Reads in the loop, answers in the threads."""

    most_body = 65536

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Both in the order of their deadlines, as dictionaries keep the order of insertion.
        self._reading: dict[Connection, None] = {}
        self._parting: dict[Connection, None] = {}

    def init_process(self) -> None:
        for listener in self.sockets:
            # Accepted sockets inherit these.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _LONGEST_WAIT)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _LONGEST_WAIT)
        super().init_process()

    def accept(self, listener: Any) -> None:
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK}:
                raise
            return
        self.nr_conns += 1
        self._receive(Connection(self.cfg, accepted, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: Any) -> None:
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._receive(conn)

    def _receive(self, conn: Connection) -> None:
        self._go_on(conn, conn.receive(self.most_body))

    def _go_on(self, conn: Connection, found: Progress) -> None:
        if found is Progress.GONE:
            self._close(conn)
        elif found is Progress.PARTIAL:
            self._wait(self._reading, conn, SECONDS_FOR_A_REQUEST, self._on_more)
        else:
            self._answer(conn, is_cut=found is Progress.TOO_LARGE)

    def _on_more(self, conn: Connection, client: Any) -> None:
        found = conn.receive(self.most_body)
        if found is not Progress.PARTIAL:
            self.poller.unregister(client)
            del self._reading[conn]
            self._go_on(conn, found)

    def _answer(self, conn: Connection, *, is_cut: bool) -> None:
        conn.is_cut = is_cut
        conn.data_ready = True
        conn.init()
        conn.parser.unreader.unread(bytes(conn.received))
        conn.received.clear()
        conn.was_told_to_continue = False
        self.enqueue_req(conn)

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        # What is left of a request that was too large is not waited for.
        return not conn.is_cut and bool(super()._keepalive_after(conn, keepalive))

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        if fs.cancelled() or fs.exception() is not None or not fs.result():
            self._part(conn)
            return
        conn.sock.setblocking(False)
        conn.received += conn.parser.unreader.take_buffered()
        if conn.received:
            self._go_on(conn, progress(conn.received, self.most_body))
            return
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _part(self, conn: Connection) -> None:
        # Without reading on, the kernel would answer late data with a reset, which can take the answer with it.
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            self._close(conn)
        else:
            self._wait(self._parting, conn, SECONDS_FOR_A_FAREWELL, self._on_farewell)

    def _on_farewell(self, conn: Connection, client: Any) -> None:
        try:
            is_over = not client.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            is_over = True
        if is_over:
            self._end_waiting(self._parting, conn)

    def _wait(
        self, waiting: dict[Connection, None], conn: Connection, seconds: float, then: Callable[..., None]
    ) -> None:
        conn.deadline = time.monotonic() + seconds
        waiting[conn] = None
        self.poller.register(conn.sock, EVENT_READ, partial(then, conn))

    def murder_pending(self) -> None:
        """Close what has waited for too long, and when this worker stops, who has not begun to ask."""
        super().murder_pending()
        now = time.monotonic()
        for waiting in (self._reading, self._parting):
            while waiting and (first := next(iter(waiting))).deadline <= now:
                self._end_waiting(waiting, first)
        if not self.alive:
            for conn in [conn for conn in self._reading if not conn.received]:
                self._end_waiting(self._reading, conn)

    def _end_waiting(self, waiting: dict[Connection, None], conn: Connection) -> None:
        del waiting[conn]
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()


def taking_bodies_of(most_body: int) -> type[Worker]:
    """Return the worker for a limit of request bodies: gunicorn makes the instances, and hands on only its own settings."""
    return type("Worker", (Worker,), {"most_body": most_body})
