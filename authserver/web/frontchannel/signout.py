"""Signing out: asked for on a page, done by a form."""

from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import sessions
from authserver.domain.sessions import UserSession
from authserver.terms import Path
from authserver.web import arrivals, door
from authserver.web.frontchannel import frontchannel


@frontchannel.get(Path.SIGN_OUT)
def sign_out() -> ResponseReturnValue:
    """Ask whether to sign out, or say that it has been done."""
    live = door.signed_in()
    if live is None:
        return render_template("signed_out.html")
    return render_template("sign_out.html", user=live.user)


@frontchannel.post(Path.SIGN_OUT, endpoint="post_sign_out")
def post_sign_out() -> ResponseReturnValue:
    """End the session of this browser."""
    live = door.signed_in()
    if live is not None:
        transaction = door.session()
        sessions.end(transaction, door.actor(), transaction.get_one(UserSession, live.id))
    arrivals.void_forms()
    response = make_response(redirect(url_for("frontchannel.sign_out"), 303))
    door.delete_cookie(response, door.SESSION_COOKIE)
    return response
