"""The client configuration endpoint (RFC 7592): a client reads, changes or deletes its own registration.

Whoever has no valid registration token learns nothing, not even whether a client exists. A change of an approved client
waits for an administrator, while what was approved goes on serving (S2).
"""

import json
from dataclasses import replace
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc7591.errors import InvalidClientMetadataError
from sqlalchemy.orm import Session

from authserver.domain import throttles
from authserver.domain.clients import (
    client_secrets,
    clients,
    pending_clients,
    sector_identifiers,
    self_registration,
)
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.tokens import opaque_tokens
from authserver.domain.tokens.opaque_tokens import OpaqueToken
from authserver.errors import InvalidInput, Throttled
from authserver.protocol.access import DenialReason
from authserver.protocol.http import NO_STORE, Request, Response, json_response
from authserver.protocol.oauth2 import (
    admission,
    bearer_tokens,
    registration,
    registration_json,
    registration_metadata,
)
from authserver.protocol.oauth2.bearer_tokens import BearerError
from authserver.protocol.oauth2.client_authentication import Credentials
from authserver.protocol.oauth2.errors import ClientAuthenticationFailed, oauth_error, with_reference
from authserver.protocol.services import Services
from authserver.vocabulary import AuthMethod, ClientStatus, EndpointPath, TokenPrefix

_NOT_ITS_SECRET = "client_secret is not the client's; it cannot be chosen."
ENDPOINT = f"{EndpointPath.REGISTRATION}/<key>"
"""How the endpoint is called where no client is meant."""


def respond_to_management(services: Services, message: Request) -> Response:
    """Do what a client asks of its registration (RFC 7592, section 2)."""
    client_id = None
    # In the ledger it is one endpoint: whoever has no valid token could name any client in the address.
    recorded = replace(message, path=ENDPOINT)
    try:
        value = bearer_tokens.parse_bearer_token(message)
        token = opaque_tokens.parse_token(TokenPrefix.REGISTRATION_TOKEN, value)
        if token is None:
            raise _unknown(value)
        client_id = token.id
        if message.method == "PUT":
            return _change(services, message, token, value)
        return (_delete if message.method == "DELETE" else _show)(services, message, token, value)
    except BearerError as error:
        return _challenge(
            error, bearer_tokens.record_bearer_error(services.error_log, ENDPOINT, message.address, error)
        )
    except (InvalidInput, OAuth2Error, Throttled) as error:
        # All of these come after the token has proved to be that of the client which it names.
        return registration.registration_error(services, recorded, error, client_id)


def _show(services: Services, message: Request, token: OpaqueToken, value: str) -> Response:
    with services.database.transaction(write=False) as db:
        client = _authenticate(db, message, token, value, is_writing=False)
        return _information(services, db, client, value)


def _delete(services: Services, message: Request, token: OpaqueToken, value: str) -> Response:
    with services.database.transaction() as db:
        client = _authenticate(db, message, token, value, is_writing=True)
        clients.remove(db, registration.registration_actor(message), client)
    return Response(204, b"", NO_STORE)


def _change(services: Services, message: Request, token: OpaqueToken, value: str) -> Response:
    with services.database.transaction(write=False) as db:
        before = _authenticate(db, message, token, value, is_writing=False)
        document = registration_json.parse_registration_json(message)
        _check_identity(before, document)
        policy = services.client_cache.of(db, before)
    _check_secret(services, message, policy, document.get("client_secret"))
    wanted = registration.parse_registration(message, document, before.kind, known_name=before.name)
    limit = services.settings.registrations
    with services.database.transaction() as db:
        bucket = pending_clients.bucket(services.vault, "registration-change", before.client_key, limit)
        throttles.charge(db, [bucket])
    sector_identifiers.check_registration(services.fetcher, wanted, before)
    with services.database.transaction() as db:
        client = _authenticate(db, message, token, value, is_writing=True)
        secret = _apply(services, db, message, client, wanted)
        return _information(services, db, client, value, secret)


def _apply(services: Services, db: Session, message: Request, client: Client, wanted: ClientMetadata) -> str:
    new_scopes = set(wanted.scopes or ()) - set(client.scopes)
    is_open = not client.is_trusted and registration.is_approved_at_once(services, db, new_scopes)
    # Nobody has looked at a pending client yet: whoever reviews it sees the new values.
    is_live = client.status == ClientStatus.PENDING or is_open
    change = self_registration.edit if is_live else self_registration.propose
    who = registration.registration_actor(message)
    return change(db, who, services.vault, client, self_registration.merged(client, wanted))


def _check_identity(client: Client, document: dict[str, Any]) -> None:
    """Refuse what a client must not send back, and another's identity (RFC 7592, section 2.2)."""
    sent = [name for name in registration_metadata.READ_ONLY if name in document]
    if sent:
        raise _fault(f"{sent[0]} must not be sent.")
    if document.get("client_id") != client.client_key:
        raise _fault("client_id must be there, and be the client's own.")


def _check_secret(services: Services, message: Request, client: RegisteredClient, secret: Any) -> None:
    """Refuse a secret that is not the client's (RFC 7592, section 2.2); it is a guess like any other at a secret."""
    if secret is None:
        return
    try:
        if isinstance(secret, str) and client_secrets.are_used(client.kind, client.auth_method):
            credentials = Credentials(client.client_key, AuthMethod(client.auth_method), secret)
            admission.check_secret(services, credentials, client, message.address)
            return
    except ClientAuthenticationFailed as error:
        raise _fault(_NOT_ITS_SECRET) from error
    raise _fault(_NOT_ITS_SECRET)


def _authenticate(
    db: Session, message: Request, token: OpaqueToken, value: str, *, is_writing: bool
) -> Client:
    key = message.path.rpartition("/")[2]
    client = self_registration.authenticate(db, key, token, is_writing=is_writing)
    if client is None:
        raise _unknown(value)
    if client.status == ClientStatus.DISAPPROVED:
        denial = DenialReason.CLIENT_DISAPPROVED
        raise BearerError(403, "insufficient_scope", denial.sentence, denial, client_id=client.id)
    return client


def _information(services: Services, db: Session, client: Client, value: str, secret: str = "") -> Response:
    is_changing = self_registration.pending_change_of(db, client) is not None
    return json_response(
        200, registration.client_information(services, client, value, secret, is_changing=is_changing)
    )


def _unknown(value: str) -> BearerError:
    return BearerError(
        401,
        "invalid_token",
        "The registration access token is not valid here.",
        "registration-token-wrong",
        received=opaque_tokens.kind_of(value),
        expected="the registration access token of the client whose address this is",
    )


def _challenge(error: BearerError, reference: str) -> Response:
    """Answer as RFC 6750, section 3, demands, with a body that says the same in JSON."""
    plain = error.answer(reference)
    described = with_reference(error.description, reference)
    document = {"error": error.error or "invalid_token", "error_description": described}
    headers = (("Content-Type", "application/json"), *plain.headers)
    return Response(plain.status, json.dumps(document, separators=(",", ":")).encode(), headers)


def _fault(sentence: str) -> OAuth2Error:
    expected = "the client's own client_id, and its own secret or none"
    return oauth_error(InvalidClientMetadataError, sentence, "registration-identity", expected=expected)
