"""Every machine address and what serves it; the replaced system's addresses are aliases of the same handlers."""

from dataclasses import replace

from authserver.protocol.messages import Request, Response
from authserver.protocol.oauth1.problems import Reason
from authserver.protocol.oauth2 import (
    device_authorization,
    introspection,
    registration,
    registration_management,
    revocation,
)
from authserver.protocol.oauth2.bearer import BearerError
from authserver.protocol.oidc import userinfo
from authserver.protocol.services import Services
from authserver.terms import Kind, LanePath, Path, RootServices
from authserver.web.backchannel import (
    check_session,
    device_picture,
    discovery,
    health,
    oauth1,
    oauth1_verify,
    request_key,
    root_services,
)
from authserver.web.backchannel.door import ANY, Handler, Route

_READ = ("GET", "HEAD")
_POST = ("POST",)


def token(services: Services, request: Request) -> Response:
    """The token endpoint."""
    return services.oauth2.answer_token_request(request)


def revoke(services: Services, request: Request) -> Response:
    """The revocation endpoint."""
    return revocation.answer(services.oauth2, request)


def authorize_device(services: Services, request: Request) -> Response:
    """The device authorization endpoint."""
    return device_authorization.answer(services.oauth2, request)


def introspect(services: Services, request: Request) -> Response:
    """The introspection endpoint."""
    return introspection.answer(services.oauth2, request)


def user_information(services: Services, request: Request) -> Response:
    """The userinfo endpoint."""
    return userinfo.answer(services.oauth2, request)


def _refuse_bearer(status: int, error: str, description: str, *headers: tuple[str, str]) -> Response:
    """Refuse in the format of an endpoint that bearer tokens open (RFC 6750, section 3)."""
    answer = BearerError(status, error, description).answer()
    return replace(answer, headers=(*answer.headers, *headers))


def register(services: Services, request: Request) -> Response:
    """The client registration endpoint."""
    return registration.answer(services, request)


def register_oauth2(services: Services, request: Request) -> Response:
    """The client registration endpoint of the replaced system's OAuth 2.0 lane."""
    return registration.answer(services, request, Kind.OAUTH2)


def register_oidc(services: Services, request: Request) -> Response:
    """The client registration endpoint of the replaced system's OpenID Connect lane."""
    return registration.answer(services, request, Kind.OIDC)


def manage_registration(services: Services, request: Request) -> Response:
    """The client configuration endpoint: a client reads, changes or deletes its registration."""
    return registration_management.answer(services, request)


def _document(handler: Handler) -> Route:
    return Route(handler, _READ, is_recorded=False)


def _oauth1(handler: Handler) -> Route:
    return Route(handler, ("GET", "POST"), oauth1.refuse, Reason.PARAMETER_REJECTED)


def routes() -> dict[str, Route]:
    """Return the route table."""
    table: dict[str, Route] = {
        Path.TOKEN: Route(token, _POST),
        LanePath.OAUTH2_TOKEN: Route(token, _POST),
        LanePath.OIDC_TOKEN: Route(token, _POST),
        Path.REVOCATION: Route(revoke, _POST),
        Path.DEVICE_AUTHORIZATION: Route(authorize_device, _POST),
        LanePath.OAUTH2_DEVICE: Route(authorize_device, _POST),
        LanePath.OIDC_DEVICE: Route(authorize_device, _POST),
        Path.DEVICE_PICTURE: _document(device_picture.picture),
        Path.REGISTRATION: Route(register, _POST),
        LanePath.OAUTH2_REGISTRATION: Route(register_oauth2, _POST),
        LanePath.OIDC_REGISTRATION: Route(register_oidc, _POST),
        f"{Path.REGISTRATION}/{ANY}": Route(manage_registration, ("GET", "PUT", "DELETE")),
        Path.INTROSPECTION: Route(introspect, _POST),
        Path.USERINFO: Route(user_information, (*_READ, "POST"), _refuse_bearer),
        Path.CHECK_SESSION: _document(check_session.frame),
        Path.JWKS: _document(discovery.jwks),
        Path.OPENID_CONFIGURATION: _document(discovery.openid_configuration),
        Path.OAUTH_METADATA: _document(discovery.oauth_metadata),
        Path.OAUTH2_LANE: _document(discovery.oauth2_lane),
        Path.OIDC_LANE: _document(discovery.oidc_lane),
        Path.OAUTH1_REQUEST_KEY: Route(request_key.request_key, _POST),
        Path.OAUTH1_REQUEST_TOKEN: _oauth1(oauth1.request_token),
        Path.OAUTH1_ACCESS_TOKEN: _oauth1(oauth1.access_token),
        Path.OAUTH1_WHOAMI: Route(oauth1.whoami, ("GET", "POST")),
        Path.OAUTH1_VERIFY: Route(oauth1_verify.verify, _POST),
        **{path: Route(root_services.root_services, _READ) for path in RootServices},
        Path.OSLC_CATALOG: _document(root_services.catalog),
        Path.LIVE: _document(health.live),
        Path.READY: _document(health.ready),
    }
    return {str(path): route for path, route in table.items()}
