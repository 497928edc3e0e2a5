"""The root of the site: redirects to the console, the account or the sign-in page."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.user_sessions import UserSession
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.rendering import template_globals


@frontchannel.get("/")
def root() -> ResponseReturnValue:
    """Redirect to the console, the account or the sign-in page."""
    user_session = current.current_session()
    return redirect(home_url_of(user_session) if user_session else url_for("frontchannel.sign_in"), 303)


def home_url_of(user_session: UserSession) -> str:
    """Return the URL of the user's start page."""
    return template_globals.local_url(
        EndpointPath.ADMIN if user_session.user.may_configure_server else EndpointPath.ACCOUNT
    )
