"""The first step of a sign-in: the password. The same page handles a repeated sign-in and a switch of accounts.

If there were too many attempts, the page also asks for a code of the second factor, with which the user can sign in
nevertheless. It looks the same for all names, also for unknown ones (S19).

The password is checked outside the request's transaction, because hashing is slow (see
``domain.users.authentication``). The second step is in ``second_factor``.
"""

from dataclasses import replace

from flask import make_response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from authserver.domain.user_sessions import UserSession
from authserver.domain.users import authentication, second_factors, users
from authserver.domain.users.authentication import (
    PendingSecondFactor,
    SignInAttempt,
    WrongCredentials,
)
from authserver.errors import Busy, Throttled
from authserver.messages import message
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.home import home_url_of
from authserver.web.frontchannel.sign_in_context import seal_pending, sign_in_page_of, too_many_attempts_page
from authserver.web.session import preserved_forms, sign_in_session
from authserver.web.session.sign_in_page import SignInPage
from authserver.web.session.sign_in_session import SignedInBrowser

_EXPIRED = message("This page has expired. Enter your password again.")


@frontchannel.get(EndpointPath.SIGN_IN)
def sign_in() -> ResponseReturnValue:
    """Show the form, or redirect a user who is already signed in."""
    user_session, page = current.current_session_without_transaction(), sign_in_page_of(request.args)
    if user_session is not None and page.mode == "first":
        return redirect_onward(page, user_session)
    return replace(page, is_set_up=user_session is not None or _has_accounts()).render()


@frontchannel.post(EndpointPath.SIGN_IN)
def post_sign_in() -> ResponseReturnValue:
    """Check the password, then start or renew the session, or ask for the second factor."""
    user_session, page = current.current_session_without_transaction(), sign_in_page_of(request.form)
    attempt = SignInAttempt(
        page.username, request.form.get("password", ""), sign_in_session.known_browser_cookie()
    )
    code = request.form.get("code", "").strip()
    try:
        result = (
            _check_with_code(attempt, code, user_session, page)
            if code
            else _check(attempt, user_session, page)
        )
    except WrongCredentials as error:
        errors = {"password": error.text}
        return replace(page, errors=errors, asks_for_code=bool(code)).render(), 422
    except Throttled as error:
        return too_many_attempts_page(replace(page, asks_for_code=not isinstance(error, Busy)), error)
    if isinstance(result, PendingSecondFactor):
        return replace(page, step="code", pending=seal_pending(result)).render()
    return continue_with_session(page, result)


def _has_accounts() -> bool:
    try:
        with current.services().database.transaction(write=False) as db:
            return users.has_any(db)
    except (DBAPIError, PoolTimeout):
        return True  # The page is also shown if the database is unavailable.


def _check(
    attempt: SignInAttempt, user_session: UserSession | None, page: SignInPage
) -> SignedInBrowser | PendingSecondFactor:
    services = current.services()
    verified = services.password_authenticator.check(sign_in_session.anonymous_actor(), attempt)
    with services.database.transaction() as db:
        if second_factors.is_enrolled(db, verified.user_id):
            user = authentication.confirm_password(db, verified)
            return PendingSecondFactor(user.id, user.epoch)
        user = authentication.complete_sign_in(db, verified)
        return sign_in_session.begin_session(db, user, user_session, is_remembered=page.is_remembered)


def _check_with_code(
    attempt: SignInAttempt, code: str, user_session: UserSession | None, page: SignInPage
) -> SignedInBrowser:
    services = current.services()
    actor = sign_in_session.anonymous_actor()
    verified = services.password_authenticator.check_with_code(actor, attempt, code)
    with services.database.transaction() as db:
        user, kind = authentication.complete_with_code(db, services.vault, verified, code)
        method = sign_in_session.method_with_code(kind)
        return sign_in_session.begin_session(
            db, user, user_session, is_remembered=page.is_remembered, method=method
        )


def continue_with_session(page: SignInPage, signed_in: SignedInBrowser) -> ResponseReturnValue:
    """Set the cookies of the session, and redirect to the URL that the sign-in was for."""
    if signed_in.is_renewed:
        current.clear_loaded_user()  # Forms in other tabs belong to the same user and stay valid.
    else:
        sign_in_session.invalidate_forms()
    response = make_response(redirect_onward(page, signed_in.session))
    sign_in_session.set_cookies(response, signed_in)
    return response


def redirect_onward(page: SignInPage, user_session: UserSession) -> ResponseReturnValue:
    """Redirect a signed-in user to the URL that the sign-in was for, or show the preserved form to submit again."""
    form = preserved_forms.find(user_session.user_id, page.resume) if page.resume else None
    return (
        redirect(page.next or home_url_of(user_session), 303) if form is None else preserved_forms.offer(form)
    )


def show_password_form(page: SignInPage) -> ResponseReturnValue:
    """Show the password form again because the page has expired."""
    return replace(page, step="password", pending="", errors={"": _EXPIRED}).render(), 400
