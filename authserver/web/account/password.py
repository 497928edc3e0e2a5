"""Changing one's own password: the old one proves who asks, the other sessions end, this one goes on.

Hashing takes long, so that no transaction is open meanwhile: the view reads nothing through the door.
"""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import sessions, sign_in, users
from authserver.domain.sessions import How, UserSession
from authserver.domain.sign_in import Attempt, Proof, WrongCredentials
from authserver.errors import InvalidInput, Throttled
from authserver.web import arrivals, door, guards, pages
from authserver.web.account import account
from authserver.web.account.person import my_session
from authserver.web.arrivals import Arrival
from authserver.web.languages import say, to_say

_WRONG = to_say("This is not your present password.")
_SAME = to_say("This is the password that you have. Choose another.")


@account.get("/password")
@guards.require_recent_sign_in
def password() -> ResponseReturnValue:
    """Show the form."""
    return _show({})


@account.post("/password")
@guards.require_recent_sign_in
def change_password() -> ResponseReturnValue:
    """Check the old password, store the new one, and sign out everywhere else."""
    live = my_session()
    try:
        arrival = _change(live, request.form.get("old_password", ""), request.form.get("new_password", ""))
    except InvalidInput as error:
        return _show(error.fields), 422
    except WrongCredentials:
        return _show({"old_password": say(_WRONG)}), 422
    except Throttled as error:
        wait = pages.too_many_attempts(error.retry_after)
        return _show({"": wait}), 429, {"Retry-After": str(error.retry_after)}
    arrivals.void_forms()
    flash(say("Your password is changed, and every other session is signed out."), "success")
    response = make_response(redirect(url_for("account.profile"), 303))
    arrivals.attach(response, arrival)
    return response


def _change(live: UserSession, old: str, new: str) -> Arrival:
    services = door.services()
    services.passwords.check_new(new, username=live.user.username, field="new_password")
    again = request.form.get("new_password_again")
    if again is not None and again != new:
        raise InvalidInput({"new_password_again": say("The two passwords differ.")})
    proof = services.oauth2.desk.check(
        arrivals.person(live.user), Attempt(live.user.username, old, arrivals.carried())
    )
    if old == new:
        raise InvalidInput({"new_password": say(_SAME)})
    return _store(live, proof, services.passwords.hash(new))


def _store(live: UserSession, proof: Proof, password_hash: str) -> Arrival:
    with door.services().database.transaction() as transaction:
        user = sign_in.confirm_password(transaction, proof)
        actor = arrivals.person(user)
        # Ended by name and not only by the new epoch, so that applications are told of it.
        sessions.end_others(transaction, actor, user, keep=live.id)
        users.set_password(transaction, actor, user, password_hash, keep=live.id)
        return arrivals.begin(
            transaction, user, live, is_remembered=live.is_remembered, how=How(live.acr, live.amr)
        )


def _show(errors: dict[str, str]) -> str:
    settings = door.services().settings
    return render_template(
        "account/password.html",
        errors=errors,
        min_length=settings.password_min_length,
        username=my_session().user.username,
    )
