"""Cross-origin requests: scripts of registered origins may call what a browser-based client needs, never with cookies.

Nothing is allowed here that the endpoint itself would not allow; a browser is told that it may show the answer.
"""

from datetime import timedelta
from threading import Lock

from authserver import clock
from authserver.domain import origins
from authserver.protocol.messages import Response
from authserver.protocol.services import Services
from authserver.terms import LanePath, Path

PATHS = frozenset({Path.TOKEN, LanePath.OAUTH2_TOKEN, LanePath.OIDC_TOKEN, Path.REVOCATION, Path.USERINFO})
PUBLIC_PATHS = frozenset(
    {Path.JWKS, Path.OPENID_CONFIGURATION, Path.OAUTH_METADATA, Path.OAUTH2_LANE, Path.OIDC_LANE}
)
_REREAD_AFTER = timedelta(seconds=10)
_HEADERS = "Authorization, Content-Type"
_EXPOSED = "WWW-Authenticate, Retry-After"
_PREFLIGHT_SECONDS = "600"


class CrossOrigin:
    """Knows the origins of one application, a few seconds old at most."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._listed = origins.of(services.settings.cors_origins)
        self._guard = Lock()
        self._known: set[str] = set()
        self._read_at = clock.now() - 2 * _REREAD_AFTER

    def headers(self, path: str, origin: str) -> list[tuple[str, str]]:
        """Return what the answer to a script of an origin carries; the answers to others must not be mixed up with it."""
        if path not in PATHS:
            return []
        headers = [("Vary", "Origin")]
        if self._is_allowed(origin):
            headers += [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", _EXPOSED)]
        return headers

    def preflight(self, path: str, methods: tuple[str, ...], origin: str) -> Response | None:
        """Return the answer to the question whether a request may be sent (Fetch, section 3.2.2), or None to refuse."""
        if path not in PATHS | PUBLIC_PATHS:
            return None
        allowed = ("Access-Control-Allow-Methods", ", ".join(methods))
        more = [
            allowed,
            ("Access-Control-Allow-Headers", _HEADERS),
            ("Access-Control-Max-Age", _PREFLIGHT_SECONDS),
        ]
        if path in PUBLIC_PATHS:
            return Response(204, b"", [("Access-Control-Allow-Origin", "*"), *more])
        headers = self.headers(path, origin)
        return Response(204, b"", headers + more if self._is_allowed(origin) else headers)

    def _is_allowed(self, origin: str) -> bool:
        return bool(origin) and (origin in self._listed or origin in self._registered())

    def _registered(self) -> set[str]:
        if abs(clock.now() - self._read_at) >= _REREAD_AFTER:
            with self._guard:
                if abs(clock.now() - self._read_at) >= _REREAD_AFTER:
                    with self._services.database.reading() as connection:
                        self._known = origins.registered(connection)
                    self._read_at = clock.now()
        return self._known
