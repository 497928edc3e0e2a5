"""The resource servers that a request names, as users see them on the consent pages."""

from collections.abc import Iterable

from authserver.domain import resources
from authserver.protocol.oauth2.resources import own_resources
from authserver.web import current


def named_resources(identifiers: Iterable[str]) -> list[str]:
    """Return the names of resources that a request names, except this server itself."""
    own = own_resources(current.services().settings)
    return resources.names_of(current.transaction(), [uri for uri in identifiers if uri not in own])
