"""The WSGI application of the machine endpoints: parses requests, calls handlers, and renders their errors.

It runs in front of Flask, and passes requests for other paths to Flask. It bypasses Flask because Flask would take
longer than the handler of a machine endpoint.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import exc

from authserver import logs
from authserver.domain.diagnostics.causes import Cause
from authserver.errors import Busy, Throttled
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import FORM_TYPE, Request, Response, parse_form, parse_pairs
from authserver.protocol.services import Services
from authserver.vocabulary import EndpointPath
from authserver.web import network
from authserver.web.machine import cross_site, error_responses, wsgi_io
from authserver.web.machine.cors import Cors, Origins
from authserver.web.machine.error_responses import Renderer

log = logs.get("machine")

Handler = Callable[[Services, Request], Response]
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

ANY = "<key>"
"""The placeholder for the last segment of a route's path. The handler reads the segment from the request path."""
_READING = frozenset({"GET", "HEAD"})
_RETRY_AFTER_OUTAGE = ("Retry-After", "5")
_SLASHES = re.compile("/+")


class Route(NamedTuple):
    """An endpoint: its handler, its methods, and the format of its errors.

    ``invalid_request`` is the code that the error format uses for malformed requests. ``is_recorded`` is False for
    public documents, because anyone may request them. ``origins`` states which scripts may call the endpoint (CORS).
    ``writes_on_get`` is True if a GET request changes state.
    """

    handler: Handler
    methods: tuple[str, ...]
    render_error: Renderer = error_responses.json_error
    invalid_request: str = ErrorCode.INVALID_REQUEST
    is_recorded: bool = True
    origins: Origins = Origins.NONE
    writes_on_get: bool = False


class MachineApp:
    """A WSGI application that serves the machine endpoints, and passes all other requests to ``fallback``."""

    def __init__(self, fallback: WsgiApp, services: Services, routes: Mapping[str, Route]) -> None:
        self._fallback = fallback
        self._services = services
        self.routes = routes
        self._cors = Cors(services)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        wanted = environ.get("PATH_INFO", "")
        path = self._route_path(wanted) or self._route_path(_without_extra_slashes(wanted))
        if path is None:
            return self._fallback(environ, start_response)
        method, route = environ["REQUEST_METHOD"], self.routes[path]
        response = self._respond(path, route, environ)
        if method != "OPTIONS":
            # Scripts must be able to read error responses, too.
            response = self._cors.add_headers(route.origins, environ.get("HTTP_ORIGIN"), response)
        return wsgi_io.send_response(
            response, method, start_response, is_secure=self._services.settings.is_secure
        )

    def _route_path(self, path: str) -> str | None:
        """Return the path in the route table that matches a path, or None."""
        parent, _, last = path.rpartition("/")
        candidates = (path, f"{parent}/{ANY}") if last else (path,)
        return next((candidate for candidate in candidates if candidate in self.routes), None)

    def _respond(self, path: str, route: Route, environ: Environ) -> Response:
        request = None
        try:
            request = self._accept(path, route, environ)
            return request if isinstance(request, Response) else self._handle(route, request)
        except Exception as exception:  # noqa: BLE001
            error = _protocol_error(exception, environ)
            is_from_endpoint = request is not None and exception is error
        if error.error == ErrorCode.INVALID_REQUEST:
            error.details = replace(error.details, error=route.invalid_request)
        reference = ""
        if route.is_recorded:
            reference = self._services.error_log.record(error.details, path, self._address(environ))
        response = route.render_error(self._services, error, reference)
        if response.body and not is_from_endpoint:
            # RFC 6749, section 5.1, requires Pragma only in responses of the endpoint itself.
            response = replace(response, headers=tuple(one for one in response.headers if one[0] != "Pragma"))
        return response

    def _accept(self, path: str, route: Route, environ: Environ) -> Request | Response:
        """Return the request for the handler, or the response to a preflight request."""
        method = environ["REQUEST_METHOD"]
        is_preflight = method == "OPTIONS" and "HTTP_ORIGIN" in environ
        if not is_preflight:
            if self._route_path(environ["PATH_INFO"]) is None:
                raise _extra_slash(environ["PATH_INFO"])
            if method not in route.methods:
                raise _method_not_allowed(route, method)
        if path != EndpointPath.LIVE:
            # Refresh the keys before the request holds a connection. The liveness check must not need the database.
            self._services.key_ring.refresh()
        if is_preflight:
            response = self._cors.preflight(route.origins, route.methods, environ["HTTP_ORIGIN"])
            if response is None:
                raise _preflight_rejected(route)
            return response
        self._check_site(route, environ)
        return self._read(environ)

    def _check_site(self, route: Route, environ: Environ) -> None:
        """Raise invalid_request if a page of another site must not cause this request (S21)."""
        is_reading = environ["REQUEST_METHOD"] in _READING and not route.writes_on_get
        if is_reading or not cross_site.is_from_another_site(environ, self._services.settings.origin):
            return
        origin = environ.get("HTTP_ORIGIN", "").strip()
        if not self._cors.accepts(route.origins, origin):
            raise _from_another_site(route, origin)

    def _handle(self, route: Route, request: Request) -> Response:
        try:
            return route.handler(self._services, request)
        except (exc.IntegrityError, exc.NoResultFound):
            # A record was removed while the handler ran. Run the handler again, so that it reports the missing record.
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
            form=parse_form(body) if is_form else None,
            headers=wsgi_io.read_headers(environ),
            body=body,
            address=self._address(environ),
            request_id=environ.get("authserver.request_id", ""),
        )

    def _address(self, environ: Environ) -> str:
        return network.client_address(
            environ.get("REMOTE_ADDR", ""),
            environ.get("HTTP_X_FORWARDED_FOR", ""),
            self._services.settings.trusted_proxies,
        )


def _protocol_error(exception: Exception, environ: Environ) -> ProtocolError:
    """Return the ProtocolError that reports an exception to the client. Log exceptions that clients do not cause."""
    path = environ["PATH_INFO"]
    if isinstance(exception, ProtocolError):
        return exception
    if isinstance(exception, Throttled):
        code = (
            ErrorCode.TEMPORARILY_UNAVAILABLE if isinstance(exception, Busy) else ErrorCode.TOO_MANY_REQUESTS
        )
        retry_after = ("Retry-After", str(exception.retry_after))
        return ProtocolError(code, None, str(exception), headers=(retry_after,))
    if isinstance(exception, exc.DataError):
        log.warning("refused by the database", path=path, detail=str(exception.orig)[:200])
        return ProtocolError(
            ErrorCode.INVALID_REQUEST, Cause.PARAMETER_UNSTORABLE, "A parameter cannot be stored."
        )
    if isinstance(exception, exc.DBAPIError | exc.TimeoutError):
        kind, detail = type(exception).__name__, str(exception)[:300]
        log.warning("database unavailable", path=path, error=kind, detail=detail)
        return ProtocolError(
            ErrorCode.TEMPORARILY_UNAVAILABLE,
            None,
            "The database is not available. Try again in a moment.",
            headers=(_RETRY_AFTER_OUTAGE,),
        )
    log.error("unexpected error", path=path, exc_info=exception)
    return ProtocolError(
        ErrorCode.SERVER_ERROR, None, "The server encountered an unexpected error. See the server log."
    )


def _method_not_allowed(route: Route, method: str) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_REQUEST,
        Cause.METHOD_NOT_ALLOWED,
        f"This endpoint does not support the request method. Use {' or '.join(route.methods)}.",
        received=method[:60],
        expected=" ".join(route.methods),
        status=405,
        headers=(("Allow", ", ".join(route.methods)),),
    )


def _without_extra_slashes(path: str) -> str:
    return _SLASHES.sub("/", path).rstrip("/")


def _extra_slash(path: str) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_REQUEST,
        Cause.EXTRA_SLASH,
        "The URL of this endpoint has no slash at the end and no repeated slash. Remove the slash.",
        received=path[:200],
        expected=_without_extra_slashes(path)[:200],
        status=404,
    )


def _from_another_site(route: Route, origin: str) -> ProtocolError:
    is_open = route.origins is Origins.REGISTERED
    return ProtocolError(
        ErrorCode.INVALID_REQUEST,
        Cause.ORIGIN_NOT_REGISTERED if is_open else Cause.CROSS_SITE_REQUEST,
        "The origin of this web page is not the origin of a redirect URI of an approved client."
        if is_open
        else "This endpoint does not accept requests from web pages of other sites.",
        received=origin[:200],
        expected="the origin of a registered redirect URI" if is_open else "no Origin header",
        status=403,
    )


def _preflight_rejected(route: Route) -> ProtocolError:
    error = _method_not_allowed(route, "OPTIONS")
    # Browsers send preflight requests automatically and do not show the response, so the error is not recorded.
    error.details = replace(error.details, cause=None)
    return error
