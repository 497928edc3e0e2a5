"""Signing out: asked for on a page, done by a form; what came of it is told by ``signed_out``."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel import logout_requests, signed_out
from authserver.web.frontchannel.blueprint import frontchannel


@frontchannel.get(EndpointPath.SIGN_OUT)
def sign_out() -> ResponseReturnValue:
    """Ask whether to sign out, or say that it has been done."""
    if current.endable_session() is None:
        return signed_out.signed_out_page()
    # From there the way leads back to the application that asked, which a page of ours alone may not lead to.
    ask = request.args.get("ask")
    return redirect(url_for("frontchannel.end_session", ask=ask), 303) if ask else signed_out.confirm_page()


@frontchannel.post(EndpointPath.SIGN_OUT)
def post_sign_out() -> ResponseReturnValue:
    """End the session of this browser."""
    asked = logout_requests.find_request(request.form.get("ask"))
    return signed_out.end_browser_session(current.endable_session(), asked or LogoutRequest())
