"""Web origins: which sites' scripts may call the machine endpoints, by where approved clients have their sign-ins return."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from authserver.domain.clients import Client
from authserver.terms import Status


def registered(connection: Connection) -> set[str]:
    """Return the origins of the redirect URIs of approved clients."""
    statement = select(Client.redirect_uris).where(Client.status == Status.APPROVED)
    return of(uri for uris in connection.scalars(statement) for uri in uris)


def of(uris: Iterable[str]) -> set[str]:
    """Return the origins of those URIs that have one, as browsers write them (RFC 6454, section 6.2)."""
    return {origin for uri in uris if (origin := _origin(uri))}


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    is_usual = parts.port in {None, 443 if parts.scheme == "https" else 80}
    return f"{parts.scheme}://{host}" if is_usual else f"{parts.scheme}://{host}:{parts.port}"
