"""The page for a request that a protocol endpoint rejects and cannot return to the application."""

from collections.abc import Mapping

from flask.typing import ResponseReturnValue

from authserver.domain.diagnostics.error_log import ErrorDetails
from authserver.protocol.errors import ProtocolError, public_description
from authserver.web import current
from authserver.web.rendering import console_link, error_pages


def record(details: ErrorDetails, endpoint: str) -> str:
    """Record an error in the transaction of this request and return its reference."""
    error_log = current.services().error_log
    return error_log.record(details, endpoint, current.network_address(), within=current.transaction())


def protocol_error_page(
    error: ProtocolError, endpoint: str, title: str, advice: str, links: Mapping[str, str] | None = None
) -> ResponseReturnValue:
    """Record an error and return the page with its description and reference."""
    reference = record(error.details, endpoint)
    return error_pages.error_page(
        400,
        title,
        public_description(error),
        advice,
        error=error.error,
        reference=reference,
        links={**(links or {}), **console_link.console_link_for(reference)},
    )
