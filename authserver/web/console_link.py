"""The way from an error page to the console's page about that refusal, for those who may go it."""

from flask import url_for

from authserver.web import door
from authserver.web.languages import say


def of(reference: str) -> dict[str, str]:
    """Return the link by its words, for a signed-in person with Configure Server; nothing for anybody else."""
    live = door.signed_in()
    if not reference or live is None or not live.user.may_configure_server:
        return {}
    return {say("See why, and what to do"): url_for("admin.refusal", reference=reference)}
