"""The error that every protocol endpoint raises, with the error codes of OAuth 2.0 and OpenID Connect.

The web layer records and renders the error: ``web.machine.error_responses`` for clients,
``web.frontchannel.protocol_errors`` for users. The error codes of OAuth 1.0a are in ``oauth1.errors``, the causes in
``domain.diagnostics.causes``.
"""

from dataclasses import replace
from enum import StrEnum

from authserver.domain.diagnostics.causes import Cause
from authserver.domain.diagnostics.error_log import ErrorDetails

_MAX_DESCRIPTION_LENGTH = 500


class ErrorCode(StrEnum):
    """An ``error`` value that clients receive."""

    # RFC 6749, sections 4.1.2.1 and 5.2.
    ACCESS_DENIED = "access_denied"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    INVALID_REQUEST = "invalid_request"
    INVALID_SCOPE = "invalid_scope"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    # RFC 6750, section 3.1.
    INSUFFICIENT_SCOPE = "insufficient_scope"
    INVALID_TOKEN = "invalid_token"
    # RFC 7591, section 3.2.2.
    INVALID_CLIENT_METADATA = "invalid_client_metadata"
    INVALID_REDIRECT_URI = "invalid_redirect_uri"
    UNAPPROVED_SOFTWARE_STATEMENT = "unapproved_software_statement"
    # RFC 8628, section 3.5.
    AUTHORIZATION_PENDING = "authorization_pending"
    EXPIRED_TOKEN = "expired_token"
    SLOW_DOWN = "slow_down"
    # RFC 8707, section 2.
    INVALID_TARGET = "invalid_target"
    # OpenID Connect Core, section 3.1.2.6, and the extension Unmet Authentication Requirements.
    CONSENT_REQUIRED = "consent_required"
    LOGIN_REQUIRED = "login_required"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"
    # Not registered by any specification.
    TOO_MANY_REQUESTS = "too_many_requests"


_STATUSES: dict[str, int] = {
    ErrorCode.INSUFFICIENT_SCOPE: 403,
    ErrorCode.INVALID_CLIENT: 401,
    ErrorCode.INVALID_TOKEN: 401,
    ErrorCode.SERVER_ERROR: 500,
    ErrorCode.TEMPORARILY_UNAVAILABLE: 503,
    ErrorCode.TOO_MANY_REQUESTS: 429,
}
_DEFAULT_STATUS = 400


class ProtocolError(Exception):
    """The error that a protocol endpoint raises to reject a request.

    ``description`` is sent to the client. ``cause``, ``received`` and ``expected`` are for administrators and contain
    no secret. An error without a cause is part of normal operation and is not recorded. ``headers`` are added to the
    HTTP response in every format.
    """

    def __init__(
        self,
        error: str,
        cause: Cause | None,
        description: str,
        *,
        received: str = "",
        expected: str = "",
        client_id: int | None = None,
        status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.details = ErrorDetails(error, cause, description, received, expected, client_id)
        self.status = _STATUSES.get(error, _DEFAULT_STATUS) if status is None else status
        self.headers = headers
        super().__init__(description)

    @property
    def error(self) -> str:
        """The error code."""
        return self.details.error

    def set_client(self, client_id: int | None) -> None:
        """Attribute the error to a client, if the code that raised the error did not know the client."""
        self.details = replace(self.details, client_id=client_id)


class BearerError(ProtocolError):
    """The error that a protected resource raises to reject a bearer token (RFC 6750, section 3).

    ``scope`` is the scope that the token lacks. ``error`` is empty if the request has no token at all.
    """

    def __init__(
        self,
        error: str,
        cause: Cause | None,
        description: str,
        *,
        scope: str = "",
        received: str = "",
        expected: str = "",
        client_id: int | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(
            error,
            cause,
            description,
            received=received,
            expected=expected,
            client_id=client_id,
            status=status,
        )
        self.scope = scope


def public_description(error: ProtocolError, reference: str = "") -> str:
    """Return the description for the client, ending with the reference of the recorded error if there is one.

    The result contains only the characters that RFC 6749, section 5.2, allows in error_description. A description that
    needs no change is returned unchanged, so that pages can translate it if it is a ``messages.Message``.
    """
    text = error.details.description
    cleaned = text.replace('"', "'").replace("\\", "/")
    cleaned = "".join(character if " " <= character <= "~" else "?" for character in cleaned)
    cleaned = cleaned[:_MAX_DESCRIPTION_LENGTH]
    return with_reference(text if cleaned == text else cleaned, reference)


def with_reference(text: str, reference: str) -> str:
    """Return the text followed by the reference under which an administrator finds the error, if it was recorded."""
    return f"{text} (reference {reference})".strip() if reference else text
