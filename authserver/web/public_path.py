"""Serves the application below the path of the public URL, and logs every request with a new id."""

import time
from collections.abc import Callable, Iterable
from string import punctuation
from typing import Any
from urllib.parse import quote

from authserver import logs
from authserver.domain import typed_codes
from authserver.vocabulary import EndpointPath
from authserver.web import request_body

log = logs.get("web")

# Health checks are at the root of the host, outside the path of the public URL, like the metadata of RFC 8414.
_AT_ROOT = frozenset({EndpointPath.LIVE, EndpointPath.READY})
_ID_LENGTH = 10
_NOT_FOUND = b"Page not found.\n"


class PublicPath:
    """WSGI middleware that removes the path of the public URL."""

    def __init__(self, inner: Callable[..., Iterable[bytes]], base_path: str) -> None:
        self._inner = inner
        self._base_path = base_path
        self._metadata_at_root = f"{EndpointPath.OAUTH_METADATA}{base_path}"

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["authserver.request_id"] = request_id = typed_codes.generate_code(_ID_LENGTH)
        started = time.perf_counter()
        request_body.guard(environ)
        path = environ.get("PATH_INFO", "")
        if not environ.get("QUERY_STRING", "").isascii():
            # Flask decodes the query as UTF-8 before any view runs; raw bytes may not be UTF-8.
            environ["QUERY_STRING"] = quote(environ["QUERY_STRING"], safe=punctuation, encoding="latin-1")

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            log.info(
                "request",
                request_id=request_id,
                method=environ["REQUEST_METHOD"],
                path=path[:200],
                status=int(status[:3]),
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
            return start_response(status, [*headers, ("X-Request-Id", request_id)], *rest)

        if not self._enter(environ, path):
            start("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", str(len(_NOT_FOUND)))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [_NOT_FOUND]
        return self._inner(environ, start)

    def _enter(self, environ: dict[str, Any], path: str) -> bool:
        # Some servers read SCRIPT_NAME from a request header. Only the public URL determines the path (S25).
        environ["SCRIPT_NAME"] = ""
        # A slash at the end is an error, but the endpoint reports it in its own format.
        at_root = path.rstrip("/")
        if at_root == self._metadata_at_root:
            environ["PATH_INFO"] = f"{EndpointPath.OAUTH_METADATA}{path[len(at_root) :]}"
            return True
        if at_root in _AT_ROOT:
            return True
        if self._base_path and path != self._base_path and not path.startswith(f"{self._base_path}/"):
            return False
        environ["SCRIPT_NAME"] = self._base_path
        environ["PATH_INFO"] = path[len(self._base_path) :] or "/"
        return True
