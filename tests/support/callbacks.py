"""An application whose only page is the one that sign-ins return to, for tests in a browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response


@dataclass
class CallbackPage:
    """A page with the given URL. ``bodies`` are the bodies of the requests to it."""

    url: str = ""
    bodies: list[str] = field(default_factory=list)


@contextmanager
def callback_page() -> Iterator[CallbackPage]:
    """Serve the page on a free port."""
    page = CallbackPage()

    @Request.application
    def application(request: Request) -> Response:
        if request.path == "/cb":
            page.bodies.append(request.get_data(as_text=True))
        return Response("<!doctype html><title>The application</title>", mimetype="text/html")

    server = make_server("127.0.0.1", 0, application, threaded=True)
    page.url = f"http://127.0.0.1:{server.port}/cb"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield page
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
