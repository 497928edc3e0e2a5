"""The dialog that renames a user."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import responses
from authserver.web.admin.blueprint import admin
from authserver.web.session import access

_PAGE = "/users/<int(max=9223372036854775807):user_id>/rename"


@admin.get(_PAGE)
@access.require_recent_sign_in
def rename_user_form(user_id: int) -> ResponseReturnValue:
    """Show the form with the user name."""
    user = users.get(current.transaction(), user_id)
    return _form(user, user.username, responses.revision_fields(user))


@admin.post(_PAGE)
@access.require_recent_sign_in
def rename_user(user_id: int) -> ResponseReturnValue:
    """Change the user name, unless the user has changed since the form was shown."""
    user = users.get(current.transaction(), user_id)
    username = request.form.get("username", "")
    try:
        with responses.in_savepoint():
            users.rename(
                current.transaction(), current.actor(), user, username, revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _form(user, username, responses.sent_revision_fields(), error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(user, error)
    return responses.redirect_with_message(
        url_for("admin.user_detail", user_id=user.id), "The user is now called {name}.", name=user.username
    )


def _form(
    user: User,
    username: str,
    revision_fields: object,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return responses.render(
        "admin/user_rename.html",
        status,
        user=user,
        username=username,
        revision_fields=revision_fields,
        errors=errors or {},
    )
