"""Client authentication at the machine endpoints: one method, the registered one, for one client id (S15)."""

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749.errors import InvalidRequestError

from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.clients.client_secrets import SecretVerifier
from authserver.domain.diagnostics import redaction
from authserver.protocol.http import Request
from authserver.protocol.oauth2 import client_assertions
from authserver.protocol.oauth2.client_assertions import ClientAssertion
from authserver.protocol.oauth2.errors import ClientAuthenticationFailed, oauth_error
from authserver.vocabulary import AuthMethod

METHODS = tuple(AuthMethod)
_ID_LENGTH = 200
_PAIR = "key and secret, each form-encoded, joined by a colon and encoded with Base64"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client presented: who it says it is, by which method, and the proof."""

    client_key: str
    method: AuthMethod
    secret: str = field(default="", repr=False)
    assertion: ClientAssertion | None = field(default=None, repr=False)


def parse_credentials(request: Request, parameters: dict[str, str]) -> Credentials:
    """Return the credentials of a request; raises the OAuth error for none, for two, and for unreadable ones."""
    header = request.headers.get("authorization", "")
    if header:
        credentials = _read_basic(header)
        if "client_secret" in parameters or "client_assertion" in parameters:
            raise oauth_error(
                InvalidRequestError,
                "Use one method of client authentication, not two.",
                "two-client-authentications",
                received=f"{AuthMethod.BASIC}, and one in the body",
                expected="one of them",
            )
        if parameters.get("client_id", credentials.client_key) != credentials.client_key:
            raise oauth_error(
                InvalidRequestError,
                "client_id differs from the authenticated client.",
                "client-id-differs",
                received=redaction.unknown_key(parameters["client_id"]),
                expected=redaction.unknown_key(credentials.client_key),
            )
        return credentials
    client_key = parameters.get("client_id", "")
    if "client_assertion" in parameters or "client_assertion_type" in parameters:
        return _read_assertion(parameters, client_key)
    if not client_key:
        raise oauth_error(
            ClientAuthenticationFailed,
            "No client authentication was sent.",
            "client-authentication-missing",
            expected=" ".join(METHODS),
        )
    if "client_secret" in parameters:
        return Credentials(_checked(client_key), AuthMethod.POST, parameters["client_secret"])
    return Credentials(_checked(client_key), AuthMethod.NONE)


def authenticate_client(
    credentials: Credentials, client: RegisteredClient | None, verifier: SecretVerifier
) -> RegisteredClient:
    """Return the client whose registered method and secret were presented (RFC 6749, section 2.3); raises.

    An assertion is checked by ``assertions``, since that uses it up.
    """
    if client is None:
        raise oauth_error(
            ClientAuthenticationFailed,
            "Client authentication failed.",
            "client-unknown",
            received=redaction.unknown_key(credentials.client_key),
            expected="the key of a client that is registered here",
        )
    if credentials.method != client.auth_method:
        raise oauth_error(
            ClientAuthenticationFailed,
            f"Client authentication failed: this client is registered for {client.auth_method}.",
            "client-authentication-method",
            received=credentials.method,
            expected=client.auth_method,
            client_id=client.id,
        )
    if credentials.method == AuthMethod.NONE or credentials.assertion is not None:
        return client
    if not verifier.verify(client.secrets, client.revision, credentials.secret):
        raise oauth_error(
            ClientAuthenticationFailed,
            "Client authentication failed.",
            "client-secret-wrong",
            client_id=client.id,
        )
    return client


def _read_assertion(parameters: dict[str, str], client_key: str) -> Credentials:
    if "client_secret" in parameters:
        raise oauth_error(
            InvalidRequestError,
            "Use one method of client authentication, not two.",
            "two-client-authentications",
            received="client_secret and client_assertion",
            expected="one of them",
        )
    assertion = client_assertions.parse_assertion(
        parameters.get("client_assertion_type"), parameters.get("client_assertion", "")
    )
    named = _checked(assertion.claims["sub"])
    # RFC 7521, section 4.2: client_id is unnecessary, and must name the same client where it is sent.
    if client_key and client_key != named:
        raise oauth_error(
            InvalidRequestError,
            "client_id differs from the authenticated client.",
            "client-id-differs",
            received=redaction.unknown_key(client_key),
            expected=redaction.unknown_key(named),
        )
    return Credentials(named, assertion.method, assertion=assertion)


def _read_basic(header: str) -> Credentials:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise oauth_error(
            ClientAuthenticationFailed,
            "The Authorization header is not Basic.",
            "client-authentication-scheme",
            received=f"the scheme {redaction.unknown_key(scheme)}",
            expected="Basic",
        )
    try:
        name, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        # RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
        client_key, secret = (unquote_plus(part, errors="strict") for part in (name, secret))
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise oauth_error(
            ClientAuthenticationFailed,
            "The Basic credentials cannot be read.",
            "basic-malformed",
            expected=_PAIR,
        ) from error
    if not colon or not client_key:
        raise oauth_error(
            ClientAuthenticationFailed,
            "The Basic credentials cannot be read.",
            "basic-malformed",
            expected=_PAIR,
        )
    return Credentials(_checked(client_key), AuthMethod.BASIC, secret)


def _checked(client_key: str) -> str:
    if len(client_key) > _ID_LENGTH or not client_key.isascii() or not client_key.isprintable():
        raise oauth_error(
            ClientAuthenticationFailed,
            "Client authentication failed.",
            "client-unknown",
            received=f"a key of {len(client_key)} characters",
            expected=f"at most {_ID_LENGTH} printable ASCII characters",
        )
    return client_key
