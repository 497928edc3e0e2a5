"""Every machine address and what serves it; the replaced system's addresses are aliases of the same handlers."""

from authserver.protocol.messages import Request, Response
from authserver.protocol.oauth2 import revocation
from authserver.protocol.oidc import userinfo
from authserver.protocol.services import Services
from authserver.terms import LanePath, Path
from authserver.web.backchannel import discovery, health
from authserver.web.backchannel.door import Route

_READ = ("GET", "HEAD")
_POST = ("POST",)


def token(services: Services, request: Request) -> Response:
    """The token endpoint."""
    return services.oauth2.answer_token_request(request)


def revoke(services: Services, request: Request) -> Response:
    """The revocation endpoint."""
    return revocation.answer(services.oauth2, request)


def user_information(services: Services, request: Request) -> Response:
    """The userinfo endpoint."""
    return userinfo.answer(services.oauth2, request)


def routes() -> dict[str, Route]:
    """Return the route table."""
    table = {
        Path.TOKEN: Route(token, _POST),
        LanePath.OAUTH2_TOKEN: Route(token, _POST),
        LanePath.OIDC_TOKEN: Route(token, _POST),
        Path.REVOCATION: Route(revoke, _POST),
        Path.USERINFO: Route(user_information, ("GET", "POST")),
        Path.JWKS: Route(discovery.jwks, _READ),
        Path.OPENID_CONFIGURATION: Route(discovery.openid_configuration, _READ),
        Path.OAUTH_METADATA: Route(discovery.oauth_metadata, _READ),
        Path.OAUTH2_LANE: Route(discovery.oauth2_lane, _READ),
        Path.OIDC_LANE: Route(discovery.oidc_lane, _READ),
        Path.LIVE: Route(health.live, _READ),
        Path.READY: Route(health.ready, _READ),
    }
    return {str(path): route for path, route in table.items()}
