"""The sessions page: lists the browsers in which the user is signed in, and ends sessions."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from authserver import clock
from authserver.domain import user_sessions
from authserver.errors import NotFound
from authserver.messages import message
from authserver.web import current, local_urls
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_session, own_user
from authserver.web.rendering.languages import translate
from authserver.web.user_agents import describe_user_agent


@account.get("/sessions")
def session_list() -> ResponseReturnValue:
    """Show all sessions, with the session of this browser first."""
    settings, now = current.services().settings, clock.now()
    rows = [
        row
        for row in user_sessions.sessions_of_user(current.transaction(), own_user())
        if user_sessions.is_valid(row, settings, now)
    ]
    rows.sort(key=lambda row: row.id != own_session().id)
    return render_template(
        "account/sessions.html", sessions=rows, this_id=own_session().id, device=describe_user_agent
    )


@account.post("/sessions/<int:session_id>/end")
def end_session(session_id: int) -> ResponseReturnValue:
    """End one of the other sessions."""
    own = {row.id: row for row in user_sessions.sessions_of_user(current.transaction(), own_user())}
    if session_id not in own:
        raise NotFound(message("This session has already ended."))
    if session_id == own_session().id:
        return redirect(url_for("frontchannel.sign_out"), 303)
    user_sessions.end(current.transaction(), current.actor(), own[session_id])
    device = describe_user_agent(own[session_id].user_agent)
    flash(translate(message("%(name)s is signed out.", name=device)), "success")
    return redirect(url_for("account.session_list"), 303)


@account.post("/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    """End all sessions except the session of this browser."""
    count = user_sessions.end_others(
        current.transaction(), current.actor(), own_user(), keep=own_session().id
    )
    flash(_ended_text(count), "success")
    return redirect(
        local_urls.safe_local_url(request.form.get("next")) or url_for("account.session_list"), 303
    )


def _ended_text(count: int) -> str:
    if count == 0:
        return gettext("You were not signed in anywhere else.")
    return ngettext("One other session is signed out.", "%(num)s other sessions are signed out.", count)
