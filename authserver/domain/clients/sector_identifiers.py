"""The document behind a sector identifier URI, read when a client is registered (OpenID Connect Registration, section 5).

It is the one thing that this server fetches at registration time (S17), because the specification demands it: whoever
can put a document there vouches that the redirect URIs belong to one sector. Ask it outside any transaction, after
``registrations.check``. How the sector becomes subjects is told in ``subject_salt``.
"""

import json
from collections.abc import Iterable
from typing import Any, Protocol

from authserver.domain.clients.registrations import Registration
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
    """Fetch the document and find every redirect URI in it (section 5, MUST); raises InvalidInput for the field."""
    listed = set(_read(fetcher, uri))
    for redirect_uri in redirect_uris:
        if redirect_uri not in listed:
            raise _fault(f"The document at the sector identifier URI does not list {redirect_uri[:200]}.")


def check_registration(fetcher: Fetcher, registration: Registration, before: HasSector | None = None) -> None:
    """Check a new registration, or a change of ``before``; nothing is fetched when neither side of it changed."""
    if needs_fetch(registration, before):
        check(fetcher, registration.details[FIELD], registration.redirect_uris)


def needs_fetch(registration: Registration, before: HasSector | None = None) -> bool:
    """Return whether the document has to be fetched for a new registration, or for a change of ``before``."""
    uri = registration.details.get(FIELD)
    if not uri or registration.kind == ClientKind.OAUTH1:
        return False
    if before is None or before.details.get(FIELD) != uri:
        return True
    return not set(registration.redirect_uris) <= set(before.redirect_uris)


def _read(fetcher: Fetcher, uri: str) -> list[str]:
    try:
        answer = fetcher.get(uri)
    except FetchFailed as error:
        raise _fault(f"The sector identifier URI could not be fetched: {error}") from error
    if answer.status != 200:
        raise _fault(f"The sector identifier URI was answered with status {answer.status} instead of 200.")
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise _fault("The document at the sector identifier URI is not JSON.") from error
    if not isinstance(document, list) or not all(isinstance(entry, str) for entry in document):
        raise _fault("The document at the sector identifier URI is not a JSON array of redirect URIs.")
    return document


def _fault(sentence: str) -> InvalidInput:
    return InvalidInput({FIELD: sentence})
