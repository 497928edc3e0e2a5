"""The link from an error page to the recorded error in the console."""

from flask import url_for
from flask_babel import gettext

from authserver.web import current


def console_link_for(reference: str) -> dict[str, str]:
    """Return the label and URL of the link if the user has the Configure Server permission."""
    user_session = current.current_session()
    if not reference or user_session is None or not user_session.user.may_configure_server:
        return {}
    return {gettext("See the cause and the fix"): url_for("admin.recorded_error", reference=reference)}
