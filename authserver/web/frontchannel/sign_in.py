"""Signing in: for the first time, again where an old sign-in is not enough, or as somebody else.

The password is checked outside any transaction of this request, because hashing takes long; see ``domain.sign_in``.
What follows for those with a second factor is in ``second_factor``.
"""

from dataclasses import replace

from flask import make_response, redirect, request
from flask.typing import ResponseReturnValue

from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.users import authentication as authenticator
from authserver.domain.users import second_factors
from authserver.domain.users.authentication import (
    PendingSecondFactor,
    SignInAttempt,
    VerifiedPassword,
    WrongCredentials,
)
from authserver.errors import Throttled
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel import pending_second_factor
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.home import home_url_of
from authserver.web.frontchannel.sign_in_context import sign_in_page_of, too_many_attempts_page
from authserver.web.rendering.languages import gettext_noop
from authserver.web.session import access, preserved_forms, sign_in_session
from authserver.web.session.sign_in_page import SignInPage
from authserver.web.session.sign_in_session import SignedInBrowser

_OLD_FORM = gettext_noop("This page was open for too long. Type your password again.")


@frontchannel.get(EndpointPath.SIGN_IN)
def sign_in() -> ResponseReturnValue:
    """Show the form, unless nothing is left to do."""
    live, page = access.current_person(), sign_in_page_of(request.args)
    if live is not None and page.mode == "first":
        # Somebody who is signed in already followed an old link.
        return redirect_onward(page, live)
    return page.render()


@frontchannel.post(EndpointPath.SIGN_IN)
def post_sign_in() -> ResponseReturnValue:
    """Check the password, and start or renew the session or ask for the second factor."""
    live, page = access.current_person(), sign_in_page_of(request.form)
    attempt = SignInAttempt(
        page.username, request.form.get("password", ""), sign_in_session.known_browser_cookie()
    )
    try:
        found = _admit(
            current.services().sign_in.check(sign_in_session.anonymous_actor(), attempt),
            live,
            page,
        )
    except WrongCredentials as error:
        return replace(page, errors={"password": str(error)}).render(), 422
    except Throttled as error:
        return too_many_attempts_page(page, error)
    if isinstance(found, PendingSecondFactor):
        return replace(page, half="code", proof=pending_second_factor.seal_pending(found)).render()
    return continue_with_session(page, found)


def _admit(
    proof: VerifiedPassword, live: UserSession | None, page: SignInPage
) -> SignedInBrowser | PendingSecondFactor:
    with current.services().database.transaction() as transaction:
        if second_factors.is_enrolled(transaction, proof.user_id):
            user = authenticator.confirm_password(transaction, proof)
            return PendingSecondFactor(user.id, user.epoch)
        user = authenticator.complete_sign_in(transaction, proof)
        return sign_in_session.begin_session(transaction, user, live, is_remembered=page.is_remembered)


def continue_with_session(page: SignInPage, arrival: SignedInBrowser) -> ResponseReturnValue:
    """Give the browser its session, and lead it to what it signed in for."""
    _settle_forms(arrival)
    response = make_response(redirect_onward(page, arrival.session))
    sign_in_session.attach_cookies(response, arrival)
    return response


def redirect_onward(page: SignInPage, live: UserSession) -> ResponseReturnValue:
    """Lead somebody who is signed in to what the page was for."""
    kept = preserved_forms.find(live.user_id, page.resume) if page.resume else None
    return redirect(page.next or home_url_of(live), 303) if kept is None else preserved_forms.offer(kept)


def show_password_form(page: SignInPage) -> ResponseReturnValue:
    """Show the form for the password once more, for a page that was open too long."""
    return replace(page, half="password", proof="", errors={"": _OLD_FORM}).render(), 400


def _settle_forms(arrival: SignedInBrowser) -> None:
    if arrival.is_again:
        # Whoever opened the forms in other tabs is the person who has just signed in again: they go on working.
        current.forget_loaded_user()
    else:
        sign_in_session.void_forms()
