"""Client authentication and the client's access check, for every endpoint that clients call with credentials.

The token, revocation, introspection and device authorization endpoints start with ``admit``. If the secret of a client
was not generated, wrong guesses are limited per client and network (RFC 6749, section 2.3.1).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from sqlalchemy import Connection, Row

from authserver.domain import access_state, throttles
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.throttles import Charge
from authserver.errors import AuthserverError
from authserver.protocol import access
from authserver.protocol.access import DenialReason
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.oauth2 import client_authentication
from authserver.protocol.oauth2.client_authentication import Credentials
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.services import Services
from authserver.vocabulary import AuthMethod

Load = Callable[[Connection, ClientRequest], Row[Any] | None]
"""Reads, in one statement, the client that a request names and the record that the request is about."""


def admit(
    services: Services,
    request: ClientRequest,
    load: Load,
    *,
    grant_type: str | None = None,
    is_identified_only: bool = False,
) -> tuple[Row[Any], RegisteredClient]:
    """Authenticate the client, check that it is approved, and return the row that ``load`` reads and the client.

    With ``is_identified_only``, a ``client_id`` without credentials is enough. Wrong credentials are still rejected.

    Raises ProtocolError, Throttled or Busy. No connection is held while a secret is hashed or the client's keys are fetched.
    """
    with services.database.reading() as connection:
        row = load(connection, request)
        calling = None if row is None else access_state.calling_client(row)
        known = None
        if calling is not None:
            known = services.client_cache.get(connection, calling.id, calling.revision)
    if is_identified_only and known is not None and request.credentials.method == AuthMethod.NONE:
        client = known
    else:
        client = _authenticate(services, request, row, known)
    assert row is not None
    check_client(row, client, grant_type)
    return row, client


def check_secret(
    services: Services, credentials: Credentials, client: RegisteredClient | None, address: str
) -> RegisteredClient:
    """Return the client if method and secret match its registration; raises invalid_client or Throttled."""
    with _counted_guess(services, credentials, client, address):
        return client_authentication.authenticate_client(credentials, client, services.secret_verifier)


def check_client(row: Row[Any], client: RegisteredClient, grant_type: str | None = None) -> None:
    """Raise ProtocolError if the client is not approved, or not registered for the grant type."""
    denial = access.check_access(access_state.state_of_caller(row), client, grant_type=grant_type)
    if denial is not None:
        raise_denial(denial, client, grant_types=(grant_type or "",))


def raise_denial(
    denial: DenialReason,
    client: RegisteredClient,
    *,
    grant_types: Sequence[str] = (),
    scopes: Sequence[str] = (),
) -> NoReturn:
    """Raise the ProtocolError for a failed access check (RFC 6749, section 5.2)."""
    code = ErrorCode.INVALID_GRANT
    if denial.concerns_client:
        code = ErrorCode.UNAUTHORIZED_CLIENT
    elif denial is DenialReason.SCOPE_NOT_REGISTERED:
        code = ErrorCode.INVALID_SCOPE
    received, expected = access.compare_registration(denial, client, grant_types, scopes)
    raise ProtocolError(
        code, denial.cause, denial.description, received=received, expected=expected, client_id=client.id
    )


def _authenticate(
    services: Services, request: ClientRequest, row: Row[Any] | None, client: RegisteredClient | None
) -> RegisteredClient:
    client = check_secret(services, request.credentials, client, request.http_request.address)
    assertion = request.credentials.assertion
    # The token endpoint may run its phases twice for one request, and an assertion can be used only once.
    if assertion is not None and not request.is_assertion_verified:
        assert row is not None
        # To verify an assertion, the server may fetch the client's keys, which only an approved client may cause (S4).
        check_client(row, client)
        services.assertions.verify(assertion, client, request.http_request.path)
        request.is_assertion_verified = True
    return client


@contextmanager
def _counted_guess(
    services: Services, credentials: Credentials, client: RegisteredClient | None, address: str
) -> Iterator[None]:
    """Charge one guess, and refund it unless the block rejects the secret; raises Throttled after too many guesses."""
    if client is None or not _is_guess(services, credentials, client):
        yield
        return
    bucket = throttles.bucket(
        services.vault,
        "client-secret",
        str(client.id),
        throttles.network_of(address),
        limit=services.settings.client_secret_attempts,
        window=services.settings.sign_in_window,
    )
    with services.database.transaction() as db:
        charges = throttles.charge(db, [bucket])
    try:
        yield
    except AuthserverError:
        # The process is at capacity, and the secret was not checked.
        _refund(services, charges)
        raise
    _refund(services, charges)


def _refund(services: Services, charges: list[Charge]) -> None:
    with services.database.transaction() as db:
        throttles.refund(db, charges)


def _is_guess(services: Services, credentials: Credentials, client: RegisteredClient) -> bool:
    # Guesses of generated secrets are not counted, because these have 256 bits. Secrets that were verified a moment ago
    # are not counted either.
    secret = credentials.secret or credentials.sent_secret
    is_accepted = credentials.method in client_authentication.accepted_methods(client.auth_method)
    if not is_accepted or not secret:
        return False
    return services.secret_verifier.needs_hash(client.secrets, client.revision, secret)
