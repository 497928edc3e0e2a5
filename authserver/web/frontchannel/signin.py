"""Signing in: for the first time, again where an old sign-in is not enough, or as somebody else.

The password is checked outside any transaction of this request, because hashing takes long; see ``domain.sign_in``.
What follows for those with a second factor is in ``second_factor``.
"""

from dataclasses import replace

from flask import make_response, redirect, request
from flask.typing import ResponseReturnValue

from authserver.domain import second_factors
from authserver.domain import sign_in as desk
from authserver.domain.sessions import UserSession
from authserver.domain.sign_in import Attempt, Half, Proof, WrongCredentials
from authserver.errors import Throttled
from authserver.terms import Path
from authserver.web import arrivals, door, guards, kept_forms
from authserver.web.arrivals import Arrival
from authserver.web.frontchannel import frontchannel, half_proofs
from authserver.web.frontchannel.entrance import home_of
from authserver.web.frontchannel.sign_in_asks import page_of, too_many
from authserver.web.languages import to_say
from authserver.web.sign_in_page import SignInPage

_OLD_FORM = to_say("This page was open for too long. Type your password again.")


@frontchannel.get(Path.SIGN_IN)
def sign_in() -> ResponseReturnValue:
    """Show the form, unless nothing is left to do."""
    live, page = guards.person(), page_of(request.args)
    if live is not None and page.mode == "first":
        # Somebody who is signed in already followed an old link.
        return lead_on(page, live)
    return page.render()


@frontchannel.post(Path.SIGN_IN)
def post_sign_in() -> ResponseReturnValue:
    """Check the password, and start or renew the session or ask for the second factor."""
    live, page = guards.person(), page_of(request.form)
    attempt = Attempt(page.username, request.form.get("password", ""), arrivals.carried())
    try:
        found = _admit(door.services().oauth2.desk.check(arrivals.anonymous(), attempt), live, page)
    except WrongCredentials as error:
        return replace(page, errors={"password": str(error)}).render(), 422
    except Throttled as error:
        return too_many(page, error)
    if isinstance(found, Half):
        return replace(page, half="code", proof=half_proofs.seal(found)).render()
    return go_on(page, found)


def _admit(proof: Proof, live: UserSession | None, page: SignInPage) -> Arrival | Half:
    with door.services().database.transaction() as transaction:
        if second_factors.is_enrolled(transaction, proof.user_id):
            user = desk.confirm_password(transaction, proof)
            return Half(user.id, user.epoch)
        user = desk.confirm(transaction, proof)
        return arrivals.begin(transaction, user, live, is_remembered=page.is_remembered)


def go_on(page: SignInPage, arrival: Arrival) -> ResponseReturnValue:
    """Give the browser its session, and lead it to what it signed in for."""
    _settle_forms(arrival)
    response = make_response(lead_on(page, arrival.session))
    arrivals.attach(response, arrival)
    return response


def lead_on(page: SignInPage, live: UserSession) -> ResponseReturnValue:
    """Lead somebody who is signed in to what the page was for."""
    kept = kept_forms.find(live.user_id, page.resume) if page.resume else None
    return redirect(page.next or home_of(live), 303) if kept is None else kept_forms.offer(kept)


def start_over(page: SignInPage) -> ResponseReturnValue:
    """Show the form for the password once more, for a page that was open too long."""
    return replace(page, half="password", proof="", errors={"": _OLD_FORM}).render(), 400


def _settle_forms(arrival: Arrival) -> None:
    if arrival.is_again:
        # Whoever opened the forms in other tabs is the person who has just signed in again: they go on working.
        door.forget_loaded_user()
    else:
        arrivals.void_forms()
