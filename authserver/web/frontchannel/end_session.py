"""The end session endpoint for people whom an application sends (OpenID Connect RP-Initiated Logout 1.0, section 2)."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import clients
from authserver.protocol.errors import ProtocolError
from authserver.protocol.http import parse_pairs
from authserver.protocol.oidc import end_session
from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.vocabulary import EndpointPath
from authserver.web import client_redirects, current
from authserver.web.frontchannel import logout_requests, protocol_errors, signed_out
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.rendering.languages import gettext


@frontchannel.route(EndpointPath.END_SESSION, methods=["GET", "POST"], endpoint="end_session")
@current.writes
def end_session_request() -> ResponseReturnValue:
    """Sign out at once for an application that proves it had the session, else ask."""
    try:
        logout = logout_requests.find_request(request.args.get("ask")) or _read()
    except ProtocolError as error:
        return protocol_errors.protocol_error_page(
            error,
            EndpointPath.END_SESSION,
            gettext("This request to sign out cannot be accepted"),
            gettext("You can sign out here all the same."),
            links={gettext("Sign out"): url_for("frontchannel.sign_out")},
        )
    if request.method == "POST":
        # A form that another site posts carries no cookie of ours: who is signed in is seen when it is sent on.
        return redirect(url_for("frontchannel.end_session", ask=logout_requests.seal_request(logout)), 303)
    present = current.endable_session()
    if present is None or logout.concerns(present):
        return signed_out.end_browser_session(present, logout)
    application = clients.find(current.transaction(), logout.client_key)
    name = application.name if application is not None and application.is_approved else ""
    return signed_out.confirm_page(logout_requests.seal_request(logout), name)


def _read() -> LogoutRequest:
    pairs = parse_pairs(request.query_string.decode("latin-1"))
    if request.method == "POST":
        pairs += client_redirects.posted_pairs()
    logout, details = end_session.parse_logout_request(
        current.services().id_tokens, current.transaction(), pairs
    )
    if details is not None:
        protocol_errors.record(details, EndpointPath.END_SESSION)
    return logout
