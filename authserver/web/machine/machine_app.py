"""The machine door: turns a WSGI request into the law's strict request value and its answer into bytes.

It stands before Flask's dispatch, which would cost more than the work itself on these paths. What it does not serve it
hands on.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from sqlalchemy import exc

from authserver import logs
from authserver.errors import Busy, Throttled
from authserver.protocol.http import (
    FORM_TYPE,
    MalformedRequest,
    Request,
    Response,
    json_response,
    parse_pairs,
)
from authserver.protocol.oauth2.error_responses import record_error
from authserver.protocol.oauth2.errors import describe, oauth_error, unreadable_request
from authserver.protocol.services import Services
from authserver.vocabulary import EndpointPath
from authserver.web import network
from authserver.web.machine import wsgi_io
from authserver.web.machine.cors import Cors

log = logs.get("backchannel")

Handler = Callable[[Services, Request], Response]
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


def json_error(status: int, error: str, description: str, *headers: tuple[str, str]) -> Response:
    """Return a refusal in the format of most endpoints (RFC 6749, section 5.2)."""
    return json_response(
        status,
        {"error": error, "error_description": description},
        (("Cache-Control", "no-store"), *headers),
    )


ANY = "<key>"
"""In place of the last part of a route: whatever stands there, which the handler reads from the request's path."""


class Route(NamedTuple):
    """What serves a path, and by which methods; ``refuse`` answers what never reaches it in the endpoint's own format.

    ``error`` is that format's word for a request that cannot be read. What is refused at public documents, which anybody
    may ask for as they like, is not recorded in the diagnostics ledger.
    """

    handler: Handler
    methods: tuple[str, ...]
    refuse: Callable[..., Response] = json_error
    error: str = "invalid_request"
    is_recorded: bool = True


class MachineApp:
    """A WSGI application that serves the machine routes and hands the rest on."""

    def __init__(self, otherwise: WsgiApp, services: Services, routes: Mapping[str, Route]) -> None:
        self._otherwise = otherwise
        self._services = services
        self.routes = routes
        self._cross_origin = Cors(services)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = self._path(environ.get("PATH_INFO", ""))
        if path is None:
            return self._otherwise(environ, start_response)
        method = environ["REQUEST_METHOD"]
        response = self._answer(path, environ)
        if method != "OPTIONS":
            # Refusals too: a script that cannot read why it was refused cannot do better.
            response = self._cross_origin.share(environ["PATH_INFO"], environ.get("HTTP_ORIGIN"), response)
        return wsgi_io.send_response(
            response, method, start_response, is_secure=self._services.settings.is_secure
        )

    def _path(self, path: str) -> str | None:
        """Return how a path is called in the table of routes, or None where it is not there."""
        names = (path, f"{path.rpartition('/')[0]}/{ANY}")
        return next((name for name in names if name in self.routes), None)

    def _answer(self, path: str, environ: Environ) -> Response:
        route, method = self.routes[path], environ["REQUEST_METHOD"]
        if method not in route.methods and not (method == "OPTIONS" and "HTTP_ORIGIN" in environ):
            return self._refuse(path, environ, 405, _wrong_method(route, method), _allow(route))
        try:
            if path != EndpointPath.LIVE:
                # Here no connection is held; and that the process lives must be told without a database.
                self._services.key_ring.tend()
            return self._serve(route, environ)
        except wsgi_io.TooLarge:
            return self._refuse(path, environ, 413, self._too_large(environ))
        except MalformedRequest as error:
            return self._refuse(path, environ, 400, unreadable_request(error))
        except Throttled as error:
            is_busy = isinstance(error, Busy)
            status, word = (503, "temporarily_unavailable") if is_busy else (429, "too_many_requests")
            return route.refuse(status, word, str(error), ("Retry-After", str(error.retry_after)))
        except exc.DataError as error:
            log.warning("refused by the database", path=environ["PATH_INFO"], detail=str(error.orig)[:200])
            sentence = "A parameter cannot be stored."
            return self._refuse(
                path, environ, 400, oauth_error(InvalidRequestError, sentence, "parameter-unstorable")
            )
        except (exc.DBAPIError, exc.TimeoutError) as error:
            log.warning(
                "database unavailable",
                path=environ["PATH_INFO"],
                error=type(error).__name__,
                detail=str(error)[:300],
            )
            sentence = "The database does not answer. Try again in a moment."
            return route.refuse(503, "temporarily_unavailable", sentence, ("Retry-After", "5"))
        except Exception:
            log.exception("unexpected error", path=environ["PATH_INFO"])
            return route.refuse(
                500, "server_error", "The server met an unexpected condition; its log says more."
            )

    def _serve(self, route: Route, environ: Environ) -> Response:
        if environ["REQUEST_METHOD"] == "OPTIONS":
            path, origin = environ["PATH_INFO"], environ["HTTP_ORIGIN"]
            answer = self._cross_origin.preflight(path, route.methods, origin)
            # Whoever asks this is a browser, which shows nobody the answer.
            return answer or route.refuse(405, route.error, _sentence(route), _allow(route))
        request = self._read(environ)
        try:
            return route.handler(self._services, request)
        except (exc.IntegrityError, exc.NoResultFound):
            # Something was removed between the handler's reading and its writing; now it finds it gone, and says so.
            return route.handler(self._services, request)

    def _read(self, environ: Environ) -> Request:
        settings = self._services.settings
        content_type = environ.get("CONTENT_TYPE", "")
        body = wsgi_io.read_body(environ, settings.max_body_bytes)
        is_form = content_type.partition(";")[0].strip().lower() == FORM_TYPE
        return Request(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            query=parse_pairs(environ.get("QUERY_STRING", "")),
            form=parse_pairs(wsgi_io.decode_form(body)) if is_form else None,
            headers=wsgi_io.read_headers(environ),
            body=body,
            address=self._address(environ),
            request_id=environ.get("authserver.request_id", ""),
        )

    def _refuse(
        self, path: str, environ: Environ, status: int, error: OAuth2Error, *headers: tuple[str, str]
    ) -> Response:
        """Record why a request does not reach its handler, and answer it in the endpoint's own format."""
        route, reference = self.routes[path], ""
        error.error = route.error
        if route.is_recorded:
            reference = record_error(self._services.error_log, path, self._address(environ), error)
        return route.refuse(status, route.error, describe(error, reference), *headers)

    def _too_large(self, environ: Environ) -> OAuth2Error:
        declared = environ.get("CONTENT_LENGTH")
        return oauth_error(
            InvalidRequestError,
            "The request body is too large.",
            "body-too-large",
            received=f"{declared} bytes" if declared else "",
            expected=f"{self._services.settings.max_body_bytes} bytes at most",
        )

    def _address(self, environ: Environ) -> str:
        return network.client_address(
            environ.get("REMOTE_ADDR", ""),
            environ.get("HTTP_X_FORWARDED_FOR", ""),
            self._services.settings.trusted_proxies,
        )


def _wrong_method(route: Route, method: str) -> OAuth2Error:
    return oauth_error(
        InvalidRequestError,
        _sentence(route),
        "method-not-allowed",
        received=method[:60],
        expected=" ".join(route.methods),
    )


def _sentence(route: Route) -> str:
    return f"Use {' or '.join(route.methods)}."


def _allow(route: Route) -> tuple[str, str]:
    return "Allow", ", ".join(route.methods)
