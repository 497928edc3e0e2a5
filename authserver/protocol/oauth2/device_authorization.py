"""The device authorization endpoint (RFC 8628, section 3.1): hands a device its two codes.

The grant that the device then polls is in ``device``, the page for people in ``web.frontchannel``.
"""

from typing import Any

from authserver.domain import throttles, typed_codes
from authserver.domain.authorizations import access_state, device_authorizations
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.oauth2 import requested_scope, resources
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oauth2.token_request import TokenRequest
from authserver.vocabulary import EndpointPath, GrantType


def respond_to_device_authorization(server: OAuth2Server, message: Request) -> Response:
    """Answer a device authorization request (RFC 8628, section 3.1); a confidential client authenticates itself."""
    exchange = TokenRequest(message)
    row, client = server.admit(exchange, GrantType.DEVICE_CODE, access_state.find_client)
    scope = requested_scope.scope_for_user(exchange.parameters.get("scope"), client)
    # RFC 8707, section 2.2: a device names what its tokens are for as any other client does.
    audience = resources.requested_resources(exchange.resources, client, server.settings)
    started = _start(server, message, client, row.s_client_epoch, scope, audience)
    return json_response(200, started)


def verification_uri_complete(server: OAuth2Server, user_code: str) -> str:
    """Return the address that carries the user code as well (RFC 8628, section 3.3.1)."""
    return f"{server.settings.url(EndpointPath.DEVICE)}?user_code={typed_codes.format_code(user_code)}"


def _start(
    server: OAuth2Server,
    message: Request,
    client: RegisteredClient,
    client_epoch: int,
    scope: str,
    audience: tuple[str, ...],
) -> dict[str, Any]:
    settings = server.settings
    bucket = throttles.bucket(
        server.vault,
        "device-requests",
        str(client.id),
        throttles.network_of(message.address),
        limit=settings.device_requests,
        window=settings.sign_in_window,
    )
    with server.database.transaction() as db:
        throttles.charge(db, [bucket])
        started = device_authorizations.start(
            db,
            settings,
            server.vault,
            client_id=client.id,
            client_epoch=client_epoch,
            scope=scope,
            address=message.address,
            audience=" ".join(audience),
        )
    return {
        "device_code": started.device_code,
        "user_code": typed_codes.format_code(started.user_code),
        "verification_uri": settings.url(EndpointPath.DEVICE),
        "verification_uri_complete": verification_uri_complete(server, started.user_code),
        "expires_in": int(settings.device_code_lifetime.total_seconds()),
        "interval": int(settings.device_interval.total_seconds()),
    }
