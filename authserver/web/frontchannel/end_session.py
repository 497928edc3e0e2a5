"""The end session endpoint for people whom an application sends (OpenID Connect RP-Initiated Logout 1.0, section 2)."""

from authlib.oauth2 import OAuth2Error
from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain.clients import clients
from authserver.protocol.http import MalformedRequest, parse_pairs
from authserver.protocol.oauth2.errors import describe
from authserver.protocol.oidc import end_session
from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.vocabulary import EndpointPath
from authserver.web import client_redirects, current
from authserver.web.frontchannel import logout_requests, signed_out, unreadable_request
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.rendering import console_link, error_pages


@frontchannel.route(EndpointPath.END_SESSION, methods=["GET", "POST"], endpoint="end_session")
@current.writes
def end_session_request() -> ResponseReturnValue:
    """Sign out at once for an application that proves it had the session, else ask."""
    try:
        logout = logout_requests.unseal_request(request.args.get("logout")) or _read()
    except MalformedRequest as error:
        return unreadable_request.unreadable_request_page(error, EndpointPath.END_SESSION)
    except OAuth2Error as error:
        return _refuse(error)
    if request.method == "POST":
        # A form that another site posts carries no cookie of ours: who is signed in is seen when it is sent on.
        return redirect(url_for("frontchannel.end_session", logout=logout_requests.seal_request(logout)), 303)
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
    server = current.services().oauth2
    logout, error = end_session.parse_logout_request(server, current.transaction(), pairs)
    if error is not None:
        server.record(
            EndpointPath.END_SESSION, current.network_address(), error, within=current.transaction()
        )
    return logout


def _refuse(error: OAuth2Error) -> ResponseReturnValue:
    server = current.services().oauth2
    reference = server.record(
        EndpointPath.END_SESSION, current.network_address(), error, within=current.transaction()
    )
    return error_pages.error_page(
        400,
        gettext("The application sent an invalid sign-out request"),
        describe(error),
        gettext("You can still sign out here."),
        error=error.error,
        reference=reference,
        links={
            gettext("Sign out"): url_for("frontchannel.sign_out"),
            **console_link.console_link_for(reference),
        },
    )
