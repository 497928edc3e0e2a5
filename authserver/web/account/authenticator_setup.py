"""Setting up an authenticator app: a seed is proposed, and stored once a code proves that the app has it."""

from collections.abc import Sequence

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import throttles
from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.throttles import Charge
from authserver.domain.users import authenticator_apps, second_factors
from authserver.domain.users.authenticator_apps import TotpSeed
from authserver.errors import Conflict, Forbidden, InvalidInput, Throttled
from authserver.web import current
from authserver.web.account import seed_proposals
from authserver.web.account.authenticator import next_url, show_codes
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_session, own_user
from authserver.web.rendering import template_globals
from authserver.web.rendering.languages import gettext, gettext_noop
from authserver.web.session import access, sign_in_session

_OLD = gettext_noop(
    "This page was open for too long, or was made for another sign-in. Here is a new secret: scan it once more."
)
_EXISTS = gettext_noop(
    "Your authenticator app is set up. Recovery codes are shown once; you can replace them here."
)


@account.get("/authenticator/set-up")
@access.require_recent_sign_in
def set_up_authenticator() -> ResponseReturnValue:
    """Propose a seed, as a picture and in letters."""
    if second_factors.is_enrolled(current.transaction(), own_session().user_id):
        return redirect(url_for("account.authenticator", next=next_url()), 303)
    return _propose(authenticator_apps.new_seed())


@account.post("/authenticator/set-up")
@access.require_recent_sign_in
def add_authenticator() -> ResponseReturnValue:
    """Store the seed that the code proves, show the recovery codes, and let this session count as multi-factor."""
    live = own_session()
    seed = seed_proposals.unseal_seed(live, request.form.get("proposal", ""))
    if seed is None:
        return _propose(authenticator_apps.new_seed(), {"": gettext(_OLD)}), 422
    try:
        charges = _charge(live)
        return _enrol(live, seed, charges)
    except InvalidInput as error:
        return _propose(seed, error.fields), 422
    except Conflict:
        flash(gettext(_EXISTS), "info")
        return redirect(url_for("account.authenticator", next=next_url()), 303)
    except Throttled as error:
        wait = {"": template_globals.too_many_attempts(error.retry_after)}
        return _propose(seed, wait), 429, {"Retry-After": str(error.retry_after)}


def _charge(live: UserSession) -> Sequence[Charge]:
    """Count an attempt in a transaction of its own, which Throttled rolls back."""
    services = current.services()
    settings = services.settings
    budget = throttles.bucket(
        services.vault,
        "authenticator set-up",
        str(live.user_id),
        limit=settings.sign_in_attempts,
        window=settings.sign_in_window,
    )
    current.release()
    with services.database.transaction() as db:
        return throttles.charge(db, [budget])


def _enrol(live: UserSession, seed: TotpSeed, charges: Sequence[Charge]) -> ResponseReturnValue:
    db, user, typed = current.transaction(), own_user(), request.form.get("code", "")
    codes = second_factors.enrol(db, current.services().vault, current.actor(), user, seed, typed)
    throttles.refund(db, charges)
    arrival = sign_in_session.step_up(db, user, live, second_factors.OTP)
    if arrival is None:
        # It ended meanwhile; what it asked for is undone with this transaction.
        raise Forbidden(gettext("You have been signed out."))
    response = make_response(show_codes(codes, is_new_app=True))
    sign_in_session.attach_cookies(response, arrival)
    return response


def _propose(seed: TotpSeed, errors: dict[str, str] | None = None) -> str:
    live = own_session()
    return render_template(
        "account/authenticator_setup.html",
        proposal=seed_proposals.seal_seed(live, seed),
        picture=seed_proposals.qr_code_url(live, seed),
        address=seed_proposals.otpauth_url(live, seed),
        groups=seed_proposals.grouped_seed(seed),
        username=live.user.username,
        next=next_url(),
        errors=errors or {},
    )
