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

from authserver.domain import (
    client_registrations,
    client_secrets,
    clients,
    handles,
    sector_identifiers,
    throttles,
    unapproved,
)
from authserver.domain.clients import Client
from authserver.domain.handles import Handle
from authserver.domain.policies import Policy
from authserver.domain.registrations import Registration
from authserver.errors import InvalidInput, Throttled
from authserver.protocol.gate import Verdict
from authserver.protocol.messages import NO_STORE, Request, Response, json_response
from authserver.protocol.oauth2 import bearer, registration, registration_document, registration_metadata
from authserver.protocol.oauth2.bearer import BearerError
from authserver.protocol.oauth2.client_authentication import Credentials
from authserver.protocol.oauth2.errors import ClientAuthenticationFailed, referred, refusal
from authserver.protocol.services import Services
from authserver.terms import AuthMethod, Path, Prefix, Status

_NOT_ITS_SECRET = "client_secret is not the client's; it cannot be chosen."
ENDPOINT = f"{Path.REGISTRATION}/<key>"
"""How the endpoint is called where no client is meant."""


def answer(services: Services, message: Request) -> Response:
    """Do what a client asks of its registration (RFC 7592, section 2)."""
    client_id = None
    # In the ledger it is one endpoint: whoever has no valid token could name any client in the address.
    recorded = replace(message, path=ENDPOINT)
    try:
        value = bearer.read(message)
        token = handles.read(Prefix.REGISTRATION_TOKEN, value)
        if token is None:
            raise _unknown(value)
        client_id = token.id
        if message.method == "PUT":
            return _change(services, message, token, value)
        return (_delete if message.method == "DELETE" else _show)(services, message, token, value)
    except BearerError as error:
        return _challenge(error, bearer.record(services.oauth2, ENDPOINT, message.address, error))
    except (InvalidInput, OAuth2Error, Throttled) as error:
        # All of these come after the token has proved to be that of the client which it names.
        return registration.refuse(services, recorded, error, client_id)


def _show(services: Services, message: Request, token: Handle, value: str) -> Response:
    with services.database.transaction(write=False) as session:
        client = _authenticate(session, message, token, value, is_writing=False)
        return _information(services, session, client, value)


def _delete(services: Services, message: Request, token: Handle, value: str) -> Response:
    with services.database.transaction() as session:
        client = _authenticate(session, message, token, value, is_writing=True)
        clients.remove(session, registration.actor(message), client)
    return Response(204, b"", NO_STORE)


def _change(services: Services, message: Request, token: Handle, value: str) -> Response:
    with services.database.transaction(write=False) as session:
        before = _authenticate(session, message, token, value, is_writing=False)
        document = registration_document.read(message)
        _check_identity(before, document)
        policy = services.policies.of(session, before)
    _check_secret(services, message, policy, document.get("client_secret"))
    wanted = registration.read(message, document, before.kind, known_name=before.name)
    limit = services.settings.registrations
    with services.database.transaction() as session:
        bucket = unapproved.bucket(services.vault, "registration-change", before.client_key, limit)
        throttles.charge(session, [bucket])
    sector_identifiers.check_registration(services.fetcher, wanted, before)
    with services.database.transaction() as session:
        client = _authenticate(session, message, token, value, is_writing=True)
        secret = _apply(services, session, message, client, wanted)
        return _information(services, session, client, value, secret)


def _apply(
    services: Services, session: Session, message: Request, client: Client, wanted: Registration
) -> str:
    new_scopes = set(wanted.scopes or ()) - set(client.scopes)
    is_open = not client.is_trusted and registration.is_approved_at_once(services, session, new_scopes)
    # Nobody has looked at a pending client yet: whoever reviews it sees the new values.
    is_live = client.status == Status.PENDING or is_open
    change = client_registrations.edit if is_live else client_registrations.propose
    who = registration.actor(message)
    return change(session, who, services.vault, client, client_registrations.merged(client, wanted))


def _check_identity(client: Client, document: dict[str, Any]) -> None:
    """Refuse what a client must not send back, and another's identity (RFC 7592, section 2.2)."""
    sent = [name for name in registration_metadata.READ_ONLY if name in document]
    if sent:
        raise _fault(f"{sent[0]} must not be sent.")
    if document.get("client_id") != client.client_key:
        raise _fault("client_id must be there, and be the client's own.")


def _check_secret(services: Services, message: Request, policy: Policy, secret: Any) -> None:
    """Refuse a secret that is not the client's (RFC 7592, section 2.2); it is a guess like any other at a secret."""
    if secret is None:
        return
    try:
        if isinstance(secret, str) and client_secrets.are_used(policy.kind, policy.auth_method):
            credentials = Credentials(policy.client_key, AuthMethod(policy.auth_method), secret)
            services.oauth2.check_secret(credentials, policy, message.address)
            return
    except ClientAuthenticationFailed as error:
        raise _fault(_NOT_ITS_SECRET) from error
    raise _fault(_NOT_ITS_SECRET)


def _authenticate(
    session: Session, message: Request, token: Handle, value: str, *, is_writing: bool
) -> Client:
    key = message.path.rpartition("/")[2]
    client = client_registrations.authenticate(session, key, token, is_writing=is_writing)
    if client is None:
        raise _unknown(value)
    if client.status == Status.DISAPPROVED:
        verdict = Verdict.CLIENT_DISAPPROVED
        raise BearerError(403, "insufficient_scope", verdict.sentence, verdict, client_id=client.id)
    return client


def _information(
    services: Services, session: Session, client: Client, value: str, secret: str = ""
) -> Response:
    is_changing = client_registrations.waiting(session, client) is not None
    return json_response(
        200, registration.information(services, client, value, secret, is_changing=is_changing)
    )


def _unknown(value: str) -> BearerError:
    return BearerError(
        401,
        "invalid_token",
        "The registration access token is not valid here.",
        "registration-token-wrong",
        received=bearer.kind_of(value),
        expected="the registration access token of the client whose address this is",
    )


def _challenge(error: BearerError, reference: str) -> Response:
    """Answer as RFC 6750, section 3, demands, with a body that says the same in JSON."""
    plain = error.answer(reference)
    described = referred(error.description, reference)
    document = {"error": error.error or "invalid_token", "error_description": described}
    headers = (("Content-Type", "application/json"), *plain.headers)
    return Response(plain.status, json.dumps(document, separators=(",", ":")).encode(), headers)


def _fault(sentence: str) -> OAuth2Error:
    expected = "the client's own client_id, and its own secret or none"
    return refusal(InvalidClientMetadataError, sentence, "registration-identity", expected=expected)
