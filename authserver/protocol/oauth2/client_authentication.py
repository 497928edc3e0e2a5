"""Client authentication at the machine endpoints: one method, the registered one, for one client id (S15)."""

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749.errors import InvalidRequestError

from authserver.domain import redaction
from authserver.domain.client_secrets import Verifier
from authserver.domain.policies import Policy
from authserver.protocol.messages import Request
from authserver.protocol.oauth2 import assertions
from authserver.protocol.oauth2.assertions import Assertion
from authserver.protocol.oauth2.errors import ClientAuthenticationFailed, refusal
from authserver.terms import AuthMethod

METHODS = tuple(AuthMethod)
_ID_LENGTH = 200
_PAIR = "key and secret, each form-encoded, joined by a colon and encoded with Base64"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client presented: who it says it is, by which method, and the proof."""

    client_key: str
    method: AuthMethod
    secret: str = field(default="", repr=False)
    assertion: Assertion | None = field(default=None, repr=False)


def read(request: Request, parameters: dict[str, str]) -> Credentials:
    """Return the credentials of a request; raises the OAuth error for none, for two, and for unreadable ones."""
    header = request.headers.get("authorization", "")
    if header:
        credentials = _read_basic(header)
        if "client_secret" in parameters or "client_assertion" in parameters:
            raise refusal(
                InvalidRequestError,
                "Use one method of client authentication, not two.",
                "two-client-authentications",
                received=f"{AuthMethod.BASIC}, and one in the body",
                expected="one of them",
            )
        if parameters.get("client_id", credentials.client_key) != credentials.client_key:
            raise refusal(
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
        raise refusal(
            ClientAuthenticationFailed,
            "No client authentication was sent.",
            "client-authentication-missing",
            expected=" ".join(METHODS),
        )
    if "client_secret" in parameters:
        return Credentials(_checked(client_key), AuthMethod.POST, parameters["client_secret"])
    return Credentials(_checked(client_key), AuthMethod.NONE)


def authenticate(credentials: Credentials, policy: Policy | None, verifier: Verifier) -> Policy:
    """Return the client whose registered method and secret were presented (RFC 6749, section 2.3); raises.

    An assertion is checked by ``assertions``, since that uses it up.
    """
    if policy is None:
        raise refusal(
            ClientAuthenticationFailed,
            "Client authentication failed.",
            "client-unknown",
            received=redaction.unknown_key(credentials.client_key),
            expected="the key of a client that is registered here",
        )
    if credentials.method != policy.auth_method:
        raise refusal(
            ClientAuthenticationFailed,
            f"Client authentication failed: this client is registered for {policy.auth_method}.",
            "client-authentication-method",
            received=credentials.method,
            expected=policy.auth_method,
            client_id=policy.id,
        )
    if credentials.method == AuthMethod.NONE or credentials.assertion is not None:
        return policy
    if not verifier.verify(policy.secrets, policy.revision, credentials.secret):
        raise refusal(
            ClientAuthenticationFailed,
            "Client authentication failed.",
            "client-secret-wrong",
            client_id=policy.id,
        )
    return policy


def _read_assertion(parameters: dict[str, str], client_key: str) -> Credentials:
    if "client_secret" in parameters:
        raise refusal(
            InvalidRequestError,
            "Use one method of client authentication, not two.",
            "two-client-authentications",
            received="client_secret and client_assertion",
            expected="one of them",
        )
    assertion = assertions.parse(
        parameters.get("client_assertion_type"), parameters.get("client_assertion", "")
    )
    named = _checked(assertion.claims["sub"])
    # RFC 7521, section 4.2: client_id is unnecessary, and must name the same client where it is sent.
    if client_key and client_key != named:
        raise refusal(
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
        raise refusal(
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
        raise refusal(
            ClientAuthenticationFailed,
            "The Basic credentials cannot be read.",
            "basic-malformed",
            expected=_PAIR,
        ) from error
    if not colon or not client_key:
        raise refusal(
            ClientAuthenticationFailed,
            "The Basic credentials cannot be read.",
            "basic-malformed",
            expected=_PAIR,
        )
    return Credentials(_checked(client_key), AuthMethod.BASIC, secret)


def _checked(client_key: str) -> str:
    if len(client_key) > _ID_LENGTH or not client_key.isascii() or not client_key.isprintable():
        raise refusal(
            ClientAuthenticationFailed,
            "Client authentication failed.",
            "client-unknown",
            received=f"a key of {len(client_key)} characters",
            expected=f"at most {_ID_LENGTH} printable ASCII characters",
        )
    return client_key
