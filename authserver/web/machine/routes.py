"""The routes of the machine endpoints. Legacy paths use the same handlers as the current ones."""

from authserver.protocol.http import Request, Response
from authserver.protocol.oauth1.errors import ProblemCode
from authserver.protocol.oauth2 import (
    device_authorization,
    introspection,
    registration,
    registration_management,
    revocation,
    token_endpoint,
    userinfo,
)
from authserver.protocol.services import Services
from authserver.vocabulary import ClientKind, EndpointPath, LegacyPath, RootServices
from authserver.web.machine import (
    check_session,
    device_qr_code,
    discovery,
    error_responses,
    health,
    oauth1,
    oauth1_verify,
    request_key,
    root_services,
)
from authserver.web.machine.cors import Origins
from authserver.web.machine.machine_app import ANY, Handler, Route

_READ = ("GET", "HEAD")
_POST = ("POST",)


def token(services: Services, request: Request) -> Response:
    """The token endpoint."""
    return token_endpoint.respond_to_token_request(services, request)


def revoke(services: Services, request: Request) -> Response:
    """The revocation endpoint."""
    return revocation.respond_to_revocation(services, request)


def authorize_device(services: Services, request: Request) -> Response:
    """The device authorization endpoint."""
    return device_authorization.respond_to_device_authorization(services, request)


def introspect(services: Services, request: Request) -> Response:
    """The introspection endpoint."""
    return introspection.respond_to_introspection(services, request)


def user_information(services: Services, request: Request) -> Response:
    """The userinfo endpoint."""
    return userinfo.respond_to_userinfo(services, request)


def register(services: Services, request: Request) -> Response:
    """The client registration endpoint."""
    return registration.respond_to_registration(services, request)


def register_oauth2(services: Services, request: Request) -> Response:
    """The client registration endpoint for legacy OAuth 2.0 clients."""
    return registration.respond_to_registration(services, request, ClientKind.OAUTH2)


def register_oidc(services: Services, request: Request) -> Response:
    """The client registration endpoint for legacy OpenID Connect clients."""
    return registration.respond_to_registration(services, request, ClientKind.OIDC)


def manage_registration(services: Services, request: Request) -> Response:
    """The client configuration endpoint: a client reads, changes or deletes its registration."""
    return registration_management.respond_to_management(services, request)


def _document(handler: Handler, origins: Origins = Origins.NONE) -> Route:
    return Route(handler, _READ, is_recorded=False, origins=origins)


def _for_clients(handler: Handler) -> Route:
    return Route(handler, _POST, origins=Origins.REGISTERED)


def _oauth1(handler: Handler) -> Route:
    return Route(
        handler,
        (*_READ, "POST"),
        error_responses.oauth1_error,
        ProblemCode.PARAMETER_REJECTED,
        writes_on_get=True,
    )


def routes() -> dict[str, Route]:
    """Return the route table."""
    table: dict[str, Route] = {
        EndpointPath.TOKEN: _for_clients(token),
        LegacyPath.OAUTH2_TOKEN: _for_clients(token),
        LegacyPath.OIDC_TOKEN: _for_clients(token),
        EndpointPath.REVOCATION: _for_clients(revoke),
        EndpointPath.DEVICE_AUTHORIZATION: _for_clients(authorize_device),
        LegacyPath.OAUTH2_DEVICE: _for_clients(authorize_device),
        LegacyPath.OIDC_DEVICE: _for_clients(authorize_device),
        EndpointPath.DEVICE_QR_CODE: _document(device_qr_code.qr_code),
        EndpointPath.REGISTRATION: Route(register, _POST, origins=Origins.EVERY),
        LegacyPath.OAUTH2_REGISTRATION: Route(register_oauth2, _POST, origins=Origins.EVERY),
        LegacyPath.OIDC_REGISTRATION: Route(register_oidc, _POST, origins=Origins.EVERY),
        f"{EndpointPath.REGISTRATION}/{ANY}": Route(
            manage_registration,
            (*_READ, "PUT", "DELETE"),
            error_responses.registration_error,
            origins=Origins.EVERY,
        ),
        EndpointPath.INTROSPECTION: Route(introspect, _POST),
        EndpointPath.USERINFO: Route(
            user_information, (*_READ, "POST"), error_responses.bearer_error, origins=Origins.REGISTERED
        ),
        EndpointPath.CHECK_SESSION: _document(check_session.frame),
        EndpointPath.JWKS: _document(discovery.jwks, Origins.EVERY),
        EndpointPath.OPENID_CONFIGURATION: _document(discovery.openid_configuration, Origins.EVERY),
        EndpointPath.OAUTH_METADATA: _document(discovery.oauth_metadata, Origins.EVERY),
        LegacyPath.OAUTH2_METADATA: _document(discovery.legacy_oauth2_metadata, Origins.EVERY),
        LegacyPath.OIDC_METADATA: _document(discovery.legacy_oidc_metadata, Origins.EVERY),
        EndpointPath.OAUTH1_REQUEST_KEY: Route(request_key.request_key, _POST),
        EndpointPath.OAUTH1_REQUEST_TOKEN: _oauth1(oauth1.request_token),
        EndpointPath.OAUTH1_ACCESS_TOKEN: _oauth1(oauth1.access_token),
        EndpointPath.OAUTH1_WHOAMI: Route(oauth1.whoami, (*_READ, "POST"), error_responses.resource_error),
        EndpointPath.OAUTH1_VERIFY: Route(oauth1_verify.verify, _POST),
        **{path: Route(root_services.root_services, _READ) for path in RootServices},
        EndpointPath.OSLC_CATALOG: _document(root_services.catalog),
        EndpointPath.LIVE: _document(health.live),
        EndpointPath.READY: _document(health.ready),
    }
    return {str(path): route for path, route in table.items()}
