"""One user: account, permission, sessions, second factor, password and sign-in limit.

Administrators see whether a user has a second factor, but never its secret or codes.
"""

from collections.abc import Callable
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import application_access, audit, user_sessions
from authserver.domain.clients import user_access
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import second_factors, users
from authserver.domain.users.profiles import PHONE, VERIFIED
from authserver.domain.users.sign_in_limits import SignInLimits
from authserver.domain.users.users import User
from authserver.errors import Conflict, InvalidInput, NotFound
from authserver.web import current
from authserver.web.admin import audit_changes, responses
from authserver.web.admin.blueprint import admin
from authserver.web.admin.users import GENERATE, NewPassword
from authserver.web.session import access
from authserver.web.user_agents import describe_user_agent

_ROW = "/users/<int(max=9223372036854775807):user_id>"
_SESSION = f"{_ROW}/sessions/<int(max=9223372036854775807):session_id>"
_CHANGES = "<any(grant, withdraw, disable, enable, 'remove-second-factor', 'lift-limit'):change>"
_MAX_EVENTS = 8


@admin.get(_ROW)
def user_detail(user_id: int) -> ResponseReturnValue:
    """Show one user."""
    db = current.transaction()
    user = users.get(db, user_id)
    events, _ = audit.page_of_events(db, audit.EventFilter(user_id=user.id), limit=_MAX_EVENTS)
    return responses.render(
        "admin/user_detail.html",
        user=user,
        sessions=user_sessions.sessions_of_user(db, user),
        second_factor=second_factors.status_of(db, user.id),
        limit=_sign_in_limits().state(db, user),
        holder_of_address=users.find_holder_of_address(db, user),
        applications=application_access.clients_of_user(db, user.id),
        allows=user_access.allows,
        device=describe_user_agent,
        entries=audit_changes.entries_of(db, events),
    )


@admin.get(f"{_ROW}/edit")
@access.require_recent_sign_in
def edit_user_form(user_id: int) -> ResponseReturnValue:
    """Show the form with name, e-mail address and phone number."""
    user = users.get(current.transaction(), user_id)
    values = {
        "name": user.name,
        "email": user.email,
        "email_verified": user.email_verified,
        PHONE: user.profile.get(PHONE, ""),
        VERIFIED: user.profile.get(VERIFIED, False),
    }
    return _edit_form(user, values, responses.revision_fields(user))


@admin.post(f"{_ROW}/edit")
@access.require_recent_sign_in
def edit_user(user_id: int) -> ResponseReturnValue:
    """Save name, e-mail address and phone number, unless the user has changed since the form was shown."""
    user, form = users.get(current.transaction(), user_id), request.form
    values: dict[str, Any] = {name: form.get(name, "") for name in ("name", "email", PHONE)}
    values |= {name: name in form for name in ("email_verified", VERIFIED)}
    try:
        with responses.in_savepoint():
            _save(user, values)
    except InvalidInput as error:
        return _edit_form(user, values, responses.sent_revision_fields(), error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(user, error)
    return _done(user, "{name} was saved.")


@admin.get(f"{_ROW}/{_CHANGES}")
@access.require_recent_sign_in
def change_user_form(user_id: int, change: str) -> ResponseReturnValue:
    """Ask for confirmation of a change of permission, state, second factor or sign-in limit."""
    return _ask(users.get(current.transaction(), user_id), change)


@admin.post(f"{_ROW}/{_CHANGES}")
@access.require_recent_sign_in
def change_user(user_id: int, change: str) -> ResponseReturnValue:
    """Apply the change, unless it would leave the server without an administrator."""
    db, actor = current.transaction(), current.actor()
    user = users.get(db, user_id)
    changes: dict[str, tuple[Callable[[], object], str]] = {
        "grant": (
            lambda: users.grant(db, actor, user, may_configure_server=True),
            "can configure the server.",
        ),
        "withdraw": (
            lambda: users.grant(db, actor, user, may_configure_server=False),
            "can no longer configure the server.",
        ),
        "disable": (lambda: users.disable(db, actor, user), "is disabled and signed out everywhere."),
        "enable": (lambda: users.enable(db, actor, user), "can sign in again."),
        "remove-second-factor": (
            lambda: user_sessions.remove_second_factor(db, actor, user),
            "can now sign in with the password alone.",
        ),
        "lift-limit": (lambda: _sign_in_limits().lift(db, actor, user), "can try to sign in again."),
    }
    act, sentence = changes[change]
    try:
        with responses.in_savepoint():
            act()
    except Conflict as error:
        return _ask(user, change, str(error), 409)
    return _done(user, f"{{name}} {sentence}")


@admin.get(f"{_ROW}/password")
@access.require_recent_sign_in
def reset_password_form(user_id: int) -> ResponseReturnValue:
    """Show the form for a new password."""
    return _password_form(users.get(current.transaction(), user_id))


@admin.post(f"{_ROW}/password")
@access.require_recent_sign_in
def reset_password(user_id: int) -> ResponseReturnValue:
    """Set a password. The epoch in the form prevents a reload from setting another."""
    new_password = NewPassword.from_form(request.form)
    services = current.services()
    user = users.get(current.transaction(), user_id)
    try:
        password = new_password.resolve(user.username)
    except InvalidInput as error:
        return _password_form(user, error.fields, 422)
    # Hashing is slow, so no transaction is open while it runs.
    current.release()
    password_hash = services.passwords.hash(password)
    user = users.get(current.transaction(), user_id)
    if request.form.get("epoch") != str(user.epoch):
        message = (
            "This form was already submitted, or {name} has changed. Open the form again to set a password."
        )
        return _done(user, message)
    users.set_password(current.transaction(), current.actor(), user, password_hash)
    if new_password.choice == GENERATE:
        return responses.render("admin/password_created.html", user=user, password=password, is_new=False)
    return _done(user, "The password of {name} was set.")


@admin.post(f"{_SESSION}/end")
@access.require_recent_sign_in
def end_user_session(user_id: int, session_id: int) -> ResponseReturnValue:
    """End one session of the user."""
    user = users.get(current.transaction(), user_id)
    user_sessions.end(current.transaction(), current.actor(), _find_session(user, session_id))
    return _done(user, "The session was ended.")


@admin.post(f"{_ROW}/sessions/end")
@access.require_recent_sign_in
def end_user_sessions(user_id: int) -> ResponseReturnValue:
    """End all sessions of the user, except the administrator's own current session."""
    user = users.get(current.transaction(), user_id)
    own_session = current.current_session()
    ended = user_sessions.end_others(
        current.transaction(), current.actor(), user, keep=own_session.id if own_session else None
    )
    return _done(user, f"{ended} {'session was' if ended == 1 else 'sessions were'} ended.")


def _sign_in_limits() -> SignInLimits:
    services = current.services()
    return SignInLimits(services.settings, services.vault)


def _save(user: User, values: dict[str, Any]) -> None:
    db, actor = current.transaction(), current.actor()
    users.edit(
        db,
        actor,
        user,
        name=values["name"],
        email=values["email"],
        # An address that was removed is not verified, even if the check box is still selected.
        email_verified=values["email_verified"] and bool(values["email"].strip()),
        revision=responses.seen_revision(),
    )
    phone, verified = values[PHONE].strip(), values[VERIFIED]
    if (phone, verified and bool(phone)) != (user.profile.get(PHONE, ""), user.profile.get(VERIFIED, False)):
        users.edit_claims(db, actor, user, {PHONE: phone, VERIFIED: verified and bool(phone)})


def _find_session(user: User, session_id: int) -> UserSession:
    for row in user_sessions.sessions_of_user(current.transaction(), user):
        if row.id == session_id:
            return row
    raise NotFound("This session has ended.")


def _edit_form(
    user: User,
    values: dict[str, Any],
    revision_fields: object,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return responses.render(
        "admin/user_edit.html",
        status,
        user=user,
        values=values,
        revision_fields=revision_fields,
        errors=errors or {},
    )


def _ask(user: User, change: str, error: str = "", status: int = 200) -> ResponseReturnValue:
    own_session = current.current_session()
    is_self = own_session is not None and own_session.user_id == user.id
    return responses.render(
        "admin/user_change.html", status, user=user, change=change, error=error, is_self=is_self
    )


def _password_form(
    user: User, errors: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    choice = request.form.get("password_choice", GENERATE)
    return responses.render("admin/user_password.html", status, user=user, choice=choice, errors=errors or {})


def _done(user: User, message: str) -> ResponseReturnValue:
    return responses.redirect_with_message(
        url_for("admin.user_detail", user_id=user.id), message, name=user.username
    )
