"""The OAuth 1.0a server: issues credentials (RFC 5849, section 2) with Authlib's ``AuthorizationServer``.

``OAuth1Server`` overrides Authlib's methods. Otherwise Authlib would consume the nonce before it checks the signature,
delete a credential on an unsigned request, accept a credential of another client, and exchange a credential twice.
"""

from typing import Any

from authlib.oauth1 import AuthorizationServer
from sqlalchemy import Row

from authserver import clock
from authserver.domain import opaque_tokens
from authserver.domain.client_cache import ClientCache
from authserver.domain.clients import redirect_uris
from authserver.domain.oauth1 import consumers, temporary_credentials, token_credentials
from authserver.domain.orm import Database
from authserver.domain.vault import Vault
from authserver.protocol.http import FORM_TYPE, NO_STORE, Request, Response
from authserver.protocol.oauth1 import errors, request_checks
from authserver.protocol.oauth1.encoding import Pair, encode_form
from authserver.protocol.oauth1.errors import OAuth1Error, ProblemCode
from authserver.protocol.oauth1.issued_credentials import IssuedCredentials
from authserver.protocol.oauth1.parameters import collect
from authserver.protocol.oauth1.signed_request import SignedRequest
from authserver.settings import Settings


class OAuth1Server(AuthorizationServer):
    """Issues temporary credentials and token credentials; every method raises OAuth1Error."""

    def __init__(
        self, settings: Settings, database: Database, vault: Vault, client_cache: ClientCache
    ) -> None:
        super().__init__()
        self.settings = settings
        self.database = database
        self.vault = vault
        self.client_cache = client_cache
        product = settings.product_name
        self.realm = settings.oauth_realm or (product if product.isascii() else "OAuth")

    def respond_to_temporary_credentials_request(self, http_request: Request) -> Response:
        """Respond to a request for temporary credentials (RFC 5849, section 2.1)."""
        request = self.read(http_request)
        pairs = self.create_temporary_credentials_response(request)
        if not request.redirect_uri:
            # A client of OAuth Core 1.0 sends no callback, so there is none to confirm.
            pairs = [pair for pair in pairs if pair[0] != "oauth_callback_confirmed"]
        return _form(pairs)

    def respond_to_token_credentials_request(self, http_request: Request) -> Response:
        """Respond to a request for token credentials (RFC 5849, section 2.3)."""
        return _form(self.create_token_response(self.read(http_request)))

    def read(self, http_request: Request) -> SignedRequest:
        """Parse an HTTP request into a signed request."""
        parameters = collect(
            http_request.headers.get("authorization", ""), http_request.query, http_request.form
        )
        get = http_request.headers.get
        sent_to = tuple(host for name in ("host", "x-forwarded-host") if (host := get(name)))
        uri = self.settings.url(http_request.path)
        return SignedRequest(http_request.method, uri, parameters, sent_to=sent_to)

    # Authlib's ``AuthorizationServer`` calls the methods below. It does not catch OAuth1Error, which is not an Authlib
    # error.

    def create_oauth1_request(self, request: SignedRequest) -> SignedRequest:
        return request

    def handle_response(
        self, _status: int, payload: list[tuple[str, str | bool]], _headers: object
    ) -> list[Pair]:
        # Authlib passes True where the protocol has the string true.
        return [(name, "true" if value is True else str(value)) for name, value in payload]

    def validate_temporary_credentials_request(self, request: SignedRequest) -> None:
        with self.database.reading() as connection:
            row = temporary_credentials.find_with_client(connection, request.client_key, None)
            request_checks.set_client(connection, self.client_cache, request, row)
        request_checks.check_request(request, self.settings, self.vault, token_secret="")
        if request.token_value:
            advice = "A request for temporary credentials must not have a token."
            raise errors.parameter_rejected("oauth_token", advice)
        if not request.redirect_uri and not request.consumer.allows_1_0:
            raise errors.parameters_absent(
                "oauth_callback",
                advice="The request lacks oauth_callback (a URL, or oob). An administrator can allow this consumer to"
                " use OAuth Core 1.0, which sends the callback later.",
                client_id=request.client.id,
            )
        error = request.redirect_uri and consumers.callback_error(
            request.consumer,
            request.client.redirect_uris,
            request.redirect_uri,
            redirect_uris.rules_for_clients(self.settings),
        )
        if error:
            raise errors.parameter_rejected(
                "oauth_callback",
                error,
                request.redirect_uri,
                received=request.redirect_uri,
                expected="\n".join(request.client.redirect_uris),
                client_id=request.client.id,
            )

    def create_temporary_credential(self, request: SignedRequest) -> IssuedCredentials:
        with self.database.connection() as connection:
            error = request_checks.claim_nonce(connection, request, self.settings)
            if error is None:
                token, secret = temporary_credentials.add(
                    connection,
                    self.settings,
                    self.vault,
                    client_id=request.client.id,
                    client_epoch=request.row.s_client_epoch,
                    callback=request.redirect_uri or "",
                )
        if error is not None:
            raise error
        return IssuedCredentials(token, secret)

    def validate_token_request(self, request: SignedRequest) -> None:
        handle = temporary_credentials.parse_temporary_token(request.token_value)
        with self.database.reading() as connection:
            row = temporary_credentials.find_with_client(connection, request.client_key, handle)
            request_checks.set_client(connection, self.client_cache, request, row)
        if not request.token_value:
            raise errors.parameters_absent("oauth_token")
        row = request.row
        # Unknown credentials and credentials of another client get the same error, so that a client cannot find out
        # which credentials other clients have.
        if (
            handle is None
            or not opaque_tokens.matches(handle, row.digest)
            or row.owner_id != request.client.id
        ):
            raise OAuth1Error(
                ProblemCode.TOKEN_REJECTED,
                "These temporary credentials do not exist.",
                client_id=request.client.id,
            )
        token_secret = temporary_credentials.reveal(self.vault, row.sealed_secret)
        request_checks.check_request(request, self.settings, self.vault, token_secret)

    def create_token_credential(self, request: SignedRequest) -> IssuedCredentials:
        exchange_error = self._exchange_error(request)
        with self.database.connection() as connection:
            error = request_checks.claim_nonce(connection, request, self.settings) or exchange_error
            if error is None:
                # Consume first, then issue: of two concurrent exchanges only one passes this line.
                authorization_id = temporary_credentials.consume(connection, request.row.credential_id)
                if authorization_id is not None:
                    token, secret = token_credentials.add(
                        connection, self.settings, self.vault, authorization_id
                    )
                    return IssuedCredentials(token, secret)
                error = _already_used()
            elif error.error == ProblemCode.VERIFIER_INVALID:
                temporary_credentials.count_wrong_verifier(connection, request.row.credential_id)
        error.set_client(request.client.id)
        raise error

    def delete_temporary_credential(self, request: SignedRequest) -> None:
        """Do nothing: the exchange has already consumed the credential when Authlib calls this method."""

    def _exchange_error(self, request: SignedRequest) -> OAuth1Error | None:
        error = _lifecycle_error(request.row) or _verifier_error(request, request.row)
        if error is not None:
            return error
        try:
            request_checks.check_authorization(request, self.settings, ProblemCode.TOKEN_REVOKED)
        except OAuth1Error as denied:
            return denied
        return None


def _lifecycle_error(row: Row[Any]) -> OAuth1Error | None:
    if row.consumed_at is not None:
        return _already_used()
    if row.expires_at <= clock.now():
        advice = "The temporary credentials have expired. Start the sign-in again."
        return OAuth1Error(ProblemCode.TOKEN_EXPIRED, advice)
    if row.denied_at is not None:
        return OAuth1Error(ProblemCode.USER_REFUSED, "The user denied access.")
    if row.issued_client_epoch != row.s_client_epoch:
        advice = "The consumer was disapproved after these credentials were issued."
        return OAuth1Error(ProblemCode.TOKEN_REVOKED, advice)
    if row.authorization_id is None:
        return OAuth1Error(ProblemCode.PERMISSION_UNKNOWN, "The user has not decided yet.")
    if row.wrong_verifiers >= temporary_credentials.MAX_WRONG_VERIFIERS:
        advice = "Too many wrong verifiers were sent. Start the sign-in again."
        return OAuth1Error(ProblemCode.TOKEN_REJECTED, advice)
    return None


def _verifier_error(request: SignedRequest, row: Row[Any]) -> OAuth1Error | None:
    if not row.callback:
        return None
    verifier = request.parameters.get("oauth_verifier")
    if not verifier:
        return errors.parameters_absent("oauth_verifier")
    if not temporary_credentials.matches_verifier(verifier, row.verifier_digest):
        return OAuth1Error(
            ProblemCode.VERIFIER_INVALID, "The verifier does not match the one that was issued."
        )
    return None


def _already_used() -> OAuth1Error:
    return OAuth1Error(ProblemCode.TOKEN_USED, "These temporary credentials have already been exchanged.")


def _form(pairs: list[Pair]) -> Response:
    return Response(200, encode_form(pairs).encode(), (("Content-Type", FORM_TYPE), *NO_STORE))
