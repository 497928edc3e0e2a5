"""Sector identifier documents, fetched before a client may use them (OpenID Connect Registration, section 5).

The specification requires this fetch, because the document proves that the redirect URIs belong to one sector. An
anonymous registration must not cause a request (S16), so the document is fetched when an administrator approves the
client or its change, or saves the client. Callers fetch it outside a transaction, after they have validated the
metadata. ``subject_salt`` derives the pairwise subject identifiers.
"""

import json
from collections.abc import Iterable
from typing import Any, Protocol

from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.fetcher import Fetcher, FetchFailed
from authserver.errors import InvalidInput
from authserver.vocabulary import ClientKind

FIELD = "sector_identifier_uri"


class HasSector(Protocol):
    """A client's record, or a row with its columns."""

    @property
    def redirect_uris(self) -> Any: ...
    @property
    def details(self) -> Any: ...


def check(fetcher: Fetcher, uri: str, redirect_uris: Iterable[str]) -> None:
    """Raise InvalidInput unless the document lists every redirect URI (section 5, MUST). Raises Busy."""
    listed = set(_read(fetcher, uri))
    for redirect_uri in redirect_uris:
        if redirect_uri not in listed:
            raise _error(f"The document at the sector identifier URI does not list {redirect_uri[:200]}.")


def check_approval(fetcher: Fetcher, client: HasSector) -> None:
    """Check a client that is about to be approved; raises InvalidInput or Busy."""
    if uri := sector_of(client):
        check(fetcher, uri, client.redirect_uris)


def sector_of(client: HasSector) -> str:
    """Return the sector identifier URI of a client, or an empty string."""
    return str(client.details.get(FIELD) or "")


def check_registration(fetcher: Fetcher, metadata: ClientMetadata, before: HasSector | None = None) -> None:
    """Check the metadata of a new client, or of a change to the client ``before``; raises InvalidInput or Busy."""
    if metadata.sector_identifier_uri and needs_fetch(metadata, before):
        check(fetcher, metadata.sector_identifier_uri, metadata.redirect_uris)


def needs_fetch(metadata: ClientMetadata, before: HasSector | None = None) -> bool:
    """Return whether a new client, or a change to the client ``before``, requires fetching the document."""
    uri = metadata.sector_identifier_uri
    if not uri or metadata.kind == ClientKind.OAUTH1:
        return False
    if before is None or before.details.get(FIELD) != uri:
        return True
    return not set(metadata.redirect_uris) <= set(before.redirect_uris)


def _read(fetcher: Fetcher, uri: str) -> list[str]:
    try:
        response = fetcher.get(uri)
    except FetchFailed as error:
        raise _error(f"The sector identifier URI could not be fetched: {error}") from error
    if response.status != 200:
        raise _error(f"The sector identifier URI returned status {response.status} instead of 200.")
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError) as error:
        raise _error("The document at the sector identifier URI is not JSON.") from error
    if not isinstance(document, list) or not all(isinstance(entry, str) for entry in document):
        raise _error("The document at the sector identifier URI is not a JSON array of redirect URIs.")
    return document


def _error(sentence: str) -> InvalidInput:
    return InvalidInput({FIELD: sentence})
