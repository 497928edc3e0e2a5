"""The dialog that erases a user's account."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import account_erasure, application_access, user_sessions
from authserver.domain.clients import client_search
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import responses
from authserver.web.admin.blueprint import admin
from authserver.web.session import access

_PAGE = "/users/<int(max=9223372036854775807):user_id>/erase"


@admin.get(_PAGE)
@access.require_recent_sign_in
def erase_user_form(user_id: int) -> ResponseReturnValue:
    """Name the consequences, and ask for the user name."""
    return _ask(users.get(current.transaction(), user_id))


@admin.post(_PAGE)
@access.require_recent_sign_in
def erase_user(user_id: int) -> ResponseReturnValue:
    """Erase the account, unless the user has changed since the form was shown."""
    user = users.get(current.transaction(), user_id)
    name = user.username
    try:
        with responses.in_savepoint():
            account_erasure.erase(
                current.transaction(),
                current.actor(),
                user,
                revision=responses.seen_revision(),
                typed_name=request.form.get("typed_name", ""),
            )
    except InvalidInput as error:
        return _ask(user, error.fields, 422)
    except Conflict as error:
        return _ask(user, {"": str(error)}, 409)
    return responses.redirect_with_message(
        url_for("admin.user_detail", user_id=user.id), "The account {name} was erased.", name=name
    )


def _ask(user: User, errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    db, own_session = current.transaction(), current.current_session()
    return responses.render(
        "admin/user_erase.html",
        status,
        user=user,
        is_self=own_session is not None and own_session.user_id == user.id,
        session_count=len(user_sessions.sessions_of_user(db, user)),
        application_count=len(application_access.clients_of_user(db, user.id)),
        owned_count=len(client_search.clients_of_owner(db, user.id)),
        revision_fields=responses.revision_fields(user),
        errors=errors or {},
    )
