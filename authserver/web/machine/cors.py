"""Cross-origin requests (CORS): which scripts may call the endpoints that clients in a browser need.

Scripts of every origin may read the public documents and register a client. Scripts of registered origins may call the
endpoints that a client uses with its credentials or tokens. CORS grants no access by itself: the endpoints check every
request, and cookies are never allowed. A registered origin is looked up for every request that has one, so that
disapproving a client takes effect immediately. The last known owner of an origin is cached and checked first.
"""

from dataclasses import replace
from enum import Enum, auto

from sqlalchemy import exc

from authserver import logs
from authserver.domain.clients import redirect_uris, web_origins
from authserver.domain.clients.web_origins import OriginOwner
from authserver.protocol.http import Response
from authserver.protocol.services import Services


class Origins(Enum):
    """The origins whose scripts may call an endpoint."""

    NONE = auto()
    REGISTERED = auto()
    EVERY = auto()


_ALLOW_ORIGIN = "Access-Control-Allow-Origin"
_EVERY_ORIGIN = (_ALLOW_ORIGIN, "*")
_VARY = ("Vary", "Origin")
_EXPOSED = ("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
# Clients of the Model Context Protocol send MCP-Protocol-Version with discovery requests.
_HEADERS = ("Access-Control-Allow-Headers", "Authorization, Content-Type, MCP-Protocol-Version")
_MAX_AGE = ("Access-Control-Max-Age", "600")

log = logs.get("cross_origin")


class Cors:
    """Decides which origins may read responses."""

    def __init__(self, services: Services) -> None:
        self._database = services.database
        self._listed = redirect_uris.web_origins_of(services.settings.cors_origins)
        self._owners: dict[str, OriginOwner] = {}

    def add_headers(self, origins: Origins, origin: str | None, response: Response) -> Response:
        """Return the response. If the origin is allowed, add the headers that let its scripts read the response."""
        headers = self._origin_headers(origins, origin)
        if _is_allowed_by(headers):
            headers.append(_EXPOSED)
        return replace(response, headers=[*response.headers, *headers])

    def preflight(self, origins: Origins, methods: tuple[str, ...], origin: str) -> Response | None:
        """Return the response to a preflight request (Fetch, section 3.2.2), or None for an endpoint without CORS."""
        headers = self._origin_headers(origins, origin)
        if not headers:
            return None
        if _is_allowed_by(headers):
            headers += [("Access-Control-Allow-Methods", ", ".join(methods)), _HEADERS, _MAX_AGE]
        return Response(204, b"", headers)

    def accepts(self, origins: Origins, origin: str) -> bool:
        """Return whether a page of this origin may send a request that changes state; raises errors of the database."""
        if origins is Origins.REGISTERED:
            return origin in self._listed or self._has_owner(origin)
        return origins is Origins.EVERY

    def _origin_headers(self, origins: Origins, origin: str | None) -> list[tuple[str, str]]:
        """Return the headers that state the allowed origin. The list is empty for an endpoint without CORS."""
        if origins is Origins.EVERY:
            # The header is the same for all requests, so the response does not vary by origin.
            return [_EVERY_ORIGIN]
        if origins is Origins.NONE:
            return []
        return [_VARY, (_ALLOW_ORIGIN, origin)] if origin and self._is_allowed(origin) else [_VARY]

    def _is_allowed(self, origin: str) -> bool:
        return origin in self._listed or self._is_registered(origin)

    def _is_registered(self, origin: str) -> bool:
        try:
            return self._has_owner(origin)
        except (exc.DBAPIError, exc.TimeoutError) as error:
            # Send the response anyway, without CORS headers: it may contain tokens that are issued only once.
            log.warning("origin not checked", error=type(error).__name__)
            return False

    def _has_owner(self, origin: str) -> bool:
        known = self._owners.get(origin)
        with self._database.reading() as connection:
            if known is not None and web_origins.is_current(connection, known):
                return True
            found = web_origins.find_owner(connection, origin)
        if found is None:
            self._owners.pop(origin, None)
        else:
            self._owners[origin] = found
        return found is not None


def _is_allowed_by(headers: list[tuple[str, str]]) -> bool:
    return any(name == _ALLOW_ORIGIN for name, _ in headers)
