"""The device authorization endpoint (RFC 8628, section 3.1), which issues a device code and a user code.

``grants.device_code`` is the grant that the device polls; the page for users is ``web.frontchannel.devices``.
"""

from typing import Any

from sqlalchemy import Connection, Row

from authserver.domain import access_state, throttles, typed_codes
from authserver.domain.tokens import device_authorizations
from authserver.domain.tokens.device_authorizations import IssuedDeviceCodes, NewDeviceAuthorization
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.oauth2 import admission, requested_scope, resources
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.services import Services
from authserver.settings import Settings
from authserver.vocabulary import EndpointPath, GrantType


def respond_to_device_authorization(services: Services, http_request: Request) -> Response:
    """Respond to a device authorization request (RFC 8628, section 3.1).

    A confidential client may send its ``client_id`` alone, as many libraries do. The codes are useless without the token
    endpoint, where the client must authenticate.
    """
    request = ClientRequest(http_request)
    row, client = admission.admit(
        services, request, _load, grant_type=GrantType.DEVICE_CODE, is_identified_only=True
    )
    parameter = request.parameters.get("scope")
    scopes = tuple(requested_scope.scope_for_user(parameter, client).split())
    # RFC 8707, section 2.2, also applies to this endpoint.
    named = resources.requested_resources(request.resources, client, services.settings)
    audience = resources.audience_of(named, client, services.settings, scopes)
    if parameter is not None:
        requested_scope.check_resources(audience, scopes, parameter, client)
    scope = " ".join(requested_scope.scopes_for(audience, scopes, client))
    new = NewDeviceAuthorization(
        client.id, row.s_client_epoch, scope, http_request.address, audience=" ".join(named)
    )
    return json_response(200, _document(services.settings, _start(services, new)))


def verification_uri_complete(settings: Settings, user_code: str) -> str:
    """Return the verification URI with the user code (RFC 8628, section 3.3.1)."""
    return f"{settings.url(EndpointPath.DEVICE)}?user_code={typed_codes.format_code(user_code)}"


def _load(connection: Connection, request: ClientRequest) -> Row[Any] | None:
    return access_state.find_client(connection, request.client_key)


def _start(services: Services, new: NewDeviceAuthorization) -> IssuedDeviceCodes:
    settings = services.settings
    bucket = throttles.bucket(
        services.vault,
        "device-requests",
        str(new.client_id),
        throttles.network_of(new.address),
        limit=settings.device_requests,
        window=settings.sign_in_window,
    )
    with services.database.transaction() as db:
        throttles.charge(db, [bucket])
        return device_authorizations.start(db, settings, services.vault, new)


def _document(settings: Settings, issued: IssuedDeviceCodes) -> dict[str, Any]:
    return {
        "device_code": issued.device_code,
        "user_code": typed_codes.format_code(issued.user_code),
        "verification_uri": settings.url(EndpointPath.DEVICE),
        "verification_uri_complete": verification_uri_complete(settings, issued.user_code),
        "expires_in": int(settings.device_code_lifetime.total_seconds()),
        "interval": int(settings.device_interval.total_seconds()),
    }
