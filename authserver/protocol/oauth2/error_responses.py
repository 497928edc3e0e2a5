"""Records why a request is rejected, and responds with the OAuth error."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc8628.errors import AuthorizationPendingError, SlowDownError
from sqlalchemy.orm import Session

from authserver.domain.diagnostics.error_log import ErrorLog, ErrorReport
from authserver.protocol.http import Request, Response
from authserver.protocol.oauth2 import errors

# A waiting device receives one of these every few seconds, and nobody has to act.
_EXPECTED = (AuthorizationPendingError, SlowDownError)


def respond_with_error(error_log: ErrorLog, message: Request, error: OAuth2Error) -> Response:
    """Record an error, and return the response of a machine endpoint (RFC 6749, section 5.2)."""
    is_expected = isinstance(error, _EXPECTED)
    reference = "" if is_expected else record_error(error_log, message.path, message.address, error)
    return errors.error_response(error, reference)


def record_error(
    error_log: ErrorLog, endpoint: str, address: str, error: OAuth2Error, within: Session | None = None
) -> str:
    """Record an error and return its reference; see ``ErrorLog.record`` for ``within``."""
    report = ErrorReport(
        endpoint=endpoint,
        error=error.error,
        cause=getattr(error, "cause", error.error),
        detail=error.get_error_description() or "",
        client_id=getattr(error, "client_id", None),
        received=getattr(error, "received", ""),
        expected=getattr(error, "expected", ""),
        address=address,
    )
    return error_log.record(report, within)
