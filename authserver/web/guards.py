"""Who may see a page: signed in, signed in lately, or with Configure Server. Shared by all wings for people.

``require_sign_in`` and ``require_configure_server`` are for a blueprint's ``before_request``: they return what to
answer instead, or None. ``require_recent_sign_in`` wraps a view. What a person typed into a form is not lost when
they must sign in again before it is accepted: the sign-in page carries it, sealed, and hands it back.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from authserver.domain import second_factors, sessions
from authserver.domain.sessions import UserSession
from authserver.errors import SettingsError
from authserver.terms import Acr
from authserver.web import destinations, door, mistakes
from authserver.web.languages import say
from authserver.web.sign_in_page import ENDPOINTS, Half, SignInPage

View = TypeVar("View", bound=Callable[..., Any])
_FOUND = "_login_user"  # where Flask-Login keeps whom it has found
_RESUME = "resume"
_LARGEST_RESUME = 32768


def person() -> UserSession | None:
    """Return who is signed in, looked up in a transaction of its own that is over when this returns.

    For code that runs before the view's transaction is open, and for views that hash passwords, which must not keep
    one open meanwhile. The records are for reading; to change them, get them again in a transaction.
    """
    if _FOUND not in g:
        setattr(g, _FOUND, _look_up())
    return door.signed_in()


def require_sign_in() -> ResponseReturnValue | None:
    """Send those who have not signed in to the sign-in page."""
    return None if person() else sign_in_first()


def require_configure_server() -> ResponseReturnValue | None:
    """Send those who have not signed in to the sign-in page, and tell those without the permission."""
    live = person()
    if live is None:
        return sign_in_first()
    if live.user.may_configure_server:
        return None
    return mistakes.page(
        403,
        say("You need the permission Configure Server"),
        say("You are signed in as %(name)s, who may not manage this server.", name=live.user.username),
        say("Ask an administrator for the permission, or sign in with another account."),
        links={
            say("Use another account"): url_for("frontchannel.sign_in", next=destinations.here(), switch=1)
        },
    )


def require_recent_sign_in(view: View) -> View:
    """Let a view be reached only by people who have signed in lately; the others prove again who they are.

    Who has a second factor must have signed in with it: a password typed before the app was set up, perhaps by
    somebody else, is not enough to take the app away again.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        live = door.signed_in() if "session" in g else person()
        if live is None:
            return sign_in_first()
        if not sessions.is_recent(live, door.services().settings):
            return _prove_again(live, "password")
        if lacks_second_factor(live):
            return _prove_again(live, "code")
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]


def sign_in_first() -> ResponseReturnValue:
    """Send the browser to the sign-in page and back here; a form that was sent is to be shown again, not repeated."""
    return redirect(url_for("frontchannel.sign_in", next=destinations.here()), 303)


def keep_form(live: UserSession) -> str:
    """Return this request's form, sealed for the person, so that it can be sent again after a sign-in."""
    fields = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    text = json.dumps({"url": destinations.here(), "fields": fields}).encode()
    if len(text) > _LARGEST_RESUME:
        raise RequestEntityTooLarge
    return door.services().vault.seal(_purpose(live), text)


def open_form(live: UserSession, sealed: str) -> dict[str, Any] | None:
    """Return a form that was kept for this person: its url and its fields; None when it is not theirs."""
    try:
        kept: dict[str, Any] = json.loads(door.services().vault.open(_purpose(live), sealed))
    except (SettingsError, ValueError):
        return None
    return kept


def _prove_again(live: UserSession, half: Half) -> ResponseReturnValue:
    if request.method != "POST" or request.headers.get("HX-Request") == "true":
        return redirect(url_for(ENDPOINTS[half], next=destinations.here(), again=1), 303)
    page = SignInPage(
        mode="again",
        half=half,
        username=live.user.username,
        cancel_url=destinations.here(),
        resume=keep_form(live),
    )
    return page.render(), 403


def lacks_second_factor(live: UserSession) -> bool:
    """Return whether somebody has a second factor and has proved their password only in this session."""
    if live.acr == Acr.MULTI_FACTOR:
        return False
    if "session" in g:
        return second_factors.is_enrolled(door.session(), live.user_id)
    # As in ``person``: the view may want to open its transaction later, or never.
    with door.services().database.transaction(write=False) as transaction:
        return second_factors.is_enrolled(transaction, live.user_id)


def _purpose(live: UserSession) -> str:
    return f"{_RESUME}:{live.user_id}"


def _look_up() -> Any:
    cookie = request.cookies.get(door.cookie_name(door.SESSION_COOKIE))
    if not cookie:
        return door.login_manager.anonymous_user()
    services = door.services()
    with services.database.transaction(write=False) as transaction:
        row = sessions.find(transaction, services.settings, cookie)
    if row is None:
        return door.login_manager.anonymous_user()
    if sessions.is_due(row):
        g.seen_session = row.id
    return door.SignedIn(row)
