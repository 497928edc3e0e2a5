"""Access to pages: for signed-in users, for users who signed in recently, and for the Configure Server permission.

``require_sign_in``, ``require_second_factor`` and ``require_configure_server`` return a response that replaces the
response of the view, or None. ``require_recent_sign_in`` wraps a view. If the user submitted a form, the sign-in page
preserves its input (see ``preserved_forms``).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import RequestEntityTooLarge

from authserver.domain import user_sessions
from authserver.domain.user_sessions import UserSession
from authserver.web import current, local_urls
from authserver.web.rendering import error_pages
from authserver.web.session import preserved_forms
from authserver.web.session.sign_in_page import ENDPOINTS, SignInPage, Step

View = TypeVar("View", bound=Callable[..., Any])


def require_sign_in() -> ResponseReturnValue | None:
    """Redirect users who are not signed in to the sign-in page, and ask for a missing second factor."""
    user_session = current.load_session()
    return sign_in_first() if user_session is None else require_second_factor(user_session)


def require_second_factor(user_session: UserSession) -> ResponseReturnValue | None:
    """Ask a user who set up a second factor after this sign-in for a code."""
    return _sign_in_again(user_session, "code") if lacks_second_factor(user_session) else None


def require_configure_server() -> ResponseReturnValue | None:
    """Redirect users who are not signed in to the sign-in page. Show users without the permission a 403 page."""
    user_session = current.load_session()
    if user_session is None:
        return sign_in_first()
    if (step_up := require_second_factor(user_session)) is not None:
        return step_up
    if user_session.user.may_configure_server:
        return None
    return error_pages.error_page(
        403,
        gettext("You need the Configure Server permission"),
        gettext(
            "You are signed in as %(name)s. This account cannot manage the server.",
            name=user_session.user.username,
        ),
        gettext("Ask an administrator for the permission, or sign in with another account."),
        links={
            gettext("Use another account"): url_for(
                "frontchannel.sign_in", next=local_urls.form_page_url(), switch=1
            )
        },
    )


def require_recent_sign_in(view: View) -> View:
    """Require a recent sign-in for a view.

    Users with a second factor must have used it in this session: a password entered before the app was set up, perhaps
    by an attacker, is not enough to remove the app again.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        return ask_for_recent_sign_in() or view(*args, **kwargs)

    return guarded  # type: ignore[return-value]


def ask_for_recent_sign_in() -> ResponseReturnValue | None:
    """Ask for a sign-in unless the last one is recent. Views call it if only some of their changes are sensitive."""
    user_session = current.load_session()
    if user_session is None:
        return sign_in_first()
    if not user_sessions.is_recent(user_session, current.services().settings):
        return _sign_in_again(user_session, "password")
    return require_second_factor(user_session)


def sign_in_first() -> ResponseReturnValue:
    """Redirect to the sign-in page, or show it with the preserved input of the submitted form.

    After the sign-in, the browser returns to the current page or to the preserved form.
    """
    owner, page = _owner_of_form(), local_urls.form_page_url()
    if owner is None:
        return redirect(url_for("frontchannel.sign_in", next=page), 303)
    return SignInPage(next=page, resume=preserved_forms.keep(owner)).render(), 403


def on_csrf_error(error: CSRFError) -> ResponseReturnValue:
    """Handle a missing or expired CSRF token without losing the user's input."""
    owner, user_session = _owner_of_form(), current.current_session_without_transaction()
    if owner is None or (user_session is not None and user_session.user_id != owner):
        return error_pages.expired_form_page(error)
    if user_session is not None:
        return preserved_forms.offer(preserved_forms.submitted(), username=user_session.user.username), 400
    try:
        return sign_in_first()
    except RequestEntityTooLarge:
        return error_pages.expired_form_page(error)


def lacks_second_factor(user_session: UserSession) -> bool:
    """Return whether the user has a second factor that was not used in this session."""
    if current.has_transaction():
        return user_sessions.lacks_second_factor(current.transaction(), user_session)
    with current.services().database.transaction(write=False) as db:
        return user_sessions.lacks_second_factor(db, user_session)


def _owner_of_form() -> int | None:
    # Ignore requests of htmx: if one is rejected, console.js submits the form again without htmx.
    is_page = request.method == "POST" and request.headers.get("HX-Request") != "true"
    return preserved_forms.owner() if is_page else None


def _sign_in_again(user_session: UserSession, step: Step) -> ResponseReturnValue:
    page = local_urls.form_page_url()
    if request.method != "POST" or request.headers.get("HX-Request") == "true":
        return redirect(url_for(ENDPOINTS[step], next=page, again=1), 303)
    sign_in_page = SignInPage(
        mode="again",
        step=step,
        username=user_session.user.username,
        cancel_url=page,
        resume=preserved_forms.keep(user_session.user_id),
    )
    return sign_in_page.render(), 403
