"""The client registration endpoint (RFC 7591).

Clients do not authenticate at this endpoint, so registrations are rate-limited and, by default, need approval (S16).

``registration_metadata`` maps the metadata to columns; ``registration_management`` is the endpoint of RFC 7592.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import Actor
from authserver.domain import scopes, throttles
from authserver.domain.clients import (
    clients,
    pending_clients,
    redirect_uris,
    registrations,
    sector_identifiers,
    self_registration,
)
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.throttles import Bucket
from authserver.errors import InvalidInput, Throttled
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.oauth2 import registration_json, registration_metadata
from authserver.protocol.services import Services
from authserver.vocabulary import ClientKind, EndpointPath

CLOSED, APPROVED = "closed", "approved"
_ACTOR = "the client itself"


def respond_to_registration(
    services: Services, http_request: Request, kind: ClientKind | None = None
) -> Response:
    """Register a client (RFC 7591, section 3); without a kind, the metadata determine it."""
    try:
        return _register(services, http_request, kind)
    except (InvalidInput, Throttled) as error:
        raise protocol_error(error) from error


def protocol_error(error: InvalidInput | Throttled) -> ProtocolError:
    """Return the error response of registration (RFC 7591, section 3.2.2) for an error of the domain."""
    if isinstance(error, InvalidInput):
        return _metadata_error(error)
    if type(error) is not Throttled:
        # Busy means that the server is overloaded. It is not specific to registrations.
        raise error
    return ProtocolError(
        ErrorCode.TOO_MANY_REQUESTS,
        None,
        "Too many registration requests. Wait, or ask an administrator to create or change the client.",
        headers=(("Retry-After", str(error.retry_after)),),
    )


def parse_registration(
    services: Services,
    http_request: Request,
    document: dict[str, Any],
    kind: str,
    *,
    client: Client | None = None,
) -> ClientMetadata:
    """Return the normalized registration from a request; raises InvalidInput or ProtocolError.

    The current name, redirect URIs and signing algorithms of ``client`` are accepted without a check.
    """
    if "software_statement" in document:
        description = "Software statements are not supported."
        raise ProtocolError(ErrorCode.UNAPPROVED_SOFTWARE_STATEMENT, Cause.SOFTWARE_STATEMENT, description)
    fallback = f"Application at {http_request.address or 'an unknown host'}"
    wanted = registration_metadata.requested_values(document, kind, fallback)
    return registrations.validate(
        wanted,
        known=registrations.stored_values(client) if client else None,
        uri_rules=redirect_uris.rules_for_clients(services.settings),
    )


def client_information(
    services: Services, client: Client, token: str, secret: str, *, has_pending_change: bool = False
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
        "registration_status": "change_pending" if has_pending_change else client.status,
        **registration_metadata.metadata_of_client(client),
    }


def bucket(services: Services, address: str) -> Bucket:
    """Return the bucket that counts registrations from a network."""
    network = throttles.network_of(address)
    return pending_clients.bucket(services.vault, "registration", network, services.settings.registrations)


def registration_actor(http_request: Request) -> Actor:
    """Return the actor for audit events. Its name is fixed, because a client could choose a misleading one."""
    return Actor(
        name=_ACTOR, address=http_request.address, channel="machine", request_id=http_request.request_id
    )


def is_approved_at_once(services: Services, db: Session, new_scopes: Collection[str]) -> bool:
    """Return whether a registration is approved automatically, which requires that all new scopes are open."""
    return services.settings.registration == APPROVED and not scopes.has_closed(db, new_scopes)


def _register(services: Services, http_request: Request, kind: ClientKind | None) -> Response:
    settings = services.settings
    if settings.registration == CLOSED:
        raise ProtocolError(
            ErrorCode.ACCESS_DENIED,
            Cause.REGISTRATION_CLOSED,
            "Client registration is disabled. Ask an administrator to create the client.",
            status=403,
        )
    document = registration_json.parse_registration_json(http_request)
    kind = kind or registration_metadata.kind_of(document)
    wanted = parse_registration(services, http_request, document, kind)
    with services.database.transaction() as db:
        throttles.charge(db, [bucket(services, http_request.address)])
    with services.database.transaction(write=False) as db:
        is_approved = is_approved_at_once(services, db, wanted.scopes or ())
    if is_approved:
        # A pending registration must not cause a request (S16); the document is then checked at the approval.
        sector_identifiers.check_registration(services.fetcher, wanted)
    actor = registration_actor(http_request)
    with services.database.transaction() as db:
        client, secret, token = self_registration.add(db, actor, settings, services.vault, wanted)
        if is_approved and is_approved_at_once(services, db, wanted.scopes or ()):
            clients.approve(db, actor, client, revision=client.revision)
    return json_response(201, client_information(services, client, token, secret))


def _metadata_error(error: InvalidInput) -> ProtocolError:
    messages = {registration_metadata.registered_name(name): text for name, text in error.fields.items()}
    code = (
        ErrorCode.INVALID_REDIRECT_URI if "redirect_uris" in messages else ErrorCode.INVALID_CLIENT_METADATA
    )
    # Name each member, because the messages were written for a form that shows them below the fields.
    description = " ".join(f"{name}: {text}" for name, text in messages.items()).replace("\n", " ")
    return ProtocolError(code, Cause.REGISTRATION_REFUSED, description)
