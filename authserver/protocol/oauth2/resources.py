"""Resource indicators (RFC 8707): the resource servers that an access token is for.

A resource is a URI, which is compared as a string. A client may request the resources that it is registered for, those
that are open to every client, and this server itself. If it names none, it gets those that it is registered for.

``requested_scope`` decides which scopes apply to the resources.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from authserver.domain import text_rules
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients.metadata_types import MAX_AUDIENCE_LENGTH
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Pairs
from authserver.settings import Settings
from authserver.vocabulary import EndpointPath, ScopeName

PARAMETERS = frozenset({"resource", "audience"})
"""The parameters that name a resource, which may be repeated. Some libraries send ``audience``."""

_MAX_RESOURCES = 20


def requested_resources(pairs: Pairs, client: RegisteredClient, settings: Settings) -> tuple[str, ...]:
    """Return the resources that a request names; raises invalid_target."""
    requested = tuple(dict.fromkeys(value for name, value in pairs if name in PARAMETERS and value))
    length = sum(map(len, requested))
    if len(requested) > _MAX_RESOURCES or length > MAX_AUDIENCE_LENGTH:
        raise _invalid_target(
            "The request names too many resources.",
            Cause.RESOURCE_TOO_MANY,
            client,
            f"{len(requested)} resources of {length} characters",
            [f"at most {_MAX_RESOURCES} resources of {MAX_AUDIENCE_LENGTH} characters in total"],
        )
    _check(requested, client, settings)
    return requested


def audience_of(
    named: tuple[str, ...], client: RegisteredClient, settings: Settings, scopes: Iterable[str]
) -> tuple[str, ...]:
    """Return the audience of a token: the named resources, or those that the client is registered for.

    A token with the scope openid must work at the userinfo endpoint. If the client names no resource, the audience of
    such a token therefore includes this server. An empty audience means this server only.
    """
    if named or not client.resources:
        return named
    own = (settings.issuer,) if ScopeName.OPENID in scopes else ()
    audience = tuple(dict.fromkeys((*client.resources, *own)))
    # Older versions accepted longer lists. Clients with such a list must name the resources that they need.
    return audience if len(" ".join(client.resources)) <= MAX_AUDIENCE_LENGTH else ()


def registered_audience(audience: str, client: RegisteredClient, settings: Settings) -> list[str] | None:
    """Return the resources in a token's audience that the client may still use (S14), or None if there are none left.

    The result for an empty audience is empty: such a token is for this server.
    """
    uris = audience.split()
    allowed = _allowed(client, settings)
    kept = [uri for uri in uris if uri in allowed]
    return kept if kept or not uris else None


def narrowed_resources(
    pairs: Pairs, client: RegisteredClient, settings: Settings, granted: Iterable[str]
) -> tuple[str, ...]:
    """Return the granted resources that a request names, or all of them (RFC 8707, section 2.2).

    Without a result, the client names no resource at all, and ``audience_of`` determines the audience.
    """
    requested, granted = requested_resources(pairs, client, settings), tuple(granted)
    if granted and not set(requested) <= set(granted):
        raise _invalid_target(
            "resource was not included in the original grant.",
            Cause.RESOURCE_EXCEEDS_GRANT,
            client,
            " ".join(requested),
            granted,
        )
    if not requested:
        # An administrator may have removed a resource since the grant (S14).
        _check(granted, client, settings)
    return requested or granted


def own_resources(settings: Settings) -> set[str]:
    """Return the URIs of this server's own protected resource, the userinfo endpoint."""
    return {settings.issuer, settings.url(EndpointPath.USERINFO)}


def is_audience(audience: str, names: Iterable[str]) -> bool:
    """Return whether a token with this audience is for one of these resources; always True for an empty audience."""
    return not audience or bool(set(audience.split()) & set(names))


def resource_error(uri: str) -> str | None:
    """Return the error in the URI of a resource (RFC 8707, section 2), or None."""
    if not text_rules.has_only_uri_characters(uri):
        return "resource must be an absolute URI."
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "resource must be an absolute URI."
    if not parts.scheme or not (parts.netloc or parts.path):
        return "resource must be an absolute URI."
    return "resource must not have a fragment." if "#" in uri else None


def _allowed(client: RegisteredClient, settings: Settings) -> set[str]:
    return own_resources(settings).union(client.open_resources, client.resources)


def _check(uris: Iterable[str], client: RegisteredClient, settings: Settings) -> None:
    allowed = _allowed(client, settings)
    for uri in uris:
        if error := resource_error(uri):
            raise _invalid_target(
                error, Cause.RESOURCE_MALFORMED, client, uri, ["an absolute URI without a fragment"]
            )
        if uri not in allowed:
            raise _invalid_target(
                "The client is not registered for this resource.",
                Cause.RESOURCE_NOT_REGISTERED,
                client,
                uri,
                allowed,
            )


def _invalid_target(
    description: str, cause: Cause, client: RegisteredClient, received: str, expected: Iterable[str]
) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_TARGET,
        cause,
        description,
        client_id=client.id,
        received=received,
        expected="\n".join(sorted(expected)),
    )
