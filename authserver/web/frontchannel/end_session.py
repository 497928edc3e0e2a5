"""The end session endpoint for people whom an application sends (OpenID Connect RP-Initiated Logout 1.0, section 2)."""

from authlib.oauth2 import OAuth2Error
from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import clients
from authserver.protocol.messages import MalformedRequest, read_pairs
from authserver.protocol.oauth2.errors import describe
from authserver.protocol.oidc import end_session
from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.terms import Path
from authserver.web import console_link, door, mistakes, returns
from authserver.web.frontchannel import frontchannel, logout_asks, not_read, signed_out
from authserver.web.languages import say


@frontchannel.route(Path.END_SESSION, methods=["GET", "POST"], endpoint="end_session")
@door.writes
def end_session_request() -> ResponseReturnValue:
    """Sign out at once for an application that proves it had the session, else ask."""
    try:
        logout = logout_asks.find(request.args.get("ask")) or _read()
    except MalformedRequest as error:
        return not_read.page(error, Path.END_SESSION)
    except OAuth2Error as error:
        return _refuse(error)
    if request.method == "POST":
        # A form that another site posts carries no cookie of ours: who is signed in is seen when it is sent on.
        return redirect(url_for("frontchannel.end_session", ask=logout_asks.seal(logout)), 303)
    present = door.open_session()
    if present is None or logout.concerns(present):
        return signed_out.finish(present, logout)
    application = clients.find(door.session(), logout.client_key)
    name = application.name if application is not None and application.is_approved else ""
    return signed_out.question(logout_asks.seal(logout), name)


def _read() -> LogoutRequest:
    pairs = read_pairs(request.query_string.decode("latin-1"))
    if request.method == "POST":
        pairs += returns.posted_pairs()
    server = door.services().oauth2
    logout, error = end_session.read(server, door.session(), pairs)
    if error is not None:
        server.record(Path.END_SESSION, door.address(), error, within=door.session())
    return logout


def _refuse(error: OAuth2Error) -> ResponseReturnValue:
    server = door.services().oauth2
    reference = server.record(Path.END_SESSION, door.address(), error, within=door.session())
    return mistakes.page(
        400,
        say("This request to sign out cannot be accepted"),
        describe(error),
        say("You can sign out here all the same."),
        error=error.error,
        reference=reference,
        links={say("Sign out"): url_for("frontchannel.sign_out"), **console_link.of(reference)},
    )
