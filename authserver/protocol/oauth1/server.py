"""The OAuth 1.0a server of one application: Authlib's flow class with every decision made here (RFC 5849, section 2).

What Authlib's own methods would do and ours do not: burn the nonce before the signature is checked, delete a credential
because of a request that nobody signed, hand one client's credential to another, exchange one twice.
"""

from typing import Any

from authlib.oauth1 import AuthorizationServer
from sqlalchemy import Row
from sqlalchemy.orm import Session

from authserver import clock
from authserver.domain.clients.client_cache import ClientCache
from authserver.domain.diagnostics.error_log import ErrorLog, ErrorReport
from authserver.domain.keys.vault import Vault
from authserver.domain.oauth1 import consumers, temporary_credentials, token_credentials
from authserver.domain.orm import Database
from authserver.domain.tokens import opaque_tokens
from authserver.protocol.http import FORM_TYPE, NO_STORE, Request, Response
from authserver.protocol.oauth1 import problems, request_checks
from authserver.protocol.oauth1.encoding import Pair, encode_form
from authserver.protocol.oauth1.issued_credentials import IssuedCredentials
from authserver.protocol.oauth1.parameters import collect
from authserver.protocol.oauth1.problems import Problem, Reason
from authserver.protocol.oauth1.signed_request import SignedRequest
from authserver.settings import Settings


class OAuth1Server(AuthorizationServer):
    """The law of OAuth 1.0a for one application."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        client_cache: ClientCache,
        error_log: ErrorLog,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.database = database
        self.vault = vault
        self.client_cache = client_cache
        self.error_log = error_log
        product = settings.product_name
        self.realm = settings.oauth_realm or (product if product.isascii() else "OAuth")

    def answer_temporary_credentials_request(self, message: Request) -> Response:
        """Answer a request for temporary credentials (RFC 5849, section 2.1)."""
        try:
            request = self.read(message)
            answer = self.create_temporary_credentials_response(request)
        except Problem as problem:
            return self.refuse(message, problem)
        if isinstance(answer, Problem):
            return self.refuse(message, answer)
        if not request.redirect_uri:
            # A client that speaks 1.0 must not be told that its callback was confirmed: it has sent none.
            answer = [pair for pair in answer if pair[0] != "oauth_callback_confirmed"]
        return _form(answer)

    def answer_token_credentials_request(self, message: Request) -> Response:
        """Answer a request for token credentials (RFC 5849, section 2.3)."""
        try:
            answer = self.create_token_response(self.read(message))
        except Problem as problem:
            return self.refuse(message, problem)
        return self.refuse(message, answer) if isinstance(answer, Problem) else _form(answer)

    def read(self, message: Request) -> SignedRequest:
        """Return the signed request that arrived; raises Problem."""
        parameters = collect(message.headers.get("authorization", ""), message.query, message.form)
        return SignedRequest(message.method, self.settings.url(message.path), parameters)

    def refuse(self, message: Request, problem: Problem) -> Response:
        """Record why a request is refused, and answer it in the words of problem reporting."""
        self.record_and_refer(message.path, message.address, problem)
        challenge = ("WWW-Authenticate", problems.challenge(self.realm, problem))
        return _form(problem.get_body(), problem.status_code, challenge)

    def record_and_refer(self, endpoint: str, address: str, problem: Problem) -> None:
        """Record why a request is refused, and let the advice name the reference under which that is found."""
        reference = self.record(endpoint, address, problem)
        if reference and problem.advice:
            problem.advice = f"{problem.advice} (reference {reference})"

    def record(self, endpoint: str, address: str, problem: Problem, within: Session | None = None) -> str:
        """Put a refusal into the diagnostics ledger and return its reference."""
        refusal = ErrorReport(
            endpoint=endpoint,
            error=problem.error,
            cause=problem.error.replace("_", "-"),
            detail=problem.advice,
            client_id=problem.client_id,
            received=problem.received,
            expected=problem.expected,
            address=address,
        )
        return self.error_log.record(refusal, within)

    # What follows is called by Authlib's flow.

    def create_oauth1_request(self, request: SignedRequest) -> SignedRequest:
        return request

    def handle_response(
        self, _status: int, payload: list[tuple[str, str | bool]], _headers: object
    ) -> list[Pair]:
        # Authlib says True where the protocol says true.
        return [(name, "true" if value is True else str(value)) for name, value in payload]

    def handle_error_response(self, error: Problem) -> Problem:
        return error

    def validate_temporary_credentials_request(self, request: SignedRequest) -> None:
        with self.database.reading() as connection:
            row = temporary_credentials.lookup(connection, request.client_key, None)
            request_checks.find_client(connection, self.client_cache, request, row)
        request_checks.check_request(request, self.settings, self.vault, token_secret="")
        if request.token_value:
            raise problems.rejected("oauth_token", "A request for temporary credentials has no token yet.")
        if not request.redirect_uri and not request.consumer.allows_1_0:
            raise _callback_missing().about(request.client.id)
        fault = request.redirect_uri and consumers.callback_error(
            request.consumer, request.client.redirect_uris, request.redirect_uri
        )
        if fault:
            raise problems.rejected("oauth_callback", fault, request.redirect_uri).about(
                request.client.id, request.redirect_uri, "\n".join(request.client.redirect_uris)
            )

    def create_temporary_credential(self, request: SignedRequest) -> IssuedCredentials:
        with self.database.connection() as connection:
            problem = request_checks.claim_nonce(connection, request, self.settings)
            if problem is None:
                token, secret = temporary_credentials.add(
                    connection,
                    self.settings,
                    self.vault,
                    client_id=request.client.id,
                    client_epoch=request.row.s_client_epoch,
                    callback=request.redirect_uri or "",
                )
        if problem is not None:
            raise problem
        return IssuedCredentials(token, secret)

    def validate_token_request(self, request: SignedRequest) -> None:
        handle = temporary_credentials.parse_temporary_token(request.token_value)
        with self.database.reading() as connection:
            row = temporary_credentials.lookup(connection, request.client_key, handle)
            request_checks.find_client(connection, self.client_cache, request, row)
        if not request.token_value:
            raise problems.absent("oauth_token")
        row = request.row
        # Of another client's credential not even the existence is told.
        if (
            handle is None
            or not opaque_tokens.matches(handle, row.digest)
            or row.owner_id != request.client.id
        ):
            raise Problem(Reason.TOKEN_REJECTED, "There are no such temporary credentials.").about(
                request.client.id
            )
        token_secret = temporary_credentials.reveal(self.vault, row.sealed_secret)
        request_checks.check_request(request, self.settings, self.vault, token_secret)

    def create_token_credential(self, request: SignedRequest) -> IssuedCredentials:
        fault = self._exchange_fault(request)
        with self.database.connection() as connection:
            problem = request_checks.claim_nonce(connection, request, self.settings) or fault
            if problem is None:
                # Consume before minting: of two exchanges at once only one gets past this line.
                authorization_id = temporary_credentials.consume(connection, request.row.credential_id)
                if authorization_id is not None:
                    token, secret = token_credentials.add(
                        connection, self.settings, self.vault, authorization_id
                    )
                    return IssuedCredentials(token, secret)
                problem = _used().about(request.client.id)
            elif problem.error == Reason.VERIFIER_INVALID:
                temporary_credentials.count_wrong_verifier(connection, request.row.credential_id)
        raise problem

    def delete_temporary_credential(self, request: SignedRequest) -> None:
        """Do nothing: Authlib asks for it after a failure too, and the exchange itself has used the credential up."""

    def _exchange_fault(self, request: SignedRequest) -> Problem | None:
        row = request.row
        fault = _lifecycle_fault(row) or _verifier_fault(request, row)
        if fault is None:
            try:
                request_checks.check_authorization(request, Reason.TOKEN_REVOKED)
            except Problem as problem:
                fault = problem
        return None if fault is None else fault.about(request.client.id, fault.received, fault.expected)


def _lifecycle_fault(row: Row[Any]) -> Problem | None:
    if row.consumed_at is not None:
        return _used()
    if row.expires_at <= clock.now():
        return Problem(
            Reason.TOKEN_EXPIRED, "The temporary credentials have expired; start the sign-in again."
        )
    if row.refused_at is not None:
        return Problem(Reason.USER_REFUSED, "The user did not allow it.")
    if row.made_under_epoch != row.s_client_epoch:
        return Problem(
            Reason.TOKEN_REVOKED, "The consumer was disapproved after these credentials were made."
        )
    if row.authorization_id is None:
        return Problem(Reason.PERMISSION_UNKNOWN, "The user has not decided yet.")
    if row.wrong_verifiers >= temporary_credentials.MAX_WRONG_VERIFIERS:
        return Problem(Reason.TOKEN_REJECTED, "Too many wrong verifiers were sent; start the sign-in again.")
    return None


def _verifier_fault(request: SignedRequest, row: Row[Any]) -> Problem | None:
    if not row.callback:
        return None
    verifier = request.parameters.get("oauth_verifier")
    if not verifier:
        return problems.absent("oauth_verifier")
    if not temporary_credentials.matches_verifier(verifier, row.verifier_digest):
        return Problem(Reason.VERIFIER_INVALID, "The verifier is not the one that the user was given.")
    return None


def _used() -> Problem:
    return Problem(Reason.TOKEN_USED, "These temporary credentials were exchanged already.")


def _callback_missing() -> Problem:
    problem = problems.absent("oauth_callback")
    problem.advice = (
        "The request lacks oauth_callback (an address, or oob). An administrator can allow this consumer OAuth Core 1.0,"
        " which sends it later."
    )
    return problem


def _form(pairs: list[Pair], status: int = 200, *headers: Pair) -> Response:
    return Response(status, encode_form(pairs).encode(), (("Content-Type", FORM_TYPE), *NO_STORE, *headers))
