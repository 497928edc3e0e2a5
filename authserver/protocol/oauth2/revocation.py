"""Token revocation (RFC 7009): an access token by itself, a refresh token with everything from its authorization."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidGrantError

from authserver import clock
from authserver.context import Actor
from authserver.domain import authorizations, handles, introspection, refresh_values, tokens
from authserver.domain.handles import Handle
from authserver.domain.policies import Policy
from authserver.protocol.messages import NO_STORE, Request, Response
from authserver.protocol.oauth2.errors import refusal
from authserver.protocol.oauth2.exchange import TokenExchange
from authserver.protocol.oauth2.server import OAuth2Server


def answer(server: OAuth2Server, message: Request) -> Response:
    """Answer a revocation request; an unknown token is as good as revoked (RFC 7009, section 2.2)."""
    try:
        exchange = TokenExchange(message)
        _revoke(server, exchange, exchange.required("token"))
    except OAuth2Error as error:
        return server.refuse(message, error)
    return Response(200, b"", NO_STORE)


def _revoke(server: OAuth2Server, exchange: TokenExchange, value: str) -> None:
    # The value itself says which kind it is; token_type_hint is not needed (section 2.1).
    presented = refresh_values.read(value)
    if presented is not None:
        row, caller = server.admit(exchange, None, introspection.find_refresh, presented)
        if refresh_values.proves(server.vault, presented, row.seed, row.pepper_id):
            _check_owner(caller, row.c_id)
            _revoke_authorization(server, exchange.actor(caller), row.authorization_id)
        return
    handle = server.access_tokens.read(value)
    row, caller = server.admit(exchange, None, introspection.find_access, handle)
    if handle is not None and handles.matches(handle, row.digest):
        _check_owner(caller, row.c_id)
        _revoke_access(server, handle)


def _check_owner(policy: Policy, owner_id: int) -> None:
    # RFC 7009, section 2.1: the token must have been issued to the client that asks.
    if owner_id != policy.id:
        raise refusal(
            InvalidGrantError,
            "The token was issued to another client.",
            "token-of-another-client",
            client_id=policy.id,
        )


def _revoke_authorization(server: OAuth2Server, actor: Actor, authorization_id: int) -> None:
    with server.database.transaction() as session:
        authorizations.revoke(session, actor, authorization_id, reason="revoked by the client")


def _revoke_access(server: OAuth2Server, handle: Handle) -> None:
    with server.database.consuming() as connection:
        connection.execute(tokens.REVOKE_ACCESS, {"token_id": handle.id, "now": clock.now()})
