"""The bare public URL: leads people to where they belong."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.sessions import UserSession
from authserver.terms import Path
from authserver.web import door, pages
from authserver.web.frontchannel import frontchannel


@frontchannel.get("/")
def root() -> ResponseReturnValue:
    """Go to the console, the account, or the sign-in page."""
    live = door.signed_in()
    return redirect(home_of(live) if live else url_for("frontchannel.sign_in"), 303)


def home_of(live: UserSession) -> str:
    """Return the address where somebody is at home."""
    return pages.at(Path.ADMIN if live.user.may_configure_server else Path.ACCOUNT)
