"""The view of the end session endpoint (OpenID Connect RP-Initiated Logout 1.0, section 2)."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain.clients import clients
from authserver.protocol.errors import ProtocolError
from authserver.protocol.http import parse_pairs
from authserver.protocol.oidc import end_session
from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.vocabulary import EndpointPath
from authserver.web import client_redirects, current
from authserver.web.frontchannel import logout_requests, protocol_errors, signed_out
from authserver.web.frontchannel.blueprint import frontchannel


@frontchannel.route(EndpointPath.END_SESSION, methods=["GET", "POST"], endpoint="end_session")
@current.writes
def end_session_request() -> ResponseReturnValue:
    """Sign out immediately if the ID token hint is for this session, or if no session is open. Otherwise ask first."""
    try:
        logout = logout_requests.unseal_request(request.args.get("ask")) or _parse()
    except ProtocolError as error:
        return protocol_errors.protocol_error_page(
            error,
            EndpointPath.END_SESSION,
            gettext("The application sent an invalid sign-out request"),
            gettext("You can still sign out here."),
            links={gettext("Sign out"): url_for("frontchannel.sign_out")},
        )
    if request.method == "POST":
        # A cross-site POST has no session cookie, so the request continues after a redirect.
        return redirect(url_for("frontchannel.end_session", ask=logout_requests.seal_request(logout)), 303)
    user_session = current.endable_session()
    if user_session is None or logout.concerns(user_session):
        return signed_out.end_browser_session(user_session, logout)
    application = clients.find(current.transaction(), logout.client_key)
    name = application.name if application is not None and application.is_approved else ""
    return signed_out.confirm_page(logout_requests.seal_request(logout), name)


def _parse() -> LogoutRequest:
    pairs = parse_pairs(request.query_string.decode("latin-1"))
    if request.method == "POST":
        pairs += client_redirects.posted_pairs()
    logout, details = end_session.parse_logout_request(
        current.services().id_tokens, current.transaction(), pairs
    )
    if details is not None:
        protocol_errors.record(details, EndpointPath.END_SESSION)
    return logout
