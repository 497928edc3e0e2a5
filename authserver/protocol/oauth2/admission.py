"""Client authentication and the client's access check, for every endpoint that clients call with credentials.

The token, revocation, introspection and device authorization endpoints start with ``admit``. ``secret_guesses`` limits
wrong secrets.
"""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from sqlalchemy import Connection, Row

from authserver.domain import access_state
from authserver.domain.client_cache import RegisteredClient
from authserver.protocol import access
from authserver.protocol.access import DenialReason
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.oauth2 import client_authentication, secret_guesses
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
    with secret_guesses.counted(services, credentials, client, address):
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
