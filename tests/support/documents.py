"""A server on loopback that serves a client's JSON document and counts the requests.

``meanwhile`` is called while a request waits, so that a test can check what the caller keeps locked.
"""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class DocumentServer:
    """Serves ``document`` at every path: bytes unchanged, all other values as JSON."""

    def __init__(self, document: Any, status: int = 200) -> None:
        self.document = document
        self.status = status
        self.request_count = 0
        self.meanwhile: Callable[[], None] = lambda: None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.respond(self)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/document.json"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        """Respond to one request."""
        self.request_count += 1
        self.meanwhile()
        body = self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()
        handler.send_response(self.status)
        handler.send_header("Content-Type", "application/json")
        if self.status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.status != 204:
            handler.wfile.write(body)

    def close(self) -> None:
        """Stop listening."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
