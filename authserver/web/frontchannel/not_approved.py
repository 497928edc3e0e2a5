"""The page for a client that waits for approval or was disapproved, at whichever authorization endpoint it is refused."""

from flask import render_template
from flask.typing import ResponseReturnValue

from authserver.domain.diagnostics import Refusal
from authserver.protocol.gate import NotApproved
from authserver.terms import Path
from authserver.web import console_link, door


def page(refused: NotApproved, path: Path, error: str) -> ResponseReturnValue:
    """Record the refusal and return the page with its reference; ``error`` is the protocol's own word for it."""
    verdict, policy = refused.verdict, refused.policy
    refusal = Refusal(path, error, verdict, verdict.sentence, policy.id, address=door.address())
    reference = door.services().oauth2.ledger.record(refusal, within=door.session())
    shown = render_template(
        "not_approved.html",
        client=policy,
        verdict=verdict,
        error=error,
        reference=reference,
        links=console_link.of(reference),
    )
    return shown, 403
