"""The scope of a request: what it names, held against the registration, or the default (RFC 6749, section 3.3)."""

from authserver.domain import scope_names
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.vocabulary import ClientKind, ScopeName

_ABOUT_PEOPLE = frozenset(ScopeName)


def parse_scope(asked: str, client: RegisteredClient) -> tuple[str, ...]:
    """Return what a scope parameter names, each word once; raises invalid_scope for what is no scope (section 3.3)."""
    found = tuple(dict.fromkeys(word for word in asked.split(" ") if word))
    if not found or not all(map(scope_names.is_name, found)):
        raise ProtocolError(
            ErrorCode.INVALID_SCOPE,
            Cause.SCOPE_MALFORMED,
            "scope must be words of printable ASCII letters, separated by spaces.",
            received=asked,
            expected="printable ASCII letters but for quotation marks and backslashes, separated by spaces",
            client_id=client.id,
        )
    return found


def default_scopes(client: RegisteredClient) -> tuple[str, ...]:
    """Return the scope under which a client acts for a person where it names none: never more than it is registered for."""
    if client.kind == ClientKind.OIDC:
        return (str(ScopeName.OPENID),)
    return tuple(sorted(client.own_scopes - {ScopeName.OFFLINE_ACCESS}))


def scope_for_user(asked: str | None, client: RegisteredClient) -> str:
    """Return the scope under which a client acts for a person."""
    return _checked(asked, client) if asked is not None else " ".join(default_scopes(client))


def scope_for_client(asked: str | None, client: RegisteredClient) -> str:
    """Return the scope under which a client acts for itself; by default all but those that are about people."""
    return (
        _checked(asked, client) if asked is not None else " ".join(sorted(client.own_scopes - _ABOUT_PEOPLE))
    )


def check_registered(scopes: tuple[str, ...], asked: str, client: RegisteredClient) -> None:
    """Raise invalid_scope when one of the scopes, read from ``asked``, is none that the client is registered for."""
    foreign = [scope for scope in scopes if scope not in client.scopes]
    if foreign:
        raise ProtocolError(
            ErrorCode.INVALID_SCOPE,
            Cause.SCOPE_NOT_REGISTERED,
            f"The client is not registered for the scope {foreign[0][:60]}.",
            received=asked,
            expected=" ".join(sorted(client.scopes)),
            client_id=client.id,
        )


def _checked(asked: str, client: RegisteredClient) -> str:
    scopes = parse_scope(asked, client)
    check_registered(scopes, asked, client)
    return " ".join(scopes)
