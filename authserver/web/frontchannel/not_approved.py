"""The page for a client that waits for approval or was disapproved, and the status that the page polls."""

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from authserver.domain.clients import clients
from authserver.domain.diagnostics.error_log import ErrorReport
from authserver.protocol.access import ClientNotApproved
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.rendering import console_link


def not_approved_page(refused: ClientNotApproved, path: EndpointPath, error: str) -> ResponseReturnValue:
    """Record the error and return the page with its reference; ``error`` is the error code of the protocol."""
    denial, client = refused.denial, refused.client
    refusal = ErrorReport(path, error, denial, denial.sentence, client.id, address=current.network_address())
    reference = current.services().oauth2.error_log.record(refusal, within=current.transaction())
    shown = render_template(
        "not_approved.html",
        client=client,
        denial=denial,
        error=error,
        reference=reference,
        links=console_link.console_link_for(reference),
    )
    return shown, 403


@frontchannel.get("/approval/<client_key>")
def approval_status(client_key: str) -> ResponseReturnValue:
    """Return whether a client is approved. This is no secret: anyone can learn it from an authorization request."""
    client = clients.find(current.transaction(), client_key)
    return jsonify(approved=client is not None and client.is_approved)
