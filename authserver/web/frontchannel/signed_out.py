"""The end of a session, however it was asked for: the cookies go, the applications are told, a page says what came of it.

The page is found again by what the browser's signed cookie remembers for some minutes.
"""

import time
from threading import Lock
from typing import Any

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask import session as browser

from authserver import clock
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.sessions import logout_notices, user_sessions
from authserver.domain.sessions.logout_notices import NoticeState, Participant
from authserver.domain.sessions.user_sessions import UserSession
from authserver.protocol.oidc import end_session, frontchannel_logout
from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.web import client_redirects, current
from authserver.web.frontchannel import logout_requests
from authserver.web.rendering.languages import gettext_noop
from authserver.web.session import browser_state, sign_in_session

_SHOWN_FOR_SECONDS = 600
_PATIENCE_SECONDS = 2.0
_STEP_SECONDS = 0.1
_WORDS = {
    NoticeState.DELIVERED: gettext_noop("Signed out"),
    NoticeState.WAITING: gettext_noop("Is being told; this may take a few minutes"),
    NoticeState.FAILED: gettext_noop("Could not be told; sign out there as well"),
}
_FRAME_WORDS = gettext_noop("Asked to sign you out")
_OTHER_WORDS = gettext_noop("Has lost its access; it may show you as signed in until you sign out there")
_OFFLINE_WORDS = gettext_noop(
    "Keeps the access that you gave it; it may show you as signed in until you sign out there"
)
# One page of a process waits at a time, so that nobody can make all its threads wait (S28).
_waiting = Lock()


def confirm_page(ask: str = "", application: str = "") -> str:
    """Return the page that asks whether to sign out; who it was is not told where the session has run out."""
    live = current.current_session()
    return render_template(
        "sign_out.html", user=live.user if live else None, ask=ask, application=application
    )


def end_browser_session(present: UserSession | None, logout: LogoutRequest) -> Response:
    """End the session of this browser, and lead back to the application or to the page that tells the result."""
    db = current.transaction()
    needs_frames = present is not None and _end(present)
    link = end_session.return_link(db, logout)
    goes_on = end_session.destination(db, logout) is not None
    browser[sign_in_session.SIGN_OUT_RESULT] = {
        "session": present.id if present else 0,
        "sid": present.sid if present else "",
        "client": logout.client_key,
        "goes_on": goes_on,
        "fault": logout.problem,
        "at": clock.timestamp(clock.now()),
    }
    sign_in_session.void_forms()
    there = link if goes_on and not needs_frames else None
    # The way back is too long for a cookie, which browsers drop from 4 kB on.
    ask = logout_requests.seal_request(logout) if link else None
    page = url_for("frontchannel.sign_out", ask=ask)
    response = make_response(client_redirects.redirect_exactly(there) if there else redirect(page, 303))
    current.delete_cookie(response, current.SESSION_COOKIE)
    browser_state.forget(response)
    return response


def signed_out_page() -> str:
    """Return the page that says that nobody is signed in, with the result for each application used before."""
    facts: dict[str, Any] = browser.get(sign_in_session.SIGN_OUT_RESULT) or {}
    if clock.timestamp(clock.now()) - facts.get("at", 0) > _SHOWN_FOR_SECONDS:
        facts = {}
    states = _states_of_notices(facts) if facts.get("session") else {}
    db = current.transaction()
    members = logout_notices.participants(db, facts["session"]) if facts.get("session") else []
    frames = {member.client.id: frame for member in members if (frame := _frame(member.client, facts["sid"]))}
    if frames:
        g.csp_frames = frontchannel_logout.frame_origins(frames.values())
    application = clients.find(db, facts.get("client", ""))
    asked = logout_requests.find_request(request.args.get("ask"))
    return render_template(
        "signed_out.html",
        results=[(member.client.name, _words(member, states, frames)) for member in members],
        frames=[
            (member.client.name, frames[member.client.id]) for member in members if member.client.id in frames
        ],
        link=end_session.return_link(db, asked) if asked and application else None,
        goes_on=facts.get("goes_on", False),
        application=application.name if application else "",
        fault=facts.get("fault", ""),
    )


def _end(present: UserSession) -> bool:
    """End a session; True when applications must be signed out by frames on a page."""
    db = current.transaction()
    members = logout_notices.participants(db, present.id)
    user_sessions.end(db, current.actor(), db.get_one(UserSession, present.id))
    return any(_frame(member.client, present.sid) for member in members)


def _frame(client: Client, sid: str) -> str | None:
    return frontchannel_logout.logout_frame(client, current.services().settings.issuer, sid)


def _words(member: Participant, states: dict[int, str], frames: dict[int, str]) -> str:
    key = member.client.id
    if key in states:
        return _WORDS[NoticeState(states[key])]
    if key in frames:
        return _FRAME_WORDS
    return _OFFLINE_WORDS if member.is_offline else _OTHER_WORDS


def _states_of_notices(facts: dict[str, Any]) -> dict[int, str]:
    """Return how far the notices have come, at the first showing after giving the worker a moment to send them.

    No transaction may be open meanwhile: a slow application must not keep a connection busy.
    """
    current.release()
    has_waited, facts["waited"] = facts.get("waited", False), True
    browser.modified = True
    current.services().logout_notices.wake()
    # A copied cookie has not waited either, however often it comes.
    if has_waited or not _waiting.acquire(blocking=False):
        return _states_now(facts)
    try:
        return _states_soon(facts)
    finally:
        _waiting.release()


def _states_soon(facts: dict[str, Any]) -> dict[int, str]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while NoticeState.WAITING in (states := _states_now(facts)).values() and time.monotonic() < deadline:
        time.sleep(_STEP_SECONDS)
    return states


def _states_now(facts: dict[str, Any]) -> dict[int, str]:
    with current.services().database.reading() as connection:
        return logout_notices.states_of_session(connection, facts["session"])
