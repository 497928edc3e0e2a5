"""The page for a request to sign in or out that cannot even be read."""

from flask.typing import ResponseReturnValue

from authserver.protocol.messages import MalformedRequest
from authserver.protocol.oauth2.errors import unreadable
from authserver.web import console_link, door, mistakes
from authserver.web.languages import say


def page(error: MalformedRequest, endpoint: str) -> ResponseReturnValue:
    """Record what is wrong with the request, and say so under its reference."""
    refused = unreadable(error)
    reference = door.services().oauth2.record(endpoint, door.address(), refused, within=door.session())
    return mistakes.page(
        400,
        say("This request cannot be read"),
        str(error),
        error=refused.error,
        reference=reference,
        links=console_link.of(reference),
    )
