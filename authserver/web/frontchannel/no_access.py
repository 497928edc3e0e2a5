"""The page for a signed-in user who may not use an application, because of the user's groups."""

from flask import render_template
from flask.typing import ResponseReturnValue

from authserver.domain.diagnostics.error_log import ErrorDetails
from authserver.protocol import access
from authserver.protocol.access import UserNotAllowed
from authserver.vocabulary import EndpointPath
from authserver.web.frontchannel import protocol_errors
from authserver.web.rendering import console_link


def no_access_page(
    error: UserNotAllowed, endpoint: EndpointPath, code: str, *, switch_url: str, back_url: str = ""
) -> ResponseReturnValue:
    """Record the error and return the page with its reference; ``code`` is the error code of the protocol.

    ``back_url`` leads back to the application with an error. It is empty if the browser cannot return there.
    """
    denial, client = error.denial, error.client
    received, expected = access.compare_registration(denial, client, (), ())
    details = ErrorDetails(
        code, denial.cause, denial.description, received=received, expected=expected, client_id=client.id
    )
    reference = protocol_errors.record(details, endpoint)
    page = render_template(
        "no_access.html",
        client=client,
        user=error.user,
        error=code,
        reference=reference,
        back_url=back_url,
        switch_url=switch_url,
        links=console_link.console_link_for(reference),
    )
    return page, 403
