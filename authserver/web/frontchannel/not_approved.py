"""The page for a client that waits for approval or was disapproved, at whichever authorization endpoint it is refused."""

from flask import render_template
from flask.typing import ResponseReturnValue

from authserver.domain.diagnostics.error_log import ErrorReport
from authserver.protocol.access import ClientNotApproved
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.rendering import console_link


def not_approved_page(refused: ClientNotApproved, path: EndpointPath, error: str) -> ResponseReturnValue:
    """Record the refusal and return the page with its reference; ``error`` is the protocol's own word for it."""
    denial, client = refused.denial, refused.client
    refusal = ErrorReport(path, error, denial, denial.sentence, client.id, address=current.network_address())
    reference = current.services().error_log.record(refusal, within=current.transaction())
    shown = render_template(
        "not_approved.html",
        client=client,
        denial=denial,
        error=error,
        reference=reference,
        links=console_link.console_link_for(reference),
    )
    return shown, 403
