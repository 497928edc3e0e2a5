"""One user: what is known of them, their permission, sessions and second factor, and whether they may sign in at all.

Of the second factor an administrator learns whether there is one; nobody but its owner ever sees seeds or codes.
"""

from collections.abc import Callable

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import accesses, audit, second_factors, sessions, users
from authserver.domain.sessions import UserSession
from authserver.domain.users import User
from authserver.errors import Conflict, InvalidInput, NotFound
from authserver.web import door, guards
from authserver.web.admin import answers
from authserver.web.admin.blueprint import admin
from authserver.web.admin.changes import Entry
from authserver.web.admin.users import GENERATE, PasswordWish

_ROW = "/users/<int(max=9223372036854775807):user_id>"
_SESSION = f"{_ROW}/sessions/<int(max=9223372036854775807):session_id>"
_CHANGES = "<any(grant, withdraw, disable, enable, 'remove-second-factor'):change>"
_EVENTS_SHOWN = 8


@admin.get(_ROW)
def user_detail(user_id: int) -> ResponseReturnValue:
    """Show one account."""
    session = door.session()
    user = users.get(session, user_id)
    events, _ = audit.page(session, audit.Filter(user_id=user.id), limit=_EVENTS_SHOWN)
    return answers.show(
        "admin/user_detail.html",
        user=user,
        live=sessions.of_user(session, user),
        second_factor=second_factors.of(session, user.id),
        applications=accesses.clients_of_user(session, user.id),
        entries=[Entry(event) for event in events],
    )


@admin.get(f"{_ROW}/edit")
@guards.require_recent_sign_in
def edit_user_form(user_id: int) -> ResponseReturnValue:
    """Show name and e-mail address for editing."""
    user = users.get(door.session(), user_id)
    return _edit_form(user, {"name": user.name, "email": user.email}, answers.seen(user))


@admin.post(f"{_ROW}/edit")
@guards.require_recent_sign_in
def edit_user(user_id: int) -> ResponseReturnValue:
    """Save name and e-mail address, unless somebody else changed the account since it was shown."""
    user = users.get(door.session(), user_id)
    values: dict[str, str] = {name: request.form.get(name, "") for name in ("name", "email")}
    try:
        with answers.attempt():
            users.edit(door.session(), door.actor(), user, **values, revision=answers.seen_revision())
    except InvalidInput as error:
        return _edit_form(user, values, answers.sent_marks(), error.fields, 422)
    except Conflict as error:
        return answers.conflict(user, error)
    return _done(user, "{name} was saved.")


@admin.get(f"{_ROW}/{_CHANGES}")
@guards.require_recent_sign_in
def change_user_form(user_id: int, change: str) -> ResponseReturnValue:
    """Ask before a permission is given or taken, an account is shut or opened, or a second factor is removed."""
    return _ask(users.get(door.session(), user_id), change)


@admin.post(f"{_ROW}/{_CHANGES}")
@guards.require_recent_sign_in
def change_user(user_id: int, change: str) -> ResponseReturnValue:
    """Carry the change out; the last administrator stays."""
    session, actor = door.session(), door.actor()
    user = users.get(session, user_id)
    changes: dict[str, tuple[Callable[[], object], str]] = {
        "grant": (
            lambda: users.grant(session, actor, user, may_configure_server=True),
            "may configure the server.",
        ),
        "withdraw": (
            lambda: users.grant(session, actor, user, may_configure_server=False),
            "may not configure the server any more.",
        ),
        "disable": (lambda: users.disable(session, actor, user), "is disabled and signed out everywhere."),
        "enable": (lambda: users.enable(session, actor, user), "can sign in again."),
        "remove-second-factor": (
            lambda: second_factors.remove(session, actor, user),
            "signs in with the password alone.",
        ),
    }
    act, sentence = changes[change]
    try:
        with answers.attempt():
            act()
    except Conflict as error:
        return _ask(user, change, str(error), 409)
    return _done(user, f"{{name}} {sentence}")


@admin.get(f"{_ROW}/password")
@guards.require_recent_sign_in
def reset_password_form(user_id: int) -> ResponseReturnValue:
    """Ask for the new password."""
    return _password_form(users.get(door.session(), user_id))


@admin.post(f"{_ROW}/password")
@guards.require_recent_sign_in
def reset_password(user_id: int) -> ResponseReturnValue:
    """Set a password; the epoch that the form carries keeps a reload from setting another."""
    wish = PasswordWish.sent(request.form)
    services = door.services()
    with services.database.transaction(write=False) as transaction:
        user = users.get(transaction, user_id)
    try:
        password = wish.settle(user.username)
    except InvalidInput as error:
        return _password_form(user, error.fields, 422)
    # Hashing takes long, so that it is done before the transaction is opened.
    password_hash = services.passwords.hash(password)
    user = users.get(door.session(), user_id)
    if request.form.get("epoch") != str(user.epoch):
        return _done(
            user, "This form was sent before. The password that was shown then is the one that counts."
        )
    users.set_password(door.session(), door.actor(), user, password_hash)
    if wish.choice == GENERATE:
        return answers.show("admin/password_created.html", user=user, password=password, is_new=False)
    return _done(user, "The password of {name} was set.")


@admin.post(f"{_SESSION}/end")
@guards.require_recent_sign_in
def end_user_session(user_id: int, session_id: int) -> ResponseReturnValue:
    """Sign a person out of one browser."""
    user = users.get(door.session(), user_id)
    sessions.end(door.session(), door.actor(), _find_session(user, session_id))
    return _done(user, "The session was ended.")


@admin.post(f"{_ROW}/sessions/end")
@guards.require_recent_sign_in
def end_user_sessions(user_id: int) -> ResponseReturnValue:
    """Sign a person out everywhere; the administrator's own present session stays."""
    user = users.get(door.session(), user_id)
    present = door.signed_in()
    ended = sessions.end_others(door.session(), door.actor(), user, keep=present.id if present else None)
    return _done(user, f"{ended} {'session was' if ended == 1 else 'sessions were'} ended.")


def _find_session(user: User, session_id: int) -> UserSession:
    for row in sessions.of_user(door.session(), user):
        if row.id == session_id:
            return row
    raise NotFound("This session is over.")


def _edit_form(
    user: User,
    values: dict[str, str],
    marks: object,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return answers.show(
        "admin/user_edit.html", status, user=user, values=values, marks=marks, errors=errors or {}
    )


def _ask(user: User, change: str, error: str = "", status: int = 200) -> ResponseReturnValue:
    present = door.signed_in()
    is_self = present is not None and present.user_id == user.id
    return answers.show(
        "admin/user_change.html", status, user=user, change=change, error=error, is_self=is_self
    )


def _password_form(
    user: User, errors: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    choice = request.form.get("password_choice", GENERATE)
    return answers.show("admin/user_password.html", status, user=user, choice=choice, errors=errors or {})


def _done(user: User, message: str) -> ResponseReturnValue:
    return answers.go(url_for("admin.user_detail", user_id=user.id), message, name=user.username)
