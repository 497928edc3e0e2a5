"""Client authentication (RFC 6749, section 2.3). A request must use exactly one method: a registered one (S15)."""

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients.secret_verifier import SecretVerifier
from authserver.domain.diagnostics import redaction
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol import client_assertions
from authserver.protocol.client_assertions import ClientAssertion
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Request
from authserver.vocabulary import AuthMethod

METHODS = tuple(method for method in AuthMethod if method is not AuthMethod.SECRET)
"""The methods that a request can use."""

_MAX_ID_LENGTH = 200
_PAIR = "client_id and secret, each form-encoded, joined by a colon and encoded in Base64"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a request: the claimed client_id, the method, and the secret or assertion.

    ``sent_secret`` is the secret before it was form-decoded, if decoding changed it or failed.
    """

    client_key: str
    method: AuthMethod
    secret: str = field(default="", repr=False)
    sent_secret: str = field(default="", repr=False)
    assertion: ClientAssertion | None = field(default=None, repr=False)


def parse_credentials(request: Request, parameters: dict[str, str]) -> Credentials:
    """Return the credentials of a request; raises ProtocolError if there are none, several, or malformed ones."""
    header = request.headers.get("authorization", "")
    # HTTP libraries attach a bearer token to every request. It authenticates nobody here (RFC 6749, section 2.3).
    if header and not _is_bearer(header):
        credentials = _parse_basic(header)
        if "client_secret" in parameters or "client_assertion" in parameters:
            raise ProtocolError(
                ErrorCode.INVALID_REQUEST,
                Cause.TWO_CLIENT_AUTHENTICATIONS,
                "Use only one method of client authentication.",
                received=f"{AuthMethod.BASIC}, and one in the body",
                expected="one of these",
            )
        if parameters.get("client_id", credentials.client_key) != credentials.client_key:
            raise ProtocolError(
                ErrorCode.INVALID_REQUEST,
                Cause.CLIENT_ID_DIFFERS,
                "client_id does not match the authenticated client.",
                received=redaction.unknown_key(parameters["client_id"]),
                expected=redaction.unknown_key(credentials.client_key),
            )
        return credentials
    client_key = parameters.get("client_id", "")
    if "client_assertion" in parameters or "client_assertion_type" in parameters:
        return _parse_client_assertion(parameters, client_key)
    if not client_key:
        raise ProtocolError(
            ErrorCode.INVALID_CLIENT,
            Cause.CLIENT_AUTHENTICATION_MISSING,
            "The request has no client authentication.",
            expected=" ".join(METHODS),
        )
    if "client_secret" in parameters:
        secret = parameters["client_secret"]
        # A space may come from a plus sign that the client did not encode.
        sent = secret.replace(" ", "+") if " " in secret else ""
        return Credentials(_check_client_id(client_key), AuthMethod.POST, secret, sent_secret=sent)
    return Credentials(_check_client_id(client_key), AuthMethod.NONE)


def accepted_methods(registered: str) -> tuple[AuthMethod, ...]:
    """Return the methods that a client may use, by the method that it is registered for."""
    if registered == AuthMethod.SECRET:
        return (AuthMethod.BASIC, AuthMethod.POST)
    return (AuthMethod(registered),)


def authenticate_client(
    credentials: Credentials, client: RegisteredClient | None, verifier: SecretVerifier
) -> RegisteredClient:
    """Return the client if method and secret match its registration; raises invalid_client.

    Assertions are verified separately (``client_assertions``), because verification consumes them.
    """
    if client is None:
        raise ProtocolError(
            ErrorCode.INVALID_CLIENT,
            Cause.CLIENT_UNKNOWN,
            "Client authentication failed.",
            received=redaction.unknown_key(credentials.client_key),
            expected="the client_id of a registered client",
        )
    accepted = accepted_methods(client.auth_method)
    if credentials.method not in accepted:
        expected = " or ".join(accepted)
        raise ProtocolError(
            ErrorCode.INVALID_CLIENT,
            Cause.CLIENT_AUTHENTICATION_METHOD,
            f"Client authentication failed: this client is registered for {expected}.",
            received=credentials.method,
            expected=expected,
            client_id=client.id,
        )
    if credentials.method == AuthMethod.NONE or credentials.assertion is not None:
        return client
    secret = credentials.secret
    if not secret or not verifier.verify(client.secrets, client.revision, secret):
        raise _wrong_secret(credentials, client, verifier)
    return client


def _wrong_secret(
    credentials: Credentials, client: RegisteredClient, verifier: SecretVerifier
) -> ProtocolError:
    sent = credentials.sent_secret
    if sent and verifier.verify(client.secrets, client.revision, sent):
        return ProtocolError(
            ErrorCode.INVALID_CLIENT,
            Cause.SECRET_NOT_ENCODED,
            "Client authentication failed: the secret is correct, but it must be form-encoded (RFC 6749, section 2.3.1).",
            expected=_PAIR if credentials.method == AuthMethod.BASIC else "a form-encoded secret",
            client_id=client.id,
        )
    if sent and not credentials.secret:
        return _malformed_basic(client.id)
    return ProtocolError(
        ErrorCode.INVALID_CLIENT,
        Cause.CLIENT_SECRET_WRONG,
        "Client authentication failed.",
        client_id=client.id,
    )


def _parse_client_assertion(parameters: dict[str, str], client_key: str) -> Credentials:
    if "client_secret" in parameters:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.TWO_CLIENT_AUTHENTICATIONS,
            "Use only one method of client authentication.",
            received="client_secret and client_assertion",
            expected="one of these",
        )
    assertion = client_assertions.parse_assertion(
        parameters.get("client_assertion_type"), parameters.get("client_assertion", "")
    )
    subject = _check_client_id(assertion.claims["sub"])
    # RFC 7521, section 4.2: client_id is optional, and must identify the same client.
    if client_key and client_key != subject:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.CLIENT_ID_DIFFERS,
            "client_id does not match the authenticated client.",
            received=redaction.unknown_key(client_key),
            expected=redaction.unknown_key(subject),
        )
    return Credentials(subject, assertion.method, assertion=assertion)


def _parse_basic(header: str) -> Credentials:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise ProtocolError(
            ErrorCode.INVALID_CLIENT,
            Cause.CLIENT_AUTHENTICATION_SCHEME,
            "The Authorization header does not use the Basic scheme.",
            received=f"the scheme {redaction.unknown_key(scheme)}",
            expected="Basic",
        )
    try:
        name, colon, sent = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        # RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
        client_key = unquote_plus(name, errors="strict")
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise _malformed_basic() from error
    if not colon or not client_key:
        raise _malformed_basic()
    secret = _decoded(sent)
    return Credentials(
        _check_client_id(client_key), AuthMethod.BASIC, secret, sent_secret="" if secret == sent else sent
    )


def _decoded(secret: str) -> str:
    try:
        return unquote_plus(secret, errors="strict")
    except UnicodeError:
        return ""


def _is_bearer(header: str) -> bool:
    return header.strip().partition(" ")[0].lower() == "bearer"


def _malformed_basic(client_id: int | None = None) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_CLIENT,
        Cause.BASIC_MALFORMED,
        "The Basic credentials are malformed.",
        expected=_PAIR,
        client_id=client_id,
    )


def _check_client_id(client_key: str) -> str:
    if len(client_key) > _MAX_ID_LENGTH or not client_key.isascii() or not client_key.isprintable():
        raise ProtocolError(
            ErrorCode.INVALID_CLIENT,
            Cause.CLIENT_UNKNOWN,
            "Client authentication failed.",
            received=f"a key of {len(client_key)} characters",
            expected=f"at most {_MAX_ID_LENGTH} printable ASCII characters",
        )
    return client_key
