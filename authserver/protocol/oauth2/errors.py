"""OAuth error answers: Authlib's errors, each with the cause that the diagnostics ledger keeps.

``description`` goes to the client; ``cause``, ``received`` and ``expected`` go to the administrator.
"""

from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError

from authserver.protocol.http import NO_STORE, MalformedRequest, Response, json_response

_REALM = 'Basic realm="authserver", charset="UTF-8"'


class ClientAuthenticationFailed(InvalidClientError):
    """The client did not prove who it is: 401 with a challenge (RFC 6749, section 5.2)."""

    status_code = 401


def oauth_error(
    kind: type[OAuth2Error],
    description: str,
    cause: str,
    *,
    received: str = "",
    expected: str = "",
    client_id: int | None = None,
) -> OAuth2Error:
    """Return an error to raise, with what an administrator needs to understand it; nothing secret."""
    error = kind(description=printable(description))
    error.cause = cause
    error.received = received
    error.expected = expected
    error.client_id = client_id
    return error


def unreadable_request(error: MalformedRequest) -> OAuth2Error:
    """Return the refusal of a request that could not be read at all."""
    return oauth_error(
        InvalidRequestError, str(error), error.cause, received=error.received, expected=error.expected
    )


def printable(text: str) -> str:
    """Return the text in the letters that error_description can have (RFC 6749, section 5.2)."""
    cleaned = text.replace('"', "'").replace("\\", "/")
    cleaned = "".join(letter if " " <= letter <= "~" else "?" for letter in cleaned)[:500]
    return text if cleaned == text else cleaned  # A message that needs no change stays translatable.


def error_response(error: OAuth2Error, reference: str = "") -> Response:
    """Return the JSON answer of a machine endpoint (RFC 6749, section 5.2)."""
    document: dict[str, Any] = {"error": error.error}
    description = describe(error, reference)
    if description:
        document["error_description"] = description
    headers = list(NO_STORE)
    if error.status_code == 401:
        headers.append(("WWW-Authenticate", _REALM))
    return json_response(error.status_code, document, headers)


def describe(error: OAuth2Error, reference: str = "") -> str:
    """Return the error's description with the reference under which an administrator finds it."""
    return with_reference(printable(error.get_error_description() or ""), reference)


def with_reference(text: str, reference: str) -> str:
    """Return a description that ends with the reference of the refusal, if that was recorded."""
    return f"{text} (reference {reference})".strip() if reference else text
