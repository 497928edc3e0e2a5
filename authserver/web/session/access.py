"""Who may see a page: signed in, signed in lately, or with Configure Server. Shared by all wings for people.

``require_sign_in`` and ``require_configure_server`` are for a blueprint's ``before_request``: they return what to
answer instead, or None. ``require_recent_sign_in`` wraps a view. What a person typed into a form is not lost when
they must sign in before it is accepted: the sign-in page carries it, sealed, and hands it back (``kept_forms``).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import RequestEntityTooLarge

from authserver.domain.sessions import user_sessions
from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.users import second_factors
from authserver.vocabulary import Acr
from authserver.web import current, local_urls
from authserver.web.rendering import error_pages
from authserver.web.rendering.languages import gettext
from authserver.web.session import preserved_forms
from authserver.web.session.sign_in_page import ENDPOINTS, SecondFactorPage, SignInPage

View = TypeVar("View", bound=Callable[..., Any])
_FOUND = "_login_user"  # where Flask-Login keeps whom it has found


def current_person() -> UserSession | None:
    """Return the live session behind this request, without opening the request's transaction.

    Unless that is open, the session is looked up in a short transaction that is over when this returns. For error
    handlers, which run outside of the request's transaction, and for views that verify passwords before they open it.
    The records are for reading; to change them, load them again in a transaction.
    """
    if _FOUND not in g and not current.has_transaction():
        setattr(g, _FOUND, _look_up())
    return current.current_session()


def require_sign_in() -> ResponseReturnValue | None:
    """Send those who have not signed in to the sign-in page."""
    return None if current.current_session() else sign_in_first()


def require_configure_server() -> ResponseReturnValue | None:
    """Send those who have not signed in to the sign-in page, and tell those without the permission."""
    live = current.current_session()
    if live is None:
        return sign_in_first()
    if live.user.may_configure_server:
        return None
    return error_pages.error_page(
        403,
        gettext("You need the permission Configure Server"),
        gettext("You are signed in as %(name)s, who may not manage this server.", name=live.user.username),
        gettext("Ask an administrator for the permission, or sign in with another account."),
        links={
            gettext("Use another account"): url_for(
                "frontchannel.sign_in", next=local_urls.form_page_url(), switch=1
            )
        },
    )


def require_recent_sign_in(view: View) -> View:
    """Let a view be reached only by people who have signed in lately; the others prove again who they are.

    Who has a second factor must have signed in with it: a password typed before the app was set up, perhaps by
    somebody else, is not enough to take the app away again.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        live = current.current_session()
        if live is None:
            return sign_in_first()
        if not user_sessions.is_recent(live, current.services().settings):
            return _prove_again(live, "password")
        if lacks_second_factor(live):
            return _prove_again(live, "code")
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]


def sign_in_first() -> ResponseReturnValue:
    """Send the browser to the sign-in page and back; a form that was sent is kept for whom it had been shown to."""
    owner, page = _owner_of_form(), local_urls.form_page_url()
    if owner is None:
        return redirect(url_for("frontchannel.sign_in", next=page), 303)
    return SignInPage(next=page, resume=preserved_forms.keep(owner)).render(), 403


def expired_form(error: CSRFError) -> ResponseReturnValue:
    """Answer a form whose CSRF token is missing or of another time, keeping what its own person typed into it."""
    owner, live = _owner_of_form(), current_person()
    if owner is None or (live is not None and live.user_id != owner):
        return error_pages.expired_form_page(error)
    if live is not None:
        return preserved_forms.offer(preserved_forms.sent(), username=live.user.username), 400
    try:
        return sign_in_first()
    except RequestEntityTooLarge:
        return error_pages.expired_form_page(error)


def _owner_of_form() -> int | None:
    # A script that is refused sends its form again as a page does.
    is_page = request.method == "POST" and request.headers.get("HX-Request") != "true"
    return preserved_forms.owner() if is_page else None


def _prove_again(live: UserSession, half: SecondFactorPage) -> ResponseReturnValue:
    page = local_urls.form_page_url()
    if request.method != "POST" or request.headers.get("HX-Request") == "true":
        return redirect(url_for(ENDPOINTS[half], next=page, again=1), 303)
    asked = SignInPage(
        mode="again",
        half=half,
        username=live.user.username,
        cancel_url=page,
        resume=preserved_forms.keep(live.user_id),
    )
    return asked.render(), 403


def lacks_second_factor(live: UserSession) -> bool:
    """Return whether somebody has a second factor and has proved their password only in this session."""
    if live.acr == Acr.MULTI_FACTOR:
        return False
    if current.has_transaction():
        return second_factors.is_enrolled(current.transaction(), live.user_id)
    # As in ``current_person``: the view may open its transaction later, or never.
    with current.services().database.transaction(write=False) as db:
        return second_factors.is_enrolled(db, live.user_id)


def _look_up() -> Any:
    cookie = current.session_cookie()
    if not cookie:
        return current.login_manager.anonymous_user()
    with current.services().database.transaction(write=False) as db:
        return current.find_signed_in_user(db, cookie) or current.login_manager.anonymous_user()
