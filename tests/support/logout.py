"""Shared by the logout tests: an application that receives logout notices, and the user's browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from werkzeug.test import TestResponse

from authserver.protocol.services import Services
from tests.support import forms
from tests.support.relying_party import RelyingParty, register


@dataclass
class Receiver:
    """A back-channel logout endpoint on loopback that records the requests.

    With ``together``, the endpoint responds only when as many requests have arrived as the barrier has parties.
    ``declared`` is the Content-Length of a response body that it never sends.
    """

    url: str
    status: int = 200
    together: threading.Barrier | None = None
    declared: int = 0
    received: list[dict[str, Any]] = field(default_factory=list)

    @property
    def tokens(self) -> list[str]:
        """Return the logout tokens in the order of their arrival."""
        return [parse_qs(request["body"])["logout_token"][0] for request in self.received]


@contextmanager
def logout_receiver() -> Iterator[Receiver]:
    """Start a receiver and stop it afterwards."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            receiver.received.append({"path": self.path, "type": self.headers["Content-Type"], "body": body})
            if receiver.together is not None:
                receiver.together.wait()
            self.send_response(receiver.status)
            self.send_header("Content-Length", str(receiver.declared))
            self.end_headers()
            if receiver.declared:
                self.rfile.read(1)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/backchannel?tenant=a")
    with _running(server):
        yield receiver


@contextmanager
def site(port: int, page: str) -> Iterator[str]:
    """Serve one page at every path of a loopback port, as an application would."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    with _running(ThreadingHTTPServer(("127.0.0.1", port), Handler)):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def party(rp: RelyingParty, services: Services, name: str = "The Party", **details: Any) -> RelyingParty:
    """Register another approved application that the same browser uses."""
    other = RelyingParty(rp.app, *register(services, name=name, details=details))
    other.browser = rp.browser
    return other


def end_session(rp: RelyingParty, **parameters: str) -> TestResponse:
    """Send the browser to the end session endpoint."""
    return rp.browser.get("/oidc/end_session", query_string=parameters)


def sign_out(rp: RelyingParty) -> TestResponse:
    """Confirm the sign-out. The response redirects to the page with the result."""
    return forms.submit(rp.browser, rp.browser.get("/sign-out"), "logout-confirm")


def is_signed_in(rp: RelyingParty) -> bool:
    """Return whether this browser has a valid session."""
    return 'id="logout-confirm"' in rp.browser.get("/sign-out").text
