"""Sets up an authenticator app. The form proposes a seed, which is the secret that the app and the server share.

The server stores the seed after the user enters a valid code.
"""

from collections.abc import Sequence

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import throttles
from authserver.domain.throttles import Charge
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import authenticator_apps, second_factors, users
from authserver.domain.users.authenticator_apps import TotpSeed
from authserver.errors import Conflict, Forbidden, InvalidInput, Throttled
from authserver.messages import message
from authserver.web import current
from authserver.web.account import seed_proposals
from authserver.web.account.authenticator import next_url, show_codes
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_session
from authserver.web.rendering import template_globals
from authserver.web.rendering.languages import translate
from authserver.web.session import access, sign_in_session

_EXPIRED = message("This page has expired or belongs to another session. Scan the new QR code.")
_ALREADY_SET_UP = message(
    "Your authenticator app is already set up. Its recovery codes are not shown again, but you can get new ones here."
)


@account.get("/authenticator/set-up")
@access.require_recent_sign_in
def set_up_authenticator() -> ResponseReturnValue:
    """Show a new seed as a QR code and as text."""
    if second_factors.is_enrolled(current.transaction(), own_session().user_id):
        return redirect(url_for("account.authenticator", next=next_url()), 303)
    return _propose(authenticator_apps.new_seed())


@account.post("/authenticator/set-up")
@access.require_recent_sign_in
def add_authenticator() -> ResponseReturnValue:
    """Store the seed, show the recovery codes, and step up this session to multi-factor."""
    user_session = own_session()
    seed = seed_proposals.unseal_seed(user_session, request.form.get("proposal", ""))
    if seed is None:
        return _propose(authenticator_apps.new_seed(), {"": _EXPIRED}), 422
    try:
        charges = _charge(user_session)
        return _enroll(user_session, seed, charges)
    except InvalidInput as error:
        return _propose(seed, error.fields), 422
    except Conflict:
        flash(translate(_ALREADY_SET_UP), "info")
        return redirect(url_for("account.authenticator", next=next_url()), 303)
    except Throttled as error:
        wait = {"": template_globals.too_many_attempts(error.retry_after)}
        return _propose(seed, wait), 429, {"Retry-After": str(error.retry_after)}


def _charge(user_session: UserSession) -> Sequence[Charge]:
    """Charge an attempt in a separate transaction; raises Throttled, which rolls the transaction back."""
    services = current.services()
    settings = services.settings
    budget = throttles.bucket(
        services.vault,
        "authenticator set-up",
        str(user_session.user_id),
        limit=settings.sign_in_attempts,
        window=settings.sign_in_window,
    )
    current.release()
    with services.database.transaction() as db:
        return throttles.charge(db, [budget])


def _enroll(user_session: UserSession, seed: TotpSeed, charges: Sequence[Charge]) -> ResponseReturnValue:
    services, actor, code = current.services(), current.actor(), request.form.get("code", "")
    with throttles.refunding(services.database, charges), services.database.transaction() as db:
        user = users.get(db, user_session.user_id)
        codes = second_factors.enroll(db, services.vault, actor, user, seed, code)
        throttles.refund(db, charges)
        signed_in = sign_in_session.step_up(db, user, user_session, second_factors.OTP)
        if signed_in is None:
            # The session ended during this request. The exception rolls back the enrollment.
            raise Forbidden(message("You were signed out. Sign in again, and repeat the setup."))
    response = make_response(show_codes(codes, is_new_app=True))
    sign_in_session.set_cookies(response, signed_in)
    return response


def _propose(seed: TotpSeed, errors: dict[str, str] | None = None) -> str:
    user_session = own_session()
    return render_template(
        "account/authenticator_setup.html",
        proposal=seed_proposals.seal_seed(user_session, seed),
        picture=seed_proposals.qr_code_url(user_session, seed),
        otpauth_url=seed_proposals.otpauth_url(user_session, seed),
        groups=seed_proposals.grouped_seed(seed),
        username=user_session.user.username,
        next=next_url(),
        errors=errors or {},
    )
