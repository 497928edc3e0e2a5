"""The second half of a sign-in: the code of an authenticator app, or a recovery code, in one field.

Reached with a password that was right a moment ago, or by somebody who is signed in and of whom an application wants
more than the password (step-up).
"""

from dataclasses import replace

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import second_factors
from authserver.domain import sign_in as desk
from authserver.domain.sessions import UserSession
from authserver.domain.sign_in import Half, WrongCode, WrongCredentials
from authserver.domain.throttles import Charge
from authserver.errors import Throttled
from authserver.terms import Acr, Path
from authserver.web import arrivals, door, guards
from authserver.web.arrivals import Arrival
from authserver.web.frontchannel import frontchannel, half_proofs
from authserver.web.frontchannel.sign_in_asks import page_of, too_many
from authserver.web.frontchannel.signin import go_on, lead_on, start_over
from authserver.web.sign_in_page import SignInPage


@frontchannel.get(Path.SECOND_FACTOR)
def second_factor() -> ResponseReturnValue:
    """Ask somebody who is signed in by a password for the code too."""
    live, page = guards.person(), page_of(request.args, "code")
    if live is None:
        return redirect(url_for("frontchannel.sign_in", ask=page.ask or None, next=page.next or None), 303)
    return page.render() if guards.lacks_second_factor(live) else lead_on(page, live)


@frontchannel.post(Path.SECOND_FACTOR)
def post_second_factor() -> ResponseReturnValue:
    """Check the code, start, renew or raise the session, and go on."""
    live, page = guards.person(), page_of(request.form, "code")
    half = half_proofs.read(page.proof) if page.proof else _signed_in_half(live)
    if half is None:
        return start_over(page)
    try:
        charges = door.services().oauth2.desk.charge_code(half, arrivals.carried())
        arrival = _admit(half, charges, live, page)
    except WrongCode as error:
        if live is not None and _has_let_in(live, half):
            return lead_on(page, live)
        _record(half, charges)
        return replace(page, errors={"code": str(error)}).render(), 422
    except WrongCredentials:
        return start_over(page)
    except Throttled as error:
        return too_many(page, error)
    return start_over(page) if arrival is None else go_on(page, arrival)


def _admit(
    half: Half, charges: tuple[Charge, ...], live: UserSession | None, page: SignInPage
) -> Arrival | None:
    services, typed = door.services(), request.form.get("code", "")
    with services.database.transaction() as transaction:
        user, kind = desk.confirm_second(transaction, services.vault, half, typed, charges)
        if not page.proof and live is not None:
            return arrivals.step_up(transaction, user, live, kind)
        how = arrivals.with_code(kind)
        return arrivals.begin(transaction, user, live, is_remembered=page.is_remembered, how=how)


def _has_let_in(live: UserSession, half: Half) -> bool:
    """Return whether the code is the one by which this browser is signed in: the form was sent twice.

    It opens nothing a second time (RFC 6238, section 5.2); whoever is signed in by it is only led on.
    """
    if live.user_id != half.user_id or live.acr != Acr.MULTI_FACTOR:
        return False
    services, typed = door.services(), request.form.get("code", "")
    with services.database.transaction(write=False) as transaction:
        return second_factors.was_just_taken(transaction, services.vault, half.user_id, typed)


def _record(half: Half, charges: tuple[Charge, ...]) -> None:
    with door.services().database.transaction() as transaction:
        desk.refuse_code(transaction, arrivals.anonymous(), half, charges)


def _signed_in_half(live: UserSession | None) -> Half | None:
    return None if live is None else Half(live.user_id, live.user_epoch)
