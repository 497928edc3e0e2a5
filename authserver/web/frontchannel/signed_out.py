"""Ends the browser's session and shows the result of the sign-out for each application.

The signed browser cookie stores the data of the result page. The page shows the data for ten minutes.
"""

import time
from threading import Lock
from typing import Any

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask import session as browser_cookie

from authserver import clock
from authserver.domain import logout_notices, user_sessions
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.logout_notices import NoticeState, Participant
from authserver.domain.user_sessions import UserSession
from authserver.messages import message
from authserver.protocol.oidc import end_session, frontchannel_logout
from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.web import client_redirects, current
from authserver.web.frontchannel import logout_requests
from authserver.web.rendering.languages import translate
from authserver.web.session import browser, sign_in_session

_SHOWN_FOR_SECONDS = 600
_WAIT_SECONDS = 2.0
_POLL_SECONDS = 0.1
_RESULTS = {
    NoticeState.DELIVERED: message("Signed out"),
    NoticeState.WAITING: message("Sign-out in progress; this may take a few minutes"),
    NoticeState.FAILED: message("Could not be reached; sign out there as well"),
}
_FRAME_RESULT = message("Sign-out requested")
_OTHER_RESULT = message("No longer has access; it may show you as signed in until you sign out there")
_OFFLINE_RESULT = message(
    "Keeps the access that you allowed; it may show you as signed in until you sign out there"
)
# Only one request per process waits for notices at a time, so that nobody can block all threads (S28).
_waiting = Lock()


def confirm_page(logout: str = "", application: str = "") -> str:
    """Return the page that asks for confirmation; it shows no user if the session has expired."""
    user_session = current.current_session()
    return render_template(
        "sign_out.html",
        user=user_session.user if user_session else None,
        logout=logout,
        application=application,
    )


def end_browser_session(user_session: UserSession | None, logout: LogoutRequest) -> Response:
    """End the session of this browser, then redirect to the client or to the result page."""
    db = current.transaction()
    needs_frames = user_session is not None and _end(user_session)
    link = end_session.return_link(db, logout)
    redirects = end_session.destination(db, logout) is not None
    browser_cookie[sign_in_session.SIGN_OUT_RESULT] = {
        "session": user_session.id if user_session else 0,
        "sid": user_session.sid if user_session else "",
        "client": logout.client_key,
        "redirects": redirects,
        "fault": translate(logout.problem),
        "at": clock.timestamp(clock.now()),
    }
    sign_in_session.invalidate_forms()
    client_url = link if redirects and not needs_frames else None
    # Pass the request in the URL and not in the cookie, because browsers drop cookies of more than 4 kB.
    sealed = logout_requests.seal_request(logout) if link else None
    page = url_for("frontchannel.sign_out", ask=sealed)
    response = make_response(
        client_redirects.redirect_exactly(client_url) if client_url else redirect(page, 303)
    )
    current.delete_cookie(response, current.SESSION_COOKIE)
    browser.delete_state(response)
    return response


def signed_out_page() -> str:
    """Return the page that confirms the sign-out, with the result for each application."""
    stored: dict[str, Any] = browser_cookie.get(sign_in_session.SIGN_OUT_RESULT) or {}
    if clock.timestamp(clock.now()) - stored.get("at", 0) > _SHOWN_FOR_SECONDS:
        stored = {}
    states = _states_of_notices(stored) if stored.get("session") else {}
    db = current.transaction()
    members = logout_notices.participants(db, stored["session"]) if stored.get("session") else []
    frames = {
        member.client.id: frame for member in members if (frame := _frame(member.client, stored["sid"]))
    }
    if frames:
        g.csp_frames = frontchannel_logout.frame_origins(frames.values())
    application = clients.find(db, stored.get("client", ""))
    logout = logout_requests.unseal_request(request.args.get("ask"))
    return render_template(
        "signed_out.html",
        results=[(member.client.name, _result_of(member, states, frames)) for member in members],
        frames=[
            (member.client.name, frames[member.client.id]) for member in members if member.client.id in frames
        ],
        link=end_session.return_link(db, logout) if logout and application else None,
        redirects=stored.get("redirects", False),
        application=application.name if application else "",
        problem=stored.get("fault", ""),
    )


def _end(user_session: UserSession) -> bool:
    """End a session; return whether the result page must sign out clients with iframes."""
    db = current.transaction()
    members = logout_notices.participants(db, user_session.id)
    user_sessions.end(db, current.actor(), db.get_one(UserSession, user_session.id))
    return any(_frame(member.client, user_session.sid) for member in members)


def _frame(client: Client, sid: str) -> str | None:
    return frontchannel_logout.logout_frame(client, current.services().settings.issuer, sid)


def _result_of(member: Participant, states: dict[int, str], frames: dict[int, str]) -> str:
    key = member.client.id
    if key in states:
        return _RESULTS[NoticeState(states[key])]
    if key in frames:
        return _FRAME_RESULT
    return _OFFLINE_RESULT if member.is_offline else _OTHER_RESULT


def _states_of_notices(stored: dict[str, Any]) -> dict[int, str]:
    """Return the state of the logout notices by client. The first request waits up to two seconds for their delivery.

    The request waits outside the transaction, so that a slow client does not occupy a connection.
    """
    current.release()
    has_waited, stored["waited"] = stored.get("waited", False), True
    browser_cookie.modified = True
    current.services().logout_notifier.wake()
    # A browser can send an old copy of the cookie to wait again and again. The lock limits the effect.
    if has_waited or not _waiting.acquire(blocking=False):
        return _states_now(stored)
    try:
        return _states_after_waiting(stored)
    finally:
        _waiting.release()


def _states_after_waiting(stored: dict[str, Any]) -> dict[int, str]:
    deadline = time.monotonic() + _WAIT_SECONDS
    while NoticeState.WAITING in (states := _states_now(stored)).values() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return states


def _states_now(stored: dict[str, Any]) -> dict[int, str]:
    with current.services().database.reading() as connection:
        return logout_notices.states_of_session(connection, stored["session"])
