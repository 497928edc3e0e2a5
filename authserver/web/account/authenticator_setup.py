"""Setting up an authenticator app: a seed is proposed, and stored once a code proves that the app has it."""

from collections.abc import Sequence

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import authenticator_apps, second_factors, throttles
from authserver.domain.authenticator_apps import Seed
from authserver.domain.sessions import UserSession
from authserver.domain.throttles import Charge
from authserver.errors import Conflict, InvalidInput, Refused, Throttled
from authserver.web import arrivals, door, guards, pages
from authserver.web.account import account, seed_proposals
from authserver.web.account.authenticator import next_url, show_codes
from authserver.web.account.person import me, my_session
from authserver.web.languages import say, to_say

_OLD = to_say(
    "This page was open for too long, or was made for another sign-in. Here is a new secret: scan it once more."
)
_EXISTS = to_say(
    "Your authenticator app is set up. Recovery codes are shown once; you can replace them here."
)


@account.get("/authenticator/set-up")
@guards.require_recent_sign_in
def set_up_authenticator() -> ResponseReturnValue:
    """Propose a seed, as a picture and in letters."""
    if second_factors.is_enrolled(door.session(), my_session().user_id):
        return redirect(url_for("account.authenticator", next=next_url()), 303)
    return _propose(authenticator_apps.new_seed())


@account.post("/authenticator/set-up")
@guards.require_recent_sign_in
def add_authenticator() -> ResponseReturnValue:
    """Store the seed that the code proves, show the recovery codes, and let this session count as multi-factor."""
    live = my_session()
    seed = seed_proposals.read(live, request.form.get("proposal", ""))
    if seed is None:
        return _propose(authenticator_apps.new_seed(), {"": say(_OLD)}), 422
    try:
        charges = _charge(live)
        return _enrol(live, seed, charges)
    except InvalidInput as error:
        return _propose(seed, error.fields), 422
    except Conflict:
        flash(say(_EXISTS), "info")
        return redirect(url_for("account.authenticator", next=next_url()), 303)
    except Throttled as error:
        wait = {"": pages.too_many_attempts(error.retry_after)}
        return _propose(seed, wait), 429, {"Retry-After": str(error.retry_after)}


def _charge(live: UserSession) -> Sequence[Charge]:
    """Count a try of the code, in a transaction of its own."""
    services = door.services()
    settings = services.settings
    budget = throttles.bucket(
        services.vault,
        "authenticator set-up",
        str(live.user_id),
        limit=settings.sign_in_attempts,
        window=settings.sign_in_window,
    )
    with services.database.transaction() as transaction:
        return throttles.charge(transaction, [budget])


def _enrol(live: UserSession, seed: Seed, charges: Sequence[Charge]) -> ResponseReturnValue:
    session, user, typed = door.session(), me(), request.form.get("code", "")
    codes = second_factors.enrol(session, door.services().vault, door.actor(), user, seed, typed)
    throttles.refund(session, charges)
    arrival = arrivals.step_up(session, user, live, second_factors.OTP)
    if arrival is None:
        # It ended meanwhile; what it asked for is undone with this transaction.
        raise Refused(say("You have been signed out."))
    response = make_response(show_codes(codes, is_new_app=True))
    arrivals.attach(response, arrival)
    return response


def _propose(seed: Seed, errors: dict[str, str] | None = None) -> str:
    live = my_session()
    return render_template(
        "account/authenticator_setup.html",
        proposal=seed_proposals.seal(live, seed),
        picture=seed_proposals.picture(live, seed),
        address=seed_proposals.address(live, seed),
        groups=seed_proposals.in_groups(seed),
        username=live.user.username,
        next=next_url(),
        errors=errors or {},
    )
