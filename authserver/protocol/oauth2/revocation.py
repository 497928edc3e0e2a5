"""Token revocation (RFC 7009): an access token alone, or a refresh token with its whole authorization."""

from authserver import clock
from authserver.domain import opaque_tokens
from authserver.domain.authorizations import authorizations
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.tokens import introspection, refresh_tokens, tokens
from authserver.domain.tokens.refresh_tokens import PresentedRefreshToken
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import NO_STORE, Request, Response
from authserver.protocol.oauth2 import admission
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.services import Services


def respond_to_revocation(services: Services, http_request: Request) -> Response:
    """Respond to a revocation request; the response for an unknown token is a success (RFC 7009, section 2.2)."""
    request = ClientRequest(http_request)
    value = request.required("token")
    # The format of the token shows its type, so token_type_hint is not needed (section 2.1).
    presented = refresh_tokens.parse_refresh_token(value)
    if presented is not None:
        _revoke_refresh_token(services, request, presented)
    else:
        _revoke_access_token(services, request, services.access_tokens.parse_token(value))
    return Response(200, b"", NO_STORE)


def _revoke_refresh_token(
    services: Services, request: ClientRequest, presented: PresentedRefreshToken
) -> None:
    row, caller = admission.admit(
        services,
        request,
        lambda connection, _: introspection.find_refresh_token(connection, request.client_key, presented),
    )
    if not refresh_tokens.is_genuine(services.vault, presented, row.seed, row.pepper_id):
        return
    _check_owner(caller, row.c_id)
    with services.database.transaction() as db:
        authorizations.revoke(db, request.actor(caller), row.authorization_id, reason="revoked by the client")


def _revoke_access_token(services: Services, request: ClientRequest, token: OpaqueToken | None) -> None:
    row, caller = admission.admit(
        services,
        request,
        lambda connection, _: introspection.find_access_token(connection, request.client_key, token),
    )
    if token is None or not opaque_tokens.matches(token, row.digest):
        return
    _check_owner(caller, row.c_id)
    with services.database.consuming() as connection:
        connection.execute(tokens.REVOKE_ACCESS, {"token_id": token.id, "now": clock.now()})


def _check_owner(client: RegisteredClient, owner_id: int) -> None:
    # RFC 7009, section 2.1: the token must have been issued to the client that sends the request.
    if owner_id != client.id:
        raise ProtocolError(
            ErrorCode.INVALID_GRANT,
            Cause.TOKEN_OF_ANOTHER_CLIENT,
            "The token was issued to another client.",
            client_id=client.id,
        )
