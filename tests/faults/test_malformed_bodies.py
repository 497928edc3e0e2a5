"""Bodies with invalid HTTP framing, sent to a real server, get 400 in the format of the endpoint (S26, I6)."""

import json
import socket
from itertools import product
from urllib.parse import urlsplit

from tests.support.servers import LiveServer

FORM = "Content-Type: application/x-www-form-urlencoded"
BROKEN_CHUNKS = ["zz\r\n", "-5\r\nabc\r\n", "ffffffffffffffff\r\nabc", "3\r\nabcdef\r\n0\r\n\r\n", "5\r\nab"]
MACHINE_ENDPOINTS = ["/oauth2/token", "/oauth2/introspect", "/oauth2/register", "/oauth/requestKey"]
PAGES = ["/oauth2/authorize", "/oidc/end_session", "/sign-in", "/sign-in/code", "/device"]


def send(server: LiveServer, path: str, *headers: str, body: str) -> tuple[int, str]:
    """Send bytes, close the sending side, and return the status and body of the response."""
    address = urlsplit(server.url)
    assert address.hostname
    assert address.port
    lines = [f"POST {path} HTTP/1.1", f"Host: {address.netloc}", "Connection: close", *headers, "", ""]
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode() + body.encode())
        connection.shutdown(socket.SHUT_WR)
        response = b""
        while part := connection.recv(65536):
            response += part
    head, _, content = response.partition(b"\r\n\r\n")
    return int(head.split()[1]), content.decode("utf-8", "replace")


def test_malformed_chunks_are_rejected_in_the_format_of_the_endpoint(live_server: LiveServer) -> None:
    """One server gets all requests, because starting a server takes longer than a hundred requests."""
    for path, chunks in product(MACHINE_ENDPOINTS, BROKEN_CHUNKS):
        status, content = send(live_server, path, FORM, "Transfer-Encoding: chunked", body=chunks)
        assert (status, "error" in json.loads(content)) == (400, True), (path, chunks, content)
    for path, chunks in product(PAGES, BROKEN_CHUNKS):
        status, content = send(live_server, path, FORM, "Transfer-Encoding: chunked", body=chunks)
        assert (status, "<h1>" in content) == (400, True), (path, chunks, content)
    assert "unexpected error" not in live_server.log_text()


def test_truncated_body_is_rejected(live_server: LiveServer) -> None:
    """RFC 9112, section 8: an incomplete request is not treated as complete. A truncated scope would grant the default."""
    form = "grant_type=client_credentials&sco"
    status, content = send(live_server, "/oauth2/token", FORM, "Content-Length: 200", body=form)
    assert (status, json.loads(content)["error"]) == (400, "invalid_request")
    status, content = send(
        live_server, "/oauth2/authorize", FORM, "Content-Length: 200", body="client_id=x&s"
    )
    assert (status, "<h1>" in content) == (400, True)


def test_valid_chunks_are_read(live_server: LiveServer) -> None:
    """RFC 9112, section 7.1: a valid chunked request is served."""
    form = "client_id=x&grant_type=nothing"
    chunks = f"{len(form):x}\r\n{form}\r\n0\r\n\r\n"
    status, content = send(live_server, "/oauth2/token", FORM, "Transfer-Encoding: chunked", body=chunks)
    assert (status, json.loads(content)["error"]) == (400, "unsupported_grant_type")
