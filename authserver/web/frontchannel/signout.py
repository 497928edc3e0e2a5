"""Signing out: asked for on a page, done by a form; what came of it is told by ``signed_out``."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.terms import Path
from authserver.web import door
from authserver.web.frontchannel import frontchannel, logout_asks, signed_out


@frontchannel.get(Path.SIGN_OUT)
def sign_out() -> ResponseReturnValue:
    """Ask whether to sign out, or say that it has been done."""
    if door.open_session() is None:
        return signed_out.page()
    # From there the way leads back to the application that asked, which a page of ours alone may not lead to.
    ask = request.args.get("ask")
    return redirect(url_for("frontchannel.end_session", ask=ask), 303) if ask else signed_out.question()


@frontchannel.post(Path.SIGN_OUT)
def post_sign_out() -> ResponseReturnValue:
    """End the session of this browser."""
    asked = logout_asks.find(request.form.get("ask"))
    return signed_out.finish(door.open_session(), asked or LogoutRequest())
