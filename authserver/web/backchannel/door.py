"""The machine door: turns a WSGI request into the law's strict request value and its answer into bytes.

It stands before Flask's dispatch, which would cost more than the work itself on these paths. What it does not serve it
hands on.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import exc

from authserver import logs
from authserver.errors import Busy, Throttled
from authserver.protocol.messages import (
    FORM_TYPE,
    MalformedRequest,
    Request,
    Response,
    json_response,
    read_pairs,
)
from authserver.protocol.services import Services
from authserver.web import addresses
from authserver.web.backchannel import wire
from authserver.web.backchannel.cross_origin import CrossOrigin

log = logs.get("backchannel")

Handler = Callable[[Services, Request], Response]
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


def json_mistake(status: int, error: str, description: str, *headers: tuple[str, str]) -> Response:
    """Return a refusal in the format of most endpoints (RFC 6749, section 5.2)."""
    return json_response(
        status,
        {"error": error, "error_description": description},
        (("Cache-Control", "no-store"), *headers),
    )


ANY = "<key>"
"""In place of the last part of a route: whatever stands there, which the handler reads from the request's path."""


class Route(NamedTuple):
    """What serves a path, and by which methods; ``refuse`` answers what never reaches it in the endpoint's own format."""

    handler: Handler
    methods: tuple[str, ...]
    refuse: Callable[..., Response] = json_mistake


class MachineDoor:
    """A WSGI application that serves the machine routes and hands the rest on."""

    def __init__(self, otherwise: WsgiApp, services: Services, routes: Mapping[str, Route]) -> None:
        self._otherwise = otherwise
        self._services = services
        self.routes = routes
        self._cross_origin = CrossOrigin(services)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        route = self._route(environ.get("PATH_INFO", ""))
        if route is None:
            return self._otherwise(environ, start_response)
        method = environ["REQUEST_METHOD"]
        response = self._answer(route, environ)
        if method != "OPTIONS":
            # Refusals too: a script that cannot read why it was refused cannot do better.
            response = self._cross_origin.share(environ["PATH_INFO"], environ.get("HTTP_ORIGIN"), response)
        return wire.send(response, method, start_response)

    def _route(self, path: str) -> Route | None:
        route = self.routes.get(path)
        return route or self.routes.get(f"{path.rpartition('/')[0]}/{ANY}")

    def _answer(self, route: Route, environ: Environ) -> Response:
        method = environ["REQUEST_METHOD"]
        if method not in route.methods and not (method == "OPTIONS" and "HTTP_ORIGIN" in environ):
            return _refuse_method(route)
        try:
            # The schedule of the signing keys is kept here, where no transaction is open.
            self._services.ring.tend()
            return self._serve(route, environ)
        except wire.TooLarge:
            return route.refuse(413, "invalid_request", "The request body is too large.")
        except MalformedRequest as error:
            return route.refuse(400, "invalid_request", str(error))
        except Throttled as error:
            is_busy = isinstance(error, Busy)
            status, word = (503, "temporarily_unavailable") if is_busy else (429, "too_many_requests")
            return route.refuse(status, word, str(error), ("Retry-After", str(error.retry_after)))
        except exc.DataError as error:
            log.warning("refused by the database", path=environ["PATH_INFO"], detail=str(error.orig)[:200])
            return route.refuse(400, "invalid_request", "A parameter cannot be stored.")
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
            return answer or _refuse_method(route)
        return route.handler(self._services, self._read(environ))

    def _read(self, environ: Environ) -> Request:
        settings = self._services.settings
        content_type = environ.get("CONTENT_TYPE", "")
        body = wire.read_body(environ, settings.max_body_bytes)
        is_form = content_type.partition(";")[0].strip().lower() == FORM_TYPE
        return Request(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            query=read_pairs(environ.get("QUERY_STRING", "")),
            form=read_pairs(wire.text(body)) if is_form else None,
            headers=wire.headers(environ),
            body=body,
            address=addresses.client_address(
                environ.get("REMOTE_ADDR", ""),
                environ.get("HTTP_X_FORWARDED_FOR", ""),
                settings.trusted_proxies,
            ),
            request_id=environ.get("authserver.request_id", ""),
        )


def _refuse_method(route: Route) -> Response:
    allow = ("Allow", ", ".join(route.methods))
    return route.refuse(405, "invalid_request", f"Use {' or '.join(route.methods)}.", allow)
