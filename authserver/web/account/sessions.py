"""Own sessions: where somebody is signed in, and signing out there."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver import clock
from authserver.domain import sessions
from authserver.errors import NotFound
from authserver.web import destinations, door
from authserver.web.account import account
from authserver.web.account.person import me, my_session
from authserver.web.account.user_agents import in_words
from authserver.web.languages import say, say_number


@account.get("/sessions")
def session_list() -> ResponseReturnValue:
    """Show all sessions, this one first."""
    settings, now = door.services().settings, clock.now()
    rows = [row for row in sessions.of_user(door.session(), me()) if sessions.is_live(row, settings, now)]
    rows.sort(key=lambda row: row.id != my_session().id)
    return render_template("account/sessions.html", sessions=rows, this_id=my_session().id, device=in_words)


@account.post("/sessions/<int:session_id>/end")
def end_session(session_id: int) -> ResponseReturnValue:
    """End one of the other sessions."""
    own = {row.id: row for row in sessions.of_user(door.session(), me())}
    if session_id not in own:
        raise NotFound(say("This session has ended already."))
    if session_id == my_session().id:
        return redirect(url_for("frontchannel.sign_out"), 303)
    sessions.end(door.session(), door.actor(), own[session_id])
    flash(say("%(name)s is signed out.", name=in_words(own[session_id].user_agent)), "success")
    return redirect(url_for("account.session_list"), 303)


@account.post("/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    """End all sessions but this one, and go back to where that was asked for."""
    count = sessions.end_others(door.session(), door.actor(), me(), keep=my_session().id)
    flash(_ended(count), "success")
    return redirect(destinations.safe(request.form.get("next")) or url_for("account.session_list"), 303)


def _ended(count: int) -> str:
    if count == 0:
        return say("You were not signed in anywhere else.")
    return say_number("One other session is signed out.", "%(number)s other sessions are signed out.", count)
