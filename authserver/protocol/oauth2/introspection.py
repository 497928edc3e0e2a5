"""Token introspection (RFC 7662): whether a token works, and for whom, told to its client and its resource server only.

Whatever is wrong with a token, the answer is the same ``{"active": false}`` (section 2.2).
"""

from typing import Any

from sqlalchemy import Row

from authserver import clock
from authserver.domain.authorizations import access_state
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import introspection, opaque_tokens, refresh_tokens
from authserver.protocol import access
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.oauth2 import bearer_tokens, resources
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oauth2.token_request import TokenRequest
from authserver.protocol.oidc import subjects
from authserver.vocabulary import AuthMethod, GrantType, ScopeName

Document = dict[str, Any]
_INACTIVE: Document = {"active": False}


def respond_to_introspection(server: OAuth2Server, message: Request) -> Response:
    """Answer an introspection request of an authenticated client (RFC 7662, section 2)."""
    exchange = TokenRequest(message)
    document = _introspect(server, exchange, exchange.required("token"))
    return json_response(200, document)


def _introspect(server: OAuth2Server, exchange: TokenRequest, value: str) -> Document:
    presented = refresh_tokens.parse_refresh_token(value)
    if presented is not None:
        row, caller = server.admit(exchange, None, introspection.find_refresh, presented)
        _check_confidential(caller)
        is_proved = refresh_tokens.is_genuine(server.vault, presented, row.seed, row.pepper_id)
        if not is_proved or presented.generation != row.generation or row.c_id != caller.id:
            return _INACTIVE
        return _refresh(server, caller, row)
    handle = server.access_tokens.read(value)
    row, caller = server.admit(exchange, None, introspection.find_access, handle)
    _check_confidential(caller)
    if handle is None or not opaque_tokens.matches(handle, row.digest) or not _may_ask(caller, row):
        return _INACTIVE
    return _access(server, server.registered_client(row.c_id, row.c_revision), row)


def _check_confidential(caller: RegisteredClient) -> None:
    # RFC 7662, section 2.1: without authentication anybody could try tokens out here.
    if caller.auth_method == AuthMethod.NONE:
        raise ProtocolError(
            ErrorCode.INVALID_CLIENT,
            Cause.INTROSPECTION_PUBLIC_CLIENT,
            "A client without a secret cannot introspect tokens.",
            client_id=caller.id,
            received="no secret",
            expected="a client with a secret or a key",
        )


def _may_ask(caller: RegisteredClient, row: Row[Any]) -> bool:
    if row.c_id == caller.id:
        return True
    names = {caller.client_key, *caller.details.get("serves", ())}
    return bool(row.audience) and resources.is_audience(row.audience, names)


def _access(server: OAuth2Server, owner: RegisteredClient, row: Row[Any]) -> Document:
    audience = row.audience.split()
    is_registered = resources.are_registered(audience, owner, server.settings)
    if not bearer_tokens.is_live(row) or not is_registered or not _passes(row, owner):
        return _INACTIVE
    audience = audience or [server.settings.issuer]
    return _described(server, owner, row) | {
        "token_type": "Bearer",
        "aud": audience[0] if len(audience) == 1 else audience,
        "iat": clock.timestamp(row.issued_at),
        "exp": clock.timestamp(row.expires_at),
    }


def _refresh(server: OAuth2Server, owner: RegisteredClient, row: Row[Any]) -> Document:
    ends_at = min(row.idle_expires_at, row.expires_at)
    if ends_at <= clock.now() or not _passes(row, owner, GrantType.REFRESH_TOKEN):
        return _INACTIVE
    return _described(server, owner, row) | {
        "iat": clock.timestamp(row.rotated_at),
        "exp": clock.timestamp(ends_at),
    }


def _passes(row: Row[Any], owner: RegisteredClient, grant_type: str | None = None) -> bool:
    denial = access.check_access(
        access_state.access_state_of(row), owner, grant_type=grant_type, scopes=row.scope.split()
    )
    return denial is None


def _described(server: OAuth2Server, owner: RegisteredClient, row: Row[Any]) -> Document:
    person = access_state.user_facts_of(row)
    document: Document = {"active": True, "iss": server.settings.issuer, "client_id": owner.client_key}
    if row.scope:
        document["scope"] = row.scope
    if person is None:
        return document | {"sub": owner.client_key}
    document["sub"] = subjects.subject_of(owner, person.subject)
    # The name is part of the profile; beside it, a pairwise identifier would be worth nothing.
    if ScopeName.PROFILE in row.scope.split() and not owner.pairwise_key:
        document["username"] = person.username
    if row.auth_time is not None:
        document["auth_time"] = clock.timestamp(row.auth_time)
    how = {"acr": row.acr, "amr": row.amr}
    return document | {name: value for name, value in how.items() if value}
