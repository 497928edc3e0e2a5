"""Sign-out: the confirmation page and its form. ``signed_out`` ends the session and shows the result."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel import logout_requests, signed_out
from authserver.web.frontchannel.blueprint import frontchannel


@frontchannel.get(EndpointPath.SIGN_OUT)
def sign_out() -> ResponseReturnValue:
    """Ask for confirmation, or show the result of the sign-out."""
    if current.endable_session() is None:
        return signed_out.signed_out_page()
    # Only the end session endpoint redirects back to the client.
    logout = request.args.get("ask")
    return (
        redirect(url_for("frontchannel.end_session", ask=logout), 303)
        if logout
        else signed_out.confirm_page()
    )


@frontchannel.post(EndpointPath.SIGN_OUT)
def post_sign_out() -> ResponseReturnValue:
    """End the session of this browser."""
    logout = logout_requests.unseal_request(request.form.get("ask"))
    return signed_out.end_browser_session(current.endable_session(), logout or LogoutRequest())
