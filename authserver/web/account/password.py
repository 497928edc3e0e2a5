"""The password page. A password change requires the current password, ends all other sessions and renews this one.

Hashing is slow, so the view commits the request's transaction first.
"""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain import user_sessions
from authserver.domain.user_sessions import AuthenticationMethod, UserSession
from authserver.domain.users import authentication, users
from authserver.domain.users.authentication import SignInAttempt, VerifiedPassword, WrongCredentials
from authserver.errors import InvalidInput, Throttled
from authserver.messages import message
from authserver.web import current
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_session
from authserver.web.rendering import template_globals
from authserver.web.session import access, sign_in_session
from authserver.web.session.sign_in_session import SignedInBrowser

_WRONG = message("The current password is wrong.")
_SAME = message("This is your current password. Choose a different one.")


@account.get("/password")
@access.require_recent_sign_in
def password() -> ResponseReturnValue:
    """Show the form."""
    return _show({})


@account.post("/password")
@access.require_recent_sign_in
def change_password() -> ResponseReturnValue:
    """Check the current password, store the new one, and end all other sessions."""
    user_session = own_session()
    current.release()
    try:
        signed_in = _change(
            user_session, request.form.get("old_password", ""), request.form.get("new_password", "")
        )
    except InvalidInput as error:
        return _show(error.fields), 422
    except WrongCredentials:
        return _show({"old_password": _WRONG}), 422
    except Throttled as error:
        wait = template_globals.too_many_attempts(error.retry_after)
        return _show({"": wait}), 429, {"Retry-After": str(error.retry_after)}
    sign_in_session.invalidate_forms()
    flash(gettext("Your password was changed, and all other sessions were signed out."), "success")
    response = make_response(redirect(url_for("account.profile"), 303))
    sign_in_session.set_cookies(response, signed_in)
    return response


def _change(user_session: UserSession, old: str, new: str) -> SignedInBrowser:
    services = current.services()
    services.passwords.check_new(new, username=user_session.user.username, field="new_password")
    again = request.form.get("new_password_again")
    if again is not None and again != new:
        raise InvalidInput(
            {"new_password_again": message("The two passwords differ. Enter the same password twice.")}
        )
    verified = services.password_authenticator.check(
        sign_in_session.user_actor(user_session.user),
        SignInAttempt(user_session.user.username, old, sign_in_session.known_browser_cookie()),
    )
    if old == new:
        raise InvalidInput({"new_password": _SAME})
    return _store(user_session, verified, services.passwords.hash(new))


def _store(user_session: UserSession, verified: VerifiedPassword, password_hash: str) -> SignedInBrowser:
    with current.services().database.transaction() as db:
        user = authentication.confirm_password(db, verified)
        actor = sign_in_session.user_actor(user)
        # The new epoch ends these sessions too, but only ``end_others`` notifies their clients.
        user_sessions.end_others(db, actor, user, keep=user_session.id)
        users.set_password(db, actor, user, password_hash, keep=user_session.id)
        return sign_in_session.begin_session(
            db,
            user,
            user_session,
            is_remembered=user_session.is_remembered,
            method=AuthenticationMethod(user_session.acr, user_session.amr),
        )


def _show(errors: dict[str, str]) -> str:
    settings = current.services().settings
    return render_template(
        "account/password.html",
        errors=errors,
        min_length=settings.password_min_length,
        username=own_session().user.username,
    )
