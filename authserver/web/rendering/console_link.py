"""The way from an error page to the console's page about that refusal, for those who may go it."""

from flask import url_for

from authserver.web import current
from authserver.web.rendering.languages import gettext


def console_link_for(reference: str) -> dict[str, str]:
    """Return the link by its words, for a signed-in person with Configure Server; nothing for anybody else."""
    live = current.current_session()
    if not reference or live is None or not live.user.may_configure_server:
        return {}
    return {gettext("See why, and what to do"): url_for("admin.recorded_error", reference=reference)}
