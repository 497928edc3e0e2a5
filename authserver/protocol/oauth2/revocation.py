"""Token revocation (RFC 7009): an access token by itself, a refresh token with everything from its authorization."""

from authserver import clock
from authserver.context import Actor
from authserver.domain.authorizations import authorizations
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import introspection, opaque_tokens, refresh_tokens, tokens
from authserver.domain.tokens.opaque_tokens import OpaqueToken
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import NO_STORE, Request, Response
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oauth2.token_request import TokenRequest


def respond_to_revocation(server: OAuth2Server, message: Request) -> Response:
    """Answer a revocation request; an unknown token is as good as revoked (RFC 7009, section 2.2)."""
    exchange = TokenRequest(message)
    _revoke(server, exchange, exchange.required("token"))
    return Response(200, b"", NO_STORE)


def _revoke(server: OAuth2Server, exchange: TokenRequest, value: str) -> None:
    # The value itself says which kind it is; token_type_hint is not needed (section 2.1).
    presented = refresh_tokens.parse_refresh_token(value)
    if presented is not None:
        row, caller = server.admit(exchange, None, introspection.find_refresh, presented)
        if refresh_tokens.is_genuine(server.vault, presented, row.seed, row.pepper_id):
            _check_owner(caller, row.c_id)
            _revoke_authorization(server, exchange.actor(caller), row.authorization_id)
        return
    handle = server.access_tokens.read(value)
    row, caller = server.admit(exchange, None, introspection.find_access, handle)
    if handle is not None and opaque_tokens.matches(handle, row.digest):
        _check_owner(caller, row.c_id)
        _revoke_access(server, handle)


def _check_owner(client: RegisteredClient, owner_id: int) -> None:
    # RFC 7009, section 2.1: the token must have been issued to the client that asks.
    if owner_id != client.id:
        raise ProtocolError(
            ErrorCode.INVALID_GRANT,
            Cause.TOKEN_OF_ANOTHER_CLIENT,
            "The token was issued to another client.",
            client_id=client.id,
        )


def _revoke_authorization(server: OAuth2Server, actor: Actor, authorization_id: int) -> None:
    with server.database.transaction() as db:
        authorizations.revoke(db, actor, authorization_id, reason="revoked by the client")


def _revoke_access(server: OAuth2Server, handle: OpaqueToken) -> None:
    with server.database.consuming() as connection:
        connection.execute(tokens.REVOKE_ACCESS, {"token_id": handle.id, "now": clock.now()})
