"""Cross-origin requests (CORS): scripts of registered origins may call the endpoints that clients in a browser need.

CORS grants no access by itself: the endpoints check every request, and cookies are never allowed. The origin is looked
up for every request that has one, so that disapproving a client takes effect immediately. The last known owner of an
origin is cached and checked first.
"""

from dataclasses import replace

from sqlalchemy import exc

from authserver import logs
from authserver.domain.clients import redirect_uris, web_origins
from authserver.domain.clients.web_origins import OriginOwner
from authserver.protocol.http import Response
from authserver.protocol.services import Services
from authserver.vocabulary import EndpointPath, LegacyPath

PATHS = frozenset(
    {
        EndpointPath.TOKEN,
        LegacyPath.OAUTH2_TOKEN,
        LegacyPath.OIDC_TOKEN,
        EndpointPath.REVOCATION,
        EndpointPath.USERINFO,
        EndpointPath.JWKS,
        EndpointPath.OPENID_CONFIGURATION,
        EndpointPath.OAUTH_METADATA,
        LegacyPath.OAUTH2_METADATA,
        LegacyPath.OIDC_METADATA,
    }
)
_VARY = ("Vary", "Origin")
_EXPOSED = ("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
_HEADERS = ("Access-Control-Allow-Headers", "Authorization, Content-Type")
_MAX_AGE = ("Access-Control-Max-Age", "600")

log = logs.get("cross_origin")


class Cors:
    """Decides which origins may read responses."""

    def __init__(self, services: Services) -> None:
        self._database = services.database
        self._listed = redirect_uris.web_origins_of(services.settings.cors_origins)
        self._owners: dict[str, OriginOwner] = {}

    def add_headers(self, path: str, origin: str | None, response: Response) -> Response:
        """Return the response. If the origin is allowed, add the headers that let its scripts read the response."""
        if path not in PATHS:
            return response
        headers = [_VARY]
        if origin and self._is_allowed(origin):
            headers += [("Access-Control-Allow-Origin", origin), _EXPOSED]
        return replace(response, headers=[*response.headers, *headers])

    def preflight(self, path: str, methods: tuple[str, ...], origin: str) -> Response | None:
        """Return the response to a preflight request (Fetch, section 3.2.2), or None for an endpoint without CORS."""
        if path not in PATHS:
            return None
        if not self._is_allowed(origin):
            return Response(204, b"", [_VARY])
        allowed = [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Methods", ", ".join(methods)),
        ]
        return Response(204, b"", [_VARY, *allowed, _HEADERS, _MAX_AGE])

    def _is_allowed(self, origin: str) -> bool:
        return origin in self._listed or self._is_registered(origin)

    def _is_registered(self, origin: str) -> bool:
        known = self._owners.get(origin)
        try:
            with self._database.reading() as connection:
                if known is not None and web_origins.is_current(connection, known):
                    return True
                found = web_origins.find_owner(connection, origin)
        except (exc.DBAPIError, exc.TimeoutError) as error:
            # Send the response anyway, without CORS headers: it may contain tokens that are issued only once.
            log.warning("origin not checked", error=type(error).__name__)
            return False
        if found is None:
            self._owners.pop(origin, None)
        else:
            self._owners[origin] = found
        return found is not None
