"""Resource indicators (RFC 8707): for which resource servers an access token is meant, and who may ask for them.

A resource is named by a URI that is compared as a string. A client may ask for those that it is registered for, those
that the settings open to every client, and this server itself.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from authserver.domain import text_rules
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Pairs
from authserver.settings import Settings
from authserver.vocabulary import EndpointPath

_AT_MOST = 20
_LENGTH = 3900  # All of them together, as the record stores them.


def requested_resources(pairs: Pairs, client: RegisteredClient, settings: Settings) -> tuple[str, ...]:
    """Return the resources that a request names; raises invalid_target."""
    wanted = tuple(dict.fromkeys(value for name, value in pairs if name == "resource" and value))
    if len(wanted) > _AT_MOST or sum(map(len, wanted)) > _LENGTH:
        raise _refused(
            "Too many resources are requested.",
            Cause.RESOURCE_TOO_MANY,
            client,
            f"{len(wanted)} resources of {sum(map(len, wanted))} letters",
            [f"{_AT_MOST} resources of {_LENGTH} letters in all, at most"],
        )
    _check(wanted, client, settings)
    return wanted


def are_registered(uris: Iterable[str], client: RegisteredClient, settings: Settings) -> bool:
    """Return whether the client may still ask for tokens for all of these resources."""
    return _known(client, settings).issuperset(uris)


def _known(client: RegisteredClient, settings: Settings) -> set[str]:
    return own_resources(settings) | set(settings.resources) | set(client.details.get("resources", ()))


def _check(wanted: Iterable[str], client: RegisteredClient, settings: Settings) -> None:
    known = _known(client, settings)
    for uri in wanted:
        if fault := resource_error(uri):
            raise _refused(
                fault, Cause.RESOURCE_MALFORMED, client, uri, ["an absolute URI without a fragment"]
            )
        if uri not in known:
            raise _refused(
                "The client may not ask for this resource.", Cause.RESOURCE_NOT_REGISTERED, client, uri, known
            )


def narrowed_audience(
    pairs: Pairs, client: RegisteredClient, settings: Settings, granted: Iterable[str]
) -> tuple[str, ...]:
    """Return the audience of tokens under a grant: what this request names of it, else all (RFC 8707, section 2.2)."""
    wanted, granted = requested_resources(pairs, client, settings), tuple(granted)
    if granted and not set(wanted) <= set(granted):
        fault = "The resource is none of those that were granted."
        raise _refused(fault, Cause.RESOURCE_EXCEEDS_GRANT, client, " ".join(wanted), granted)
    if not wanted:
        # An administrator may have taken one of them away since (S14).
        _check(granted, client, settings)
    return wanted or granted


def own_resources(settings: Settings) -> set[str]:
    """Return the names of this server's own protected resource, the userinfo endpoint."""
    return {settings.issuer, settings.url(EndpointPath.USERINFO)}


def is_audience(audience: str, names: Iterable[str]) -> bool:
    """Return whether a token with that audience is meant for a resource of one of these names."""
    return not audience or bool(set(audience.split()) & set(names))


def resource_error(uri: str) -> str | None:
    """Return what is wrong with the name of a resource (RFC 8707, section 2), or None."""
    if not text_rules.has_only_uri_characters(uri):
        return "A resource is an absolute URI."
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "A resource is an absolute URI."
    if not parts.scheme or not (parts.netloc or parts.path):
        return "A resource is an absolute URI."
    return "A resource has no fragment." if "#" in uri else None


def _refused(
    fault: str, cause: Cause, client: RegisteredClient, received: str = "", known: Iterable[str] = ()
) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_TARGET,
        cause,
        fault,
        client_id=client.id,
        received=received,
        expected="\n".join(sorted(known)),
    )
