"""The worker: whole requests reach the threads, whatever clients do; slow ones cost nobody anything (S28)."""

import socket
import time
import urllib.request
from contextlib import ExitStack, closing

import pytest

from authserver.cli.worker import Progress, progress
from tests.support import servers

HEAD = b"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
BODY = b"grant_type=authorization_code&code=x"


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"", Progress.PARTIAL),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", Progress.PARTIAL),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Progress.WHOLE),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /", Progress.WHOLE),
        (HEAD + b"Content-Length: 5\r\n\r\n1234", Progress.PARTIAL),
        (HEAD + b"Content-Length: 5\r\n\r\n12345", Progress.WHOLE),
        (HEAD + b"CONTENT-LENGTH:5\r\n\r\n1234", Progress.PARTIAL),
        (HEAD + b"Content-Length: 101\r\n\r\n", Progress.TOO_LARGE),
        (HEAD + b"Content-Length: nonsense\r\n\r\n", Progress.WHOLE),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", Progress.PARTIAL),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n", Progress.WHOLE),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 201, Progress.TOO_LARGE),
        (b"G" * 65537, Progress.TOO_LARGE),
    ],
)
def test_how_far_a_request_has_come(received, expected):
    assert progress(received, 100) is expected


@pytest.fixture
def node(live_server):
    """Where the server listens."""
    host, port = live_server.url.removeprefix("http://").split(":")
    return host, int(port)


def answer(connection, *, until=b"\r\n\r\n"):
    received = b""
    while until not in received:
        piece = connection.recv(65536)
        if not piece:
            break
        received += piece
    return received


def status(received):
    return int(received.split(b" ", 2)[1])


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    "beginning",
    [b"", b"POST /oauth2/token HTTP/1.1\r\nHost: x\r\n", HEAD + b"Content-Length: 1000\r\n\r\na"],
    ids=["silent", "head", "body"],
)
def test_two_hundred_slow_clients_cost_nobody_anything(live_server, node, beginning):
    with ExitStack() as stack:
        slow = [stack.enter_context(closing(socket.create_connection(node))) for _ in range(200)]
        for connection in slow:
            connection.sendall(beginning)
        times = []
        for connection in slow:
            began = time.monotonic()
            with urllib.request.urlopen(f"{live_server.url}/livez", timeout=5) as response:
                assert response.status == 200
            times.append(time.monotonic() - began)
            if beginning:
                connection.sendall(b"X")
    assert sorted(times)[-3] < 0.5


@pytest.mark.only_on("sqlite")
def test_a_request_may_come_in_pieces(node):
    with socket.create_connection(node) as connection:
        request = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
        for start in range(0, len(request), 40):
            connection.sendall(request[start : start + 40])
            time.sleep(0.01)  # a packet of its own
        assert status(answer(connection)) == 401


@pytest.mark.only_on("sqlite")
def test_requests_may_follow_each_other_on_one_connection(node):
    get = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    post = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    with socket.create_connection(node) as connection:
        for _ in range(3):
            connection.sendall(get)
            assert status(answer(connection, until=b'"live"}')) == 200
        # Several at once, the last one cut in the middle.
        connection.sendall(post + get + get[:10])
        received = answer(connection, until=b'"live"}')
        assert (status(received), received.count(b"HTTP/1.1 200")) == (401, 1)
        connection.sendall(get[10:])
        assert status(answer(connection, until=b'"live"}')) == 200


@pytest.mark.only_on("sqlite")
def test_chunked_bodies_are_read(node):
    with socket.create_connection(node) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"%x\r\n%b\r\n" % (len(BODY), BODY))
        connection.sendall(b"0\r\n\r\n")
        assert b"invalid_client" in answer(connection, until=b"}")


@pytest.mark.only_on("sqlite")
def test_who_waits_to_be_told_is_told_to_go_on(node):
    with socket.create_connection(node) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        assert status(answer(connection)) == 100
        connection.sendall(BODY)
        assert b"invalid_client" in answer(connection, until=b"}")


@pytest.mark.only_on("sqlite")
def test_what_is_too_large_is_refused_without_waiting_for_it(node):
    with socket.create_connection(node) as connection:
        connection.settimeout(servers.PATIENCE)
        began = time.monotonic()
        connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n" + b"a" * 1000)
        received = answer(connection, until=b"}")
        assert status(received) == 413
        assert connection.recv(1) == b"", "and the connection ends"
        assert time.monotonic() - began < 2


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    "request_line",
    [b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 70000, b"\x16\x03\x01\x00\r\n\r\n"],
)
def test_what_is_no_request_gets_an_error_and_the_connection_ends(node, request_line):
    with socket.create_connection(node) as connection:
        connection.settimeout(servers.PATIENCE)
        connection.sendall(request_line)
        assert 400 <= status(answer(connection)) < 506
        while connection.recv(65536):
            pass


@pytest.mark.only_on("sqlite")
def test_who_does_not_leave_after_the_answer_holds_nothing_up(live_server, node):
    with ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(closing(socket.create_connection(node)))
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        began = time.monotonic()
        with urllib.request.urlopen(f"{live_server.url}/livez", timeout=5) as response:
            assert response.status == 200
        assert time.monotonic() - began < 1


@pytest.mark.only_on("sqlite")
def test_who_does_not_read_the_answer_holds_no_thread(live_server, node):
    with ExitStack() as stack:
        for _ in range(50):
            connection = stack.enter_context(closing(socket.socket()))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            connection.connect(node)
            connection.sendall(b"GET /.well-known/openid-configuration HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        began = time.monotonic()
        with urllib.request.urlopen(f"{live_server.url}/livez", timeout=5) as response:
            assert response.status == 200
        assert time.monotonic() - began < 1
