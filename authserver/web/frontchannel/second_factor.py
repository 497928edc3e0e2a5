"""The second step of a sign-in: a code of the authenticator app, or a recovery code.

The page asks for the code after the correct password. It also asks users who are already signed in with only a
password, if a client or a sensitive action requires the second factor (step-up).
"""

from dataclasses import replace

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import throttles
from authserver.domain.throttles import Charge
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import authentication, second_factors
from authserver.domain.users.authentication import (
    CodeAttempt,
    PendingSecondFactor,
    WrongCredentials,
    WrongSecondFactor,
)
from authserver.errors import Throttled
from authserver.vocabulary import Acr, EndpointPath
from authserver.web import current
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.sign_in import continue_with_session, redirect_onward, show_password_form
from authserver.web.frontchannel.sign_in_context import (
    sign_in_page_of,
    too_many_attempts_page,
    unseal_pending,
)
from authserver.web.session import access, sign_in_session
from authserver.web.session.sign_in_page import SignInPage
from authserver.web.session.sign_in_session import SignedInBrowser


@frontchannel.get(EndpointPath.SECOND_FACTOR)
def second_factor() -> ResponseReturnValue:
    """Ask for a code, if the user is signed in with only a password."""
    user_session, page = current.current_session_without_transaction(), sign_in_page_of(request.args, "code")
    if user_session is None:
        values = {"ask": page.context or None, "next": page.next or None}
        return redirect(url_for("frontchannel.sign_in", **values), 303)  # type: ignore[arg-type]
    return page.render() if access.lacks_second_factor(user_session) else redirect_onward(page, user_session)


@frontchannel.post(EndpointPath.SECOND_FACTOR)
def post_second_factor() -> ResponseReturnValue:
    """Check the code, then start, renew or step up the session."""
    user_session, page = current.current_session_without_transaction(), sign_in_page_of(request.form, "code")
    pending = unseal_pending(page.pending) if page.pending else _pending_of(user_session)
    if pending is None:
        return show_password_form(page)
    try:
        attempt = CodeAttempt(
            request.form.get("code", ""), sign_in_session.known_browser_cookie(), current.network_address()
        )
        charges = current.services().password_authenticator.charge_code(pending, attempt)
        signed_in = _complete(pending, charges, user_session, page)
    except WrongSecondFactor as error:
        if user_session is not None and _has_signed_in_with_code(user_session, pending):
            return redirect_onward(page, user_session)
        _record_wrong_code(pending, charges)
        return replace(page, errors={"code": error.text}).render(), 422
    except WrongCredentials:
        return show_password_form(page)
    except Throttled as error:
        return too_many_attempts_page(page, error)
    return show_password_form(page) if signed_in is None else continue_with_session(page, signed_in)


def _complete(
    pending: PendingSecondFactor,
    charges: tuple[Charge, ...],
    user_session: UserSession | None,
    page: SignInPage,
) -> SignedInBrowser | None:
    services, code = current.services(), request.form.get("code", "")
    with throttles.refunding(services.database, charges), services.database.transaction() as db:
        user, kind = authentication.complete_second_factor(db, services.vault, pending, code, charges)
        if not page.pending and user_session is not None:
            return sign_in_session.step_up(db, user, user_session, kind)
        method = sign_in_session.method_with_code(kind)
        return sign_in_session.begin_session(
            db, user, user_session, is_remembered=page.is_remembered, method=method
        )


def _has_signed_in_with_code(user_session: UserSession, pending: PendingSecondFactor) -> bool:
    """Return whether this browser signed in with the same code a moment ago, because the form was submitted twice.

    The code is not accepted a second time (RFC 6238, section 5.2); the browser is only redirected.
    """
    if user_session.user_id != pending.user_id or user_session.acr != Acr.MULTI_FACTOR:
        return False
    services, code = current.services(), request.form.get("code", "")
    with services.database.transaction(write=False) as db:
        return second_factors.was_just_used(db, services.vault, pending.user_id, code)


def _record_wrong_code(pending: PendingSecondFactor, charges: tuple[Charge, ...]) -> None:
    with current.services().database.transaction() as db:
        authentication.record_wrong_code(db, sign_in_session.anonymous_actor(), pending, charges)


def _pending_of(user_session: UserSession | None) -> PendingSecondFactor | None:
    return (
        None if user_session is None else PendingSecondFactor(user_session.user_id, user_session.user_epoch)
    )
