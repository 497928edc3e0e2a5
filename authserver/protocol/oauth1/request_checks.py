"""Checks of signed requests, in the order that every endpoint uses: signature, timestamp, client, then nonce.

The signature comes first, so that only the consumer itself can learn its own state. The nonce comes last, in the
transaction that acts on the request, so that a rejected request does not consume it.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row

from authserver import clock
from authserver.domain import access_state
from authserver.domain.client_cache import ClientCache
from authserver.domain.clients import client_secrets
from authserver.domain.diagnostics import redaction
from authserver.domain.oauth1 import consumers, nonces
from authserver.domain.vault import Vault
from authserver.protocol import access
from authserver.protocol.access import DenialReason
from authserver.protocol.oauth1 import public_keys, signature_errors, signatures
from authserver.protocol.oauth1.errors import OAuth1Error, ProblemCode
from authserver.protocol.oauth1.signed_request import SignedRequest
from authserver.settings import Settings
from authserver.vocabulary import ClientKind, SignatureMethod

_CLIENT_PROBLEMS = {
    DenialReason.CLIENT_PENDING: ProblemCode.CONSUMER_KEY_REFUSED,
    DenialReason.CLIENT_DISAPPROVED: ProblemCode.CONSUMER_KEY_REJECTED,
}


def set_client(
    connection: Connection, client_cache: ClientCache, request: SignedRequest, row: Row[Any] | None
) -> None:
    """Set the client of a request from the row that was looked up; raises consumer_key_unknown."""
    client = None if row is None else client_cache.get(connection, row.c_id, row.c_revision)
    if row is None or client is None or client.kind != ClientKind.OAUTH1:
        raise OAuth1Error(
            ProblemCode.CONSUMER_KEY_UNKNOWN,
            "No consumer has this key.",
            received=redaction.unknown_key(request.parameters.get("oauth_consumer_key")),
        )
    request.row, request.client, request.consumer = row, client, consumers.options_of(client.details)


def check_request(request: SignedRequest, settings: Settings, vault: Vault, token_secret: str) -> None:
    """Check signature, timestamp and client; raises OAuth1Error. The state of the credential is checked separately."""
    check_signature(request, vault, token_secret)
    check_timestamp(request, settings)
    check_client(request)


def check_signature(request: SignedRequest, vault: Vault, token_secret: str) -> None:
    """Raise signature_method_rejected or signature_invalid unless the consumer signed the request."""
    method = request.parameters.get("oauth_signature_method")
    if method not in request.consumer.signature_methods:
        is_known = method in set(SignatureMethod)
        raise OAuth1Error(
            ProblemCode.SIGNATURE_METHOD_REJECTED,
            "This consumer is not allowed to use this signature method."
            if is_known
            else "This signature method is not supported.",
            received=method[:60],
            expected=", ".join(request.consumer.signature_methods),
            client_id=request.client.id,
        )
    if method == SignatureMethod.PLAINTEXT and not signatures.is_private_transport(request.uri):
        advice = "PLAINTEXT requires TLS, or a client on the same machine."
        raise OAuth1Error(
            ProblemCode.SIGNATURE_METHOD_REJECTED,
            advice,
            received=f"{method} at {request.uri}",
            expected="https",
            client_id=request.client.id,
        )
    keys = _keys(request, vault, token_secret)
    if not signatures.verify(method, request.base_string, request.parameters.get("oauth_signature"), keys):
        raise signature_errors.signature_invalid(request, keys)


def check_timestamp(request: SignedRequest, settings: Settings) -> None:
    """Raise timestamp_refused if the timestamp is outside the window around the current time."""
    if request.signed_at is None:
        return
    now = clock.now()
    if abs(request.signed_at - now) > settings.timestamp_window:
        raise signature_errors.timestamp_refused(request, now, settings.timestamp_window)


def check_client(request: SignedRequest) -> None:
    """Run the access check for the client alone; raises consumer_key_refused or consumer_key_rejected."""
    denial = access.check_access(access_state.state_of_caller(request.row))
    if denial is not None:
        code = _CLIENT_PROBLEMS.get(denial, ProblemCode.CONSUMER_KEY_REJECTED)
        raise OAuth1Error(code, denial.description, client_id=request.client.id)


def check_authorization(request: SignedRequest, settings: Settings, code: ProblemCode) -> None:
    """Run the access check for the authorization of the credential; raises OAuth1Error with the given code."""
    denial = access.check_access(access_state.access_state_of(request.row, settings), request.client)
    if denial is not None:
        received, expected = access.compare_registration(denial, request.client, (), ())
        is_not_allowed = denial is DenialReason.USER_NOT_ALLOWED
        raise OAuth1Error(
            code,
            denial.description,
            cause=denial.cause if is_not_allowed else None,
            received=received or denial,
            expected=expected,
            client_id=request.client.id,
        )


def claim_nonce(connection: Connection, request: SignedRequest, settings: Settings) -> OAuth1Error | None:
    """Consume the nonce in the transaction that acts on the request; return nonce_used if it was used before."""
    if request.signed_at is None:
        return None
    is_new = nonces.claim(
        connection,
        request.client.id,
        token=request.token_value,
        timestamp=request.parameters.get("oauth_timestamp"),
        nonce=request.parameters.get("oauth_nonce"),
        expires_at=request.signed_at + settings.timestamp_window + timedelta(minutes=1),
    )
    if is_new:
        return None
    return OAuth1Error(
        ProblemCode.NONCE_USED,
        "This nonce was already used with the same timestamp. Use a new nonce for every request.",
        received=signature_errors.signed_target(request),
        client_id=request.client.id,
    )


def _keys(request: SignedRequest, vault: Vault, token_secret: str) -> signatures.Keys:
    secrets = tuple(client_secrets.reveal_all(vault, request.client.secrets))
    public_key = request.consumer.public_key
    return signatures.Keys(
        secrets, token_secret, public_keys.load_public_keys(public_key) if public_key else ()
    )
