"""The root of the site: redirects to the console, the account or the sign-in page, or says that setup is needed."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.user_sessions import UserSession
from authserver.domain.users import setup, users
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.rendering import template_globals


@frontchannel.get("/")
def root() -> ResponseReturnValue:
    """Redirect to the console, the account or the sign-in page. Before setup, say where the setup link is."""
    user_session = current.current_session()
    if user_session is not None:
        return redirect(home_url_of(user_session), 303)
    if not setup.is_closed(current.transaction()):
        return _not_set_up_page()
    return redirect(url_for("frontchannel.sign_in"), 303)


def _not_set_up_page() -> str:
    """Return the page that says where the setup link is. It does not contain the link, because everyone can see it."""
    minutes = int(current.services().settings.setup_link_lifetime.total_seconds() // 60)
    has_accounts = users.has_any(current.transaction())
    return render_template("not_set_up.html", minutes=minutes, has_accounts=has_accounts)


def home_url_of(user_session: UserSession) -> str:
    """Return the URL of the user's start page."""
    return template_globals.local_url(
        EndpointPath.ADMIN if user_session.user.may_configure_server else EndpointPath.ACCOUNT
    )
