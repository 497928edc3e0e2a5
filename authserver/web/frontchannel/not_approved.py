"""The page for a client that waits for approval or was disapproved, and the status that the page polls."""

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from authserver.domain.clients import clients
from authserver.domain.diagnostics.error_log import ErrorDetails
from authserver.protocol.access import ClientNotApproved
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel import protocol_errors
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.rendering import console_link


def not_approved_page(error: ClientNotApproved, endpoint: EndpointPath, code: str) -> ResponseReturnValue:
    """Record the error and return the page with its reference; ``code`` is the error code of the protocol."""
    denial, client = error.denial, error.client
    details = ErrorDetails(code, denial.cause, denial.description, client_id=client.id)
    reference = protocol_errors.record(details, endpoint)
    page = render_template(
        "not_approved.html",
        client=client,
        denial=denial,
        error=code,
        reference=reference,
        links=console_link.console_link_for(reference),
    )
    return page, 403


@frontchannel.get("/approval/<client_key>")
def approval_status(client_key: str) -> ResponseReturnValue:
    """Return whether a client is approved. Anyone can also learn this from an authorization request."""
    client = clients.find(current.transaction(), client_key)
    return jsonify(approved=client is not None and client.is_approved)
