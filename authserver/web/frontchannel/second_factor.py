"""The second half of a sign-in: the code of an authenticator app, or a recovery code, in one field.

Reached with a password that was right a moment ago, or by somebody who is signed in and of whom an application wants
more than the password (step-up).
"""

from dataclasses import replace

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.throttles import Charge
from authserver.domain.users import authentication as authenticator
from authserver.domain.users import second_factors
from authserver.domain.users.authentication import PendingSecondFactor, WrongCredentials, WrongSecondFactor
from authserver.errors import Throttled
from authserver.vocabulary import Acr, EndpointPath
from authserver.web import current
from authserver.web.frontchannel import pending_second_factor
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.sign_in import continue_with_session, redirect_onward, show_password_form
from authserver.web.frontchannel.sign_in_context import sign_in_page_of, too_many_attempts_page
from authserver.web.session import access, sign_in_session
from authserver.web.session.sign_in_page import SignInPage
from authserver.web.session.sign_in_session import SignedInBrowser


@frontchannel.get(EndpointPath.SECOND_FACTOR)
def second_factor() -> ResponseReturnValue:
    """Ask somebody who is signed in by a password for the code too."""
    live, page = access.current_person(), sign_in_page_of(request.args, "code")
    if live is None:
        return redirect(url_for("frontchannel.sign_in", ask=page.ask or None, next=page.next or None), 303)
    return page.render() if access.lacks_second_factor(live) else redirect_onward(page, live)


@frontchannel.post(EndpointPath.SECOND_FACTOR)
def post_second_factor() -> ResponseReturnValue:
    """Check the code, start, renew or raise the session, and go on."""
    live, page = access.current_person(), sign_in_page_of(request.form, "code")
    half = pending_second_factor.unseal_pending(page.proof) if page.proof else _signed_in_half(live)
    if half is None:
        return show_password_form(page)
    try:
        charges = current.services().sign_in.charge_code(half, sign_in_session.known_browser_cookie())
        arrival = _admit(half, charges, live, page)
    except WrongSecondFactor as error:
        if live is not None and _has_let_in(live, half):
            return redirect_onward(page, live)
        _record(half, charges)
        return replace(page, errors={"code": str(error)}).render(), 422
    except WrongCredentials:
        return show_password_form(page)
    except Throttled as error:
        return too_many_attempts_page(page, error)
    return show_password_form(page) if arrival is None else continue_with_session(page, arrival)


def _admit(
    half: PendingSecondFactor, charges: tuple[Charge, ...], live: UserSession | None, page: SignInPage
) -> SignedInBrowser | None:
    services, typed = current.services(), request.form.get("code", "")
    with services.database.transaction() as transaction:
        user, kind = authenticator.complete_second_factor(transaction, services.vault, half, typed, charges)
        if not page.proof and live is not None:
            return sign_in_session.step_up(transaction, user, live, kind)
        how = sign_in_session.method_with_code(kind)
        return sign_in_session.begin_session(
            transaction, user, live, is_remembered=page.is_remembered, how=how
        )


def _has_let_in(live: UserSession, half: PendingSecondFactor) -> bool:
    """Return whether the code is the one by which this browser is signed in: the form was sent twice.

    It opens nothing a second time (RFC 6238, section 5.2); whoever is signed in by it is only led on.
    """
    if live.user_id != half.user_id or live.acr != Acr.MULTI_FACTOR:
        return False
    services, typed = current.services(), request.form.get("code", "")
    with services.database.transaction(write=False) as transaction:
        return second_factors.was_just_used(transaction, services.vault, half.user_id, typed)


def _record(half: PendingSecondFactor, charges: tuple[Charge, ...]) -> None:
    with current.services().database.transaction() as transaction:
        authenticator.record_wrong_code(transaction, sign_in_session.anonymous_actor(), half, charges)


def _signed_in_half(live: UserSession | None) -> PendingSecondFactor | None:
    return None if live is None else PendingSecondFactor(live.user_id, live.user_epoch)
