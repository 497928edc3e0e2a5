"""The decisions about a signed request, each on its own, and the order in which all who judge one call them.

Signature, then timestamp, then standing: a stranger who cannot sign learns nothing about a consumer. The nonce comes
last, in the transaction that acts, so that a request which is refused before uses nothing up.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row

from authserver import clock
from authserver.domain.authorizations import access_state
from authserver.domain.clients import client_secrets
from authserver.domain.clients.client_cache import ClientCache
from authserver.domain.diagnostics import redaction
from authserver.domain.keys.vault import Vault
from authserver.domain.oauth1 import consumers, nonces
from authserver.protocol import access
from authserver.protocol.access import DenialReason
from authserver.protocol.oauth1 import public_keys, signature_errors, signatures
from authserver.protocol.oauth1.problems import Problem, Reason
from authserver.protocol.oauth1.signed_request import SignedRequest
from authserver.settings import Settings
from authserver.vocabulary import ClientKind, SignatureMethod

_CLIENT_PROBLEMS = {
    DenialReason.CLIENT_PENDING: Reason.CONSUMER_KEY_REFUSED,
    DenialReason.CLIENT_DISAPPROVED: Reason.CONSUMER_KEY_REJECTED,
}


def find_client(
    connection: Connection, client_cache: ClientCache, request: SignedRequest, row: Row[Any] | None
) -> None:
    """Note whose request it is; raises consumer_key_unknown."""
    client = None if row is None else client_cache.get(connection, row.c_id, row.c_revision)
    if row is None or client is None or client.kind != ClientKind.OAUTH1:
        problem = Problem(Reason.CONSUMER_KEY_UNKNOWN, "There is no consumer with this key.")
        problem.received = redaction.unknown_key(request.parameters.get("oauth_consumer_key"))
        raise problem
    request.row, request.client, request.consumer = row, client, consumers.options_of(client.details)


def check_request(request: SignedRequest, settings: Settings, vault: Vault, token_secret: str) -> None:
    """Check what does not depend on the credential's own state, in the one order; raises Problem."""
    check_signature(request, vault, token_secret)
    check_timestamp(request, settings)
    check_client(request)


def check_signature(request: SignedRequest, vault: Vault, token_secret: str) -> None:
    """Raise signature_method_rejected or signature_invalid unless the consumer signed the request."""
    method = request.parameters.get("oauth_signature_method")
    if method not in request.consumer.signature_methods:
        known = method in set(SignatureMethod)
        advice = (
            "This signature method is not allowed for the consumer."
            if known
            else "This signature method is unknown."
        )
        raise Problem(Reason.SIGNATURE_METHOD_REJECTED, advice).about(
            request.client.id, received=method[:60], expected=", ".join(request.consumer.signature_methods)
        )
    if method == SignatureMethod.PLAINTEXT and not signatures.is_private_transport(request.uri):
        raise Problem(
            Reason.SIGNATURE_METHOD_REJECTED, "PLAINTEXT is accepted by TLS or on one machine only."
        )
    keys = _keys(request, vault, token_secret)
    if not signatures.verify(method, request.base_string, request.parameters.get("oauth_signature"), keys):
        raise signature_errors.signature_invalid(request)


def check_timestamp(request: SignedRequest, settings: Settings) -> None:
    """Raise timestamp_refused when the request was signed too long ago, or too far in the future."""
    if request.signed_at is None:
        return
    now = clock.now()
    if abs(request.signed_at - now) > settings.timestamp_window:
        raise signature_errors.timestamp_refused(request, now, settings.timestamp_window)


def check_client(request: SignedRequest) -> None:
    """Pass the gate with the client alone, or raise the problem that fits."""
    denial = access.check_access(access_state.state_of_caller(request.row))
    if denial is not None:
        problem = _CLIENT_PROBLEMS.get(denial, Reason.CONSUMER_KEY_REJECTED)
        raise Problem(problem, denial.sentence).about(request.client.id)


def check_authorization(request: SignedRequest, problem: Reason) -> None:
    """Pass the gate with the authorization under which the credential stands, or raise the problem."""
    denial = access.check_access(access_state.access_state_of(request.row))
    if denial is not None:
        raise Problem(problem, denial.sentence).about(request.client.id, received=denial)


def claim_nonce(connection: Connection, request: SignedRequest, settings: Settings) -> Problem | None:
    """Use the nonce up in the transaction that acts on the request; return nonce_used when it was used before."""
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
    advice = "This nonce was used before with the same timestamp; make a new one for every request."
    return Problem(Reason.NONCE_USED, advice).about(
        request.client.id, received=signature_errors.target_words(request)
    )


def _keys(request: SignedRequest, vault: Vault, token_secret: str) -> signatures.Keys:
    secrets = tuple(client_secrets.reveal_all(vault, request.client.secrets))
    public_key = request.consumer.public_key
    return signatures.Keys(
        secrets, token_secret, public_keys.load_public_keys(public_key) if public_key else ()
    )
