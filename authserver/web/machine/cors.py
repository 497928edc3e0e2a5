"""Cross-origin requests: scripts of registered origins may call what a browser-based client needs, never with cookies.

Nothing is allowed here that the endpoint itself would not allow; a browser is told that it may show the answer. A
request that names no origin costs nothing here. One that does is looked up afresh, so that a disapproved client's
scripts are shut out with their next request; where the origin was found before is remembered, to look there first.
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
        EndpointPath.OAUTH2_LANE,
        EndpointPath.OIDC_LANE,
    }
)
_VARY = ("Vary", "Origin")
_EXPOSED = ("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
_HEADERS = ("Access-Control-Allow-Headers", "Authorization, Content-Type")
_KEPT = ("Access-Control-Max-Age", "600")

log = logs.get("cross_origin")


class Cors:
    """Knows whose scripts may read the answers of one application."""

    def __init__(self, services: Services) -> None:
        self._database = services.database
        self._listed = redirect_uris.web_origins_of(services.settings.cors_origins)
        self._owners: dict[str, OriginOwner] = {}

    def share(self, path: str, origin: str | None, answer: Response) -> Response:
        """Return an answer with what lets an origin's scripts read it; caches must not mix it up with another's."""
        if path not in PATHS:
            return answer
        more = [_VARY]
        if origin and self._is_allowed(origin):
            more += [("Access-Control-Allow-Origin", origin), _EXPOSED]
        return replace(answer, headers=[*answer.headers, *more])

    def preflight(self, path: str, methods: tuple[str, ...], origin: str) -> Response | None:
        """Return the answer to the question whether a request may be sent (Fetch, section 3.2.2), or None to refuse."""
        if path not in PATHS:
            return None
        if not self._is_allowed(origin):
            return Response(204, b"", [_VARY])
        allowed = [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Methods", ", ".join(methods)),
        ]
        return Response(204, b"", [_VARY, *allowed, _HEADERS, _KEPT])

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
            # The answer itself is good, and possibly the only one with these tokens; it is only not shared.
            log.warning("origin not checked", error=type(error).__name__)
            return False
        if found is None:
            self._owners.pop(origin, None)
        else:
            self._owners[origin] = found
        return found is not None
