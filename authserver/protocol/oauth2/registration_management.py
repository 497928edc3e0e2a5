"""The client configuration endpoint (RFC 7592): a client reads, changes or deletes its own registration.

Without a valid registration access token, a caller cannot find out whether the client exists. Changes to an approved
client wait for approval. Until then, the approved registration stays in effect (S2).
"""

from typing import Any

from sqlalchemy.orm import Session

from authserver.domain import opaque_tokens, throttles
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import (
    client_secrets,
    clients,
    pending_clients,
    redirect_uris,
    sector_identifiers,
    self_registration,
)
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.errors import InvalidInput, NotFound, Throttled
from authserver.protocol.access import DenialReason
from authserver.protocol.errors import BearerError, ErrorCode, ProtocolError
from authserver.protocol.http import NO_STORE, Request, Response, json_response
from authserver.protocol.oauth2 import (
    admission,
    bearer_tokens,
    client_authentication,
    registration,
    registration_json,
    registration_metadata,
)
from authserver.protocol.oauth2.client_authentication import Credentials
from authserver.protocol.services import Services
from authserver.vocabulary import ClientStatus, TokenPrefix

_WRONG_SECRET = "client_secret must be the current secret of the client."


def respond_to_management(services: Services, http_request: Request) -> Response:
    """Read, change or delete the client's registration (RFC 7592, section 2)."""
    value = bearer_tokens.parse_bearer_token(http_request)
    token = opaque_tokens.parse_token(TokenPrefix.REGISTRATION_TOKEN, value)
    if token is None:
        raise _unknown_token(value)
    handle = {"PUT": _change, "DELETE": _delete}.get(http_request.method, _show)
    try:
        return handle(services, http_request, token, value)
    except BearerError:
        raise
    except ProtocolError as error:
        # These errors are raised after authentication, so the token identifies the client.
        error.set_client(token.id)
        raise
    except (InvalidInput, Throttled) as error:
        converted = registration.protocol_error(error)
        converted.set_client(token.id)
        raise converted from error


def _show(services: Services, http_request: Request, token: OpaqueToken, value: str) -> Response:
    with services.database.transaction(write=False) as db:
        client = _authenticate(db, http_request, token, value, is_writing=False)
        return _information(services, db, client, value)


def _delete(services: Services, http_request: Request, token: OpaqueToken, value: str) -> Response:
    try:
        with services.database.transaction() as db:
            # The removal locks the client's row itself, after other rows (see domain.lock_order).
            client = _authenticate(db, http_request, token, value, is_writing=False)
            clients.remove(db, registration.registration_actor(http_request), client)
    except NotFound as error:
        raise _unknown_token(value) from error
    return Response(204, b"", NO_STORE)


def _change(services: Services, http_request: Request, token: OpaqueToken, value: str) -> Response:
    with services.database.transaction(write=False) as db:
        before = _authenticate(db, http_request, token, value, is_writing=False)
        document = registration_json.parse_registration_json(http_request)
        _check_identity(before, document)
        registered = services.client_cache.of(db, before)
    _check_secret(services, http_request, registered, document.get("client_secret"))
    wanted = registration.parse_registration(services, http_request, document, before.kind, client=before)
    limit = services.settings.registrations
    with services.database.transaction() as db:
        bucket = pending_clients.bucket(services.vault, "registration-change", before.client_key, limit)
        throttles.charge(db, [bucket])
    with services.database.transaction(write=False) as db:
        is_open = _is_open(services, db, before, wanted)
    if is_open:
        # Other changes must not cause a request before an administrator approves them (S16).
        sector_identifiers.check_registration(services.fetcher, wanted, before)
    with services.database.transaction() as db:
        client = _authenticate(db, http_request, token, value, is_writing=True)
        is_open = is_open and _is_open(services, db, client, wanted)
        secret = _apply(services, db, http_request, client, wanted, is_open=is_open)
        return _information(services, db, client, value, secret)


def _is_open(services: Services, db: Session, client: Client, wanted: ClientMetadata) -> bool:
    """Return whether a change to an approved client is approved automatically."""
    new_scopes = set(wanted.scopes or ()) - set(client.scopes)
    may_change = client.is_approved and not client.is_trusted
    return may_change and registration.is_approved_at_once(services, db, new_scopes)


def _apply(
    services: Services,
    db: Session,
    http_request: Request,
    client: Client,
    wanted: ClientMetadata,
    *,
    is_open: bool,
) -> str:
    # A pending client can be changed directly: no administrator has reviewed it yet.
    applies_immediately = client.status == ClientStatus.PENDING or is_open
    change = self_registration.edit if applies_immediately else self_registration.propose
    actor = registration.registration_actor(http_request)
    rules = redirect_uris.rules_for_clients(services.settings)
    return change(db, actor, services.vault, client, self_registration.merged(client, wanted, rules))


def _check_identity(client: Client, document: dict[str, Any]) -> None:
    """Reject read-only members and the client_id of another client (RFC 7592, section 2.2)."""
    sent = [name for name in registration_metadata.READ_ONLY if name in document]
    if sent:
        raise _identity_error(f"{sent[0]} must not be sent.")
    if document.get("client_id") != client.client_key:
        raise _identity_error("client_id is required and must match the client in the URL.")


def _check_secret(services: Services, http_request: Request, client: RegisteredClient, secret: Any) -> None:
    """Reject a wrong secret, and count it as a guess (RFC 7592, section 2.2)."""
    if secret is None:
        return
    try:
        if isinstance(secret, str) and client_secrets.are_used(client.kind, client.auth_method):
            method = client_authentication.accepted_methods(client.auth_method)[0]
            credentials = Credentials(client.client_key, method, secret)
            admission.check_secret(services, credentials, client, http_request.address)
            return
    except ProtocolError as error:
        raise _identity_error(_WRONG_SECRET) from error
    raise _identity_error(_WRONG_SECRET)


def _authenticate(
    db: Session, http_request: Request, token: OpaqueToken, value: str, *, is_writing: bool
) -> Client:
    key = http_request.path.rpartition("/")[2]
    client = self_registration.authenticate(db, key, token, is_writing=is_writing)
    if client is None:
        raise _unknown_token(value)
    if client.status == ClientStatus.DISAPPROVED:
        denial = DenialReason.CLIENT_DISAPPROVED
        raise BearerError(ErrorCode.INSUFFICIENT_SCOPE, denial.cause, denial.description, client_id=client.id)
    return client


def _information(services: Services, db: Session, client: Client, value: str, secret: str = "") -> Response:
    has_pending_change = self_registration.pending_change_of(db, client) is not None
    return json_response(
        200,
        registration.client_information(
            services, client, value, secret, has_pending_change=has_pending_change
        ),
    )


def _unknown_token(value: str) -> BearerError:
    return BearerError(
        ErrorCode.INVALID_TOKEN,
        Cause.REGISTRATION_TOKEN_WRONG,
        "The registration access token is not valid for this client.",
        received=opaque_tokens.kind_of(value),
        expected="the registration access token of the client in the URL",
    )


def _identity_error(description: str) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_CLIENT_METADATA,
        Cause.REGISTRATION_IDENTITY,
        description,
        expected="the client's own client_id, and its own secret or none",
    )
