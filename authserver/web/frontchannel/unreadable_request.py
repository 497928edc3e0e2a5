"""The page for a request to sign in or out that cannot even be read."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.protocol.http import MalformedRequest
from authserver.protocol.oauth2.errors import unreadable_request
from authserver.web import current
from authserver.web.rendering import console_link, error_pages


def unreadable_request_page(error: MalformedRequest, endpoint: str) -> ResponseReturnValue:
    """Record what is wrong with the request, and say so under its reference."""
    refused = unreadable_request(error)
    reference = current.services().oauth2.record(
        endpoint, current.network_address(), refused, within=current.transaction()
    )
    return error_pages.error_page(
        400,
        gettext("Invalid request"),
        error.args[0],
        error=refused.error,
        reference=reference,
        links=console_link.console_link_for(reference),
    )
