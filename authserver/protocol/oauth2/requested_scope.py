"""The scope of a request: the parameter, checked against the registration, or the default (RFC 6749, section 3.3)."""

from collections.abc import Collection, Iterable

from authserver.domain import text_rules
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.vocabulary import ClientKind, ScopeName

_USER_SCOPES = frozenset(ScopeName)
_NEVER_IGNORED = _USER_SCOPES - {ScopeName.GROUPS}
"""Many applications request groups by default, and work without it."""


def parse_scope(parameter: str, client: RegisteredClient) -> tuple[str, ...]:
    """Return the scopes that a parameter contains, without duplicates; raises invalid_scope if it is malformed."""
    scopes = tuple(dict.fromkeys(name for name in parameter.split(" ") if name))
    if not scopes or not all(map(text_rules.is_scope_token, scopes)):
        raise ProtocolError(
            ErrorCode.INVALID_SCOPE,
            Cause.SCOPE_MALFORMED,
            "scope must consist of names of printable ASCII characters, separated by spaces.",
            received=parameter,
            expected="names of printable ASCII characters except quotation mark and backslash, separated by spaces",
            client_id=client.id,
        )
    return scopes


def default_scopes(client: RegisteredClient) -> tuple[str, ...]:
    """Return the scopes for a request without a scope parameter in which the client acts for a user."""
    if client.kind == ClientKind.OIDC:
        return (str(ScopeName.OPENID),)
    return tuple(sorted(client.own_scopes - {ScopeName.OFFLINE_ACCESS}))


def scope_for_user(parameter: str | None, client: RegisteredClient) -> str:
    """Return the scope for a client that acts for a user; raises invalid_scope."""
    return _registered(parameter, client) if parameter is not None else " ".join(default_scopes(client))


def scope_for_client(parameter: str | None, client: RegisteredClient) -> str:
    """Return the scope for a client that acts on its own behalf; raises invalid_scope.

    Scopes about a user are not part of the default, and cannot be requested.
    """
    own = sorted(client.own_scopes - _USER_SCOPES)
    if parameter is None:
        return " ".join(own)
    for scope in parse_scope(parameter, client):
        if scope in _USER_SCOPES:
            raise ProtocolError(
                ErrorCode.INVALID_SCOPE,
                Cause.SCOPE_NEEDS_USER,
                f"The scope {scope} needs a user, but the client acts on its own behalf.",
                received=parameter,
                expected=" ".join(own),
                client_id=client.id,
            )
    return _registered(parameter, client)


def ignored_scopes(scopes: tuple[str, ...], client: RegisteredClient) -> tuple[str, ...]:
    """Return the scopes that a sign-in with openid ignores: those that nobody registered (Core, section 3.1.2.1)."""
    if ScopeName.OPENID not in scopes:
        return ()
    return tuple(scope for scope in scopes if scope not in client.scopes and scope not in _NEVER_IGNORED)


def check_registered(scopes: tuple[str, ...], parameter: str, client: RegisteredClient) -> None:
    """Raise invalid_scope if the client is not registered for one of the scopes of the parameter."""
    unregistered = [scope for scope in scopes if scope not in client.scopes]
    if unregistered:
        raise ProtocolError(
            ErrorCode.INVALID_SCOPE,
            Cause.SCOPE_NOT_REGISTERED,
            f"The client is not registered for the scope {unregistered[0][:60]}.",
            received=parameter,
            expected=" ".join(sorted(client.scopes)),
            client_id=client.id,
        )


def scopes_for(audience: Collection[str], scopes: Iterable[str], client: RegisteredClient) -> tuple[str, ...]:
    """Return the scopes that apply to an audience (RFC 8707, section 2.2).

    A scope of a resource applies only if the audience includes the resource. The other scopes apply everywhere. A
    client that is registered for the scope itself may also use it in tokens for this server.
    """
    return tuple(
        scope
        for scope in scopes
        if scope not in client.scope_resources
        or not client.scope_resources[scope].isdisjoint(audience)
        or (not audience and scope in client.scopes_anywhere)
    )


def check_resources(
    audience: Collection[str], scopes: Iterable[str], parameter: str, client: RegisteredClient
) -> None:
    """Raise invalid_scope if one of the requested scopes belongs to a resource that the request does not name."""
    wanted = tuple(scopes)
    kept = scopes_for(audience, wanted, client)
    for scope in wanted:
        if scope not in kept:
            raise scope_of_another_resource(scope, parameter, client)


def scope_of_another_resource(scope: str, parameter: str, client: RegisteredClient) -> ProtocolError:
    """Return the error for a scope that does not apply to the audience."""
    return ProtocolError(
        ErrorCode.INVALID_SCOPE,
        Cause.SCOPE_OF_ANOTHER_RESOURCE,
        f"The scope {scope[:60]} belongs to another resource. Name its resource in the request.",
        received=parameter,
        expected="\n".join(f"resource={uri}" for uri in sorted(client.scope_resources[scope])),
        client_id=client.id,
    )


def _registered(parameter: str, client: RegisteredClient) -> str:
    scopes = parse_scope(parameter, client)
    check_registered(scopes, parameter, client)
    return " ".join(scopes)
