"""The OAuth 2.0 server of one application: Authlib's framework-free server with our grants registered on it.

It carries settings, keys and the database. Grants live in rooms of their own; the phases that every endpoint shares
(reading the request, authenticating the client, the gate, refusing) are here, so that none can forget one.
"""

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, NoReturn

from authlib.oauth2.rfc6749 import AuthorizationServer
from sqlalchemy import Connection, Row

from authserver.domain.authorizations import access_state
from authserver.domain.clients.client_cache import ClientCache, RegisteredClient
from authserver.domain.clients.client_secrets import SecretVerifier
from authserver.domain.clients.registrations import MISPRINTED_DEVICE_GRANT
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.diagnostics.error_log import ErrorLog
from authserver.domain.fetcher import Fetcher
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.keys.vault import Vault
from authserver.domain.orm import Database
from authserver.domain.scope_cache import ScopeCache
from authserver.domain.users.authentication import PasswordAuthenticator
from authserver.protocol import access
from authserver.protocol.access import DenialReason
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import NO_STORE, Request, Response, json_response
from authserver.protocol.oauth2 import client_authentication
from authserver.protocol.oauth2.access_tokens import AccessTokens
from authserver.protocol.oauth2.client_assertions import AssertionVerifier
from authserver.protocol.oauth2.client_authentication import Credentials
from authserver.protocol.oauth2.client_keys import ClientKeySets
from authserver.protocol.oauth2.grants.authorization_code import AuthorizationCodeGrant
from authserver.protocol.oauth2.grants.base import What
from authserver.protocol.oauth2.grants.client_credentials import ClientCredentialsGrant
from authserver.protocol.oauth2.grants.device_code import DeviceCodeGrant
from authserver.protocol.oauth2.grants.password import PasswordGrant
from authserver.protocol.oauth2.grants.refresh_token import RefreshTokenGrant
from authserver.protocol.oauth2.secret_guesses import SecretGuesses
from authserver.protocol.oauth2.token_request import TokenRequest
from authserver.protocol.oidc.id_token import IdTokens
from authserver.settings import Settings

GRANTS = (
    AuthorizationCodeGrant,
    RefreshTokenGrant,
    DeviceCodeGrant,
    PasswordGrant,
    ClientCredentialsGrant,
)


class OAuth2Server(AuthorizationServer):
    """The law of OAuth 2.0 for one application."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        verifier: SecretVerifier,
        key_ring: KeyRing,
        client_cache: ClientCache,
        fetcher: Fetcher,
        authenticator: PasswordAuthenticator,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.database = database
        self.vault = vault
        self.client_cache = client_cache
        self.scope_catalogue = ScopeCache(database)
        self.error_log = ErrorLog(database)
        self.key_ring = key_ring
        self.id_tokens = IdTokens(settings, key_ring)
        self.access_tokens = AccessTokens(settings, key_ring)
        self.authenticator = authenticator
        self._verifier = verifier
        self._guesses = SecretGuesses(settings, database, vault, verifier)
        self._assertions = AssertionVerifier(settings, database, vault, ClientKeySets(fetcher))
        for grant in GRANTS:
            self.register_grant(grant)

    @property
    def grant_types(self) -> list[str]:
        """The grant types of the registered grants, for discovery."""
        return [grant.GRANT_TYPE for grant, _ in self._token_grants]

    def answer_token_request(self, message: Request) -> Response:
        """Answer a request to the token endpoint (RFC 6749, section 3.2)."""
        exchange = TokenRequest(message)
        if exchange.payload.grant_type is None:
            raise ProtocolError(
                ErrorCode.INVALID_REQUEST,
                Cause.GRANT_TYPE_MISSING,
                "grant_type is missing.",
                expected=" ".join(self.grant_types),
            )
        if exchange.payload.grant_type not in self.grant_types:
            raise self._unsupported(exchange)
        response: Response = self.create_token_response(exchange)
        return response

    def _unsupported(self, exchange: TokenRequest) -> ProtocolError:
        asked = str(exchange.payload.grant_type)
        with self.database.reading() as connection:
            row = access_state.find_client(connection, exchange.credentials.client_key)
        is_misprint = asked == MISPRINTED_DEVICE_GRANT
        fault = (
            "grant_type begins with urn:, not with urb:."
            if is_misprint
            else f"{asked[:100]} is no grant type here."
        )
        return ProtocolError(
            ErrorCode.UNSUPPORTED_GRANT_TYPE,
            Cause.GRANT_TYPE_MISPRINTED if is_misprint else Cause.GRANT_TYPE_UNSUPPORTED,
            fault,
            received=asked,
            expected=" ".join(self.grant_types),
            client_id=None if row is None else row.c_id,
        )

    def create_oauth2_request(self, request: Any) -> Any:
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        return None

    def handle_response(self, status: int, body: dict[str, Any], headers: Any) -> Response:
        return json_response(status, body, NO_STORE)

    def admit(
        self,
        exchange: TokenRequest,
        grant_type: str | None,
        find: Callable[Concatenate[Connection, str, What], Row[Any] | None],
        *what: What.args,
        **named: What.kwargs,
    ) -> tuple[Row[Any], RegisteredClient]:
        """Return what a statement reads, and the client that asks, authenticated and past the gate; raises.

        No connection is held while a secret is hashed or a client's keys are fetched.
        """
        with self.database.reading() as connection:
            row = find(connection, exchange.credentials.client_key, *what, **named)
            asking = None if row is None else access_state.calling_client(row)
            known = None if asking is None else self.client_cache.get(connection, asking.id, asking.revision)
        client = self._identify(exchange, known)
        assert row is not None
        self.check_client(row, client, grant_type)
        return row, client

    def registered_client(self, client_id: int, revision: int) -> RegisteredClient:
        """Return a client's policy where no connection is at hand."""
        kept = self.client_cache.kept(client_id, revision)
        if kept is not None:
            return kept
        with self.database.reading() as connection:
            return self.client_cache.get(connection, client_id, revision)

    def _identify(self, exchange: TokenRequest, client: RegisteredClient | None) -> RegisteredClient:
        """Return the client of a request once it has proved who it is; raises invalid_client, or Throttled."""
        client = self.check_secret(exchange.credentials, client, exchange.message.address)
        assertion = exchange.credentials.assertion
        # A grant that reads again within one request asks again, and the assertion has been used up by then.
        if assertion is not None and not exchange.is_assertion_used:
            self._assertions.verify(assertion, client, exchange.message.path)
            exchange.is_assertion_used = True
        return client

    def check_secret(
        self, credentials: Credentials, client: RegisteredClient | None, address: str
    ) -> RegisteredClient:
        """Return the client whose registered method and secret were presented; raises invalid_client, or Throttled."""
        with self._guesses.counted(credentials, client, address):
            return client_authentication.authenticate_client(credentials, client, self._verifier)

    def check_client(self, row: Row[Any], client: RegisteredClient, grant_type: str | None = None) -> None:
        """Pass the gate with the client alone, whatever it presents, or raise the OAuth error."""
        denial = access.check_access(access_state.state_of_caller(row), client, grant_type=grant_type)
        if denial is not None:
            raise_denial(denial, client, grant_types=(grant_type or "",))

    def check(self, row: Row[Any], client: RegisteredClient, *, grant_type: str, scope: str) -> None:
        """Pass the gate with what a statement has read, or raise the OAuth error that fits the verdict."""
        scopes = scope.split()
        denial = access.check_access(
            access_state.access_state_of(row), client, grant_type=grant_type, scopes=scopes
        )
        if denial is not None:
            raise_denial(denial, client, grant_types=(grant_type, row.s_grant_type), scopes=scopes)


def raise_denial(
    denial: DenialReason,
    client: RegisteredClient,
    *,
    grant_types: Sequence[str] = (),
    scopes: Sequence[str] = (),
) -> NoReturn:
    """Raise the OAuth error for a verdict of the gate (RFC 6749, section 5.2)."""
    kind = ErrorCode.INVALID_GRANT
    if denial.concerns_client:
        kind = ErrorCode.UNAUTHORIZED_CLIENT
    elif denial is DenialReason.SCOPE_NOT_REGISTERED:
        kind = ErrorCode.INVALID_SCOPE
    facts = registration_facts(denial, client, grant_types, scopes)
    raise ProtocolError(
        kind,
        denial.cause,
        denial.sentence,
        received=facts.get("received", ""),
        expected=facts.get("expected", ""),
        client_id=client.id,
    )


def registration_facts(
    denial: DenialReason, client: RegisteredClient, grant_types: Sequence[str], scopes: Sequence[str]
) -> dict[str, str]:
    """Return what the ledger keeps as received and expected where the registration does not cover what was asked."""
    if denial is DenialReason.SCOPE_NOT_REGISTERED:
        return {"received": " ".join(scopes), "expected": " ".join(sorted(client.scopes))}
    if denial is DenialReason.GRANT_NOT_REGISTERED:
        missing = [name for name in grant_types if name not in client.grant_types]
        return {"received": " ".join(missing), "expected": " ".join(sorted(client.grant_types))}
    return {}
