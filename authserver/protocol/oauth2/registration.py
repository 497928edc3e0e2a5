"""The client registration endpoint (RFC 7591): anonymous, so limited, and what is registered waits for approval (S16).

What the metadata are called is in ``registration_metadata``; clients manage themselves in ``registration_management``.
"""

from collections.abc import Collection
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import AccessDeniedError
from authlib.oauth2.rfc7591.errors import (
    InvalidClientMetadataError,
    InvalidRedirectURIError,
    UnapprovedSoftwareStatementError,
)
from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import Actor
from authserver.domain import scopes, throttles
from authserver.domain.clients import (
    clients,
    pending_clients,
    registrations,
    sector_identifiers,
    self_registration,
)
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.throttles import Bucket
from authserver.errors import InvalidInput, Throttled
from authserver.protocol.http import NO_STORE, Request, Response, json_response
from authserver.protocol.oauth2 import registration_json, registration_metadata
from authserver.protocol.oauth2.error_responses import respond_with_error
from authserver.protocol.oauth2.errors import oauth_error
from authserver.protocol.services import Services
from authserver.vocabulary import ClientKind, EndpointPath

CLOSED, APPROVED = "closed", "approved"
_ACTOR = "the client itself"


def respond_to_registration(services: Services, message: Request, kind: ClientKind | None = None) -> Response:
    """Register a client (RFC 7591, section 3); without a kind the request tells which it is."""
    try:
        return _register(services, message, kind)
    except (InvalidInput, OAuth2Error, Throttled) as error:
        return registration_error(services, message, error)


def registration_error(
    services: Services,
    message: Request,
    error: InvalidInput | OAuth2Error | Throttled,
    client_id: int | None = None,
) -> Response:
    """Answer what is wrong with a request, in JSON (RFC 7591, section 3.2.2); a client that manages itself is known."""
    if isinstance(error, Throttled):
        # Other shortages than these limits, such as of room for hashing, are worded at the door.
        if type(error) is not Throttled:
            raise error
        sentence = "Too many clients were registered. Wait, or ask an administrator to create the client."
        headers = (*NO_STORE, ("Retry-After", str(error.retry_after)))
        return json_response(429, {"error": "too_many_requests", "error_description": sentence}, headers)
    refused = _refusal(error) if isinstance(error, InvalidInput) else error
    refused.client_id = client_id
    return respond_with_error(services.error_log, message, refused)


def parse_registration(
    message: Request, document: dict[str, Any], kind: str, *, known_name: str | None = None
) -> ClientMetadata:
    """Return what a request asks for, in normal form; raises InvalidInput or an OAuth error."""
    if "software_statement" in document:
        sentence = "Software statements are not accepted: no issuer of them is trusted here."
        raise oauth_error(UnapprovedSoftwareStatementError, sentence, "software-statement")
    fallback = f"Application at {message.address or 'an unknown host'}"
    wanted = registration_metadata.requested_values(document, kind, fallback)
    return registrations.validate(wanted, known_name=known_name)


def client_information(
    services: Services, client: Client, token: str, secret: str, *, is_changing: bool = False
) -> dict[str, Any]:
    """Return the client information response (RFC 7591, section 3.2.1; RFC 7592, section 3)."""
    document: dict[str, Any] = {
        "client_id": client.client_key,
        "client_id_issued_at": clock.timestamp(client.created_at),
    }
    if secret:
        document |= {"client_secret": secret, "client_secret_expires_at": 0}
    return document | {
        "registration_access_token": token,
        "registration_client_uri": services.settings.url(f"{EndpointPath.REGISTRATION}/{client.client_key}"),
        "registration_status": "change_pending" if is_changing else client.status,
        **registration_metadata.metadata_of_client(client),
    }


def bucket(services: Services, address: str) -> Bucket:
    """Return what is counted for registrations from an address."""
    network = throttles.network_of(address)
    return pending_clients.bucket(services.vault, "registration", network, services.settings.registrations)


def registration_actor(message: Request) -> Actor:
    """Return who asks, for the audit trail: never a name that a client could choose."""
    return Actor(name=_ACTOR, address=message.address, channel="machine", request_id=message.request_id)


def is_approved_at_once(services: Services, db: Session, new_scopes: Collection[str]) -> bool:
    """Return whether a registration waits for nobody: scopes that are not open to all always wait."""
    return services.settings.registration == APPROVED and not scopes.has_closed(db, new_scopes)


def _register(services: Services, message: Request, kind: ClientKind | None) -> Response:
    settings = services.settings
    if settings.registration == CLOSED:
        error = oauth_error(
            AccessDeniedError, "Registration is closed: ask an administrator.", "registration-closed"
        )
        error.status_code = 403
        raise error
    document = registration_json.parse_registration_json(message)
    wanted = parse_registration(message, document, kind or registration_metadata.kind_of(document))
    with services.database.transaction() as db:
        throttles.charge(db, [bucket(services, message.address)])
    sector_identifiers.check_registration(services.fetcher, wanted)
    who = registration_actor(message)
    with services.database.transaction() as db:
        pending_clients.purge(db, settings)
        client, secret, token = self_registration.add(db, who, services.vault, wanted)
        if is_approved_at_once(services, db, wanted.scopes or ()):
            clients.approve(db, who, client, revision=client.revision)
    return json_response(201, client_information(services, client, token, secret))


def _refusal(error: InvalidInput) -> OAuth2Error:
    faults = {registration_metadata.registered_name(name): text for name, text in error.fields.items()}
    kind = InvalidRedirectURIError if "redirect_uris" in faults else InvalidClientMetadataError
    # Which member is meant comes first: the sentences were written for a form, where each stands under its field.
    sentence = " ".join(f"{name}: {text}" for name, text in faults.items())
    return oauth_error(kind, sentence, "registration-refused")
