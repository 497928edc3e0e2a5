"""The groups and the attributes of one user, which claims and the access to clients depend on."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.groups import group_changes, groups
from authserver.domain.users import attributes, users
from authserver.domain.users.users import User
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import responses
from authserver.web.admin.blueprint import admin
from authserver.web.session import access

_ROW = "/users/<int(max=9223372036854775807):user_id>"


@admin.get(f"{_ROW}/groups")
@access.require_recent_sign_in
def user_groups_form(user_id: int) -> ResponseReturnValue:
    """Show all groups, with those of the user selected."""
    db = current.transaction()
    user = users.get(db, user_id)
    return responses.render(
        "admin/user_groups.html",
        user=user,
        rows=[group for group, _ in groups.all_groups(db)],
        revision_fields=responses.revision_fields(user),
    )


@admin.post(f"{_ROW}/groups")
@access.require_recent_sign_in
def save_user_groups(user_id: int) -> ResponseReturnValue:
    """Make the user a member of the selected groups, unless the user has changed since the form was shown."""
    db = current.transaction()
    user = users.get(db, user_id)
    chosen = [int(text) for text in request.form.getlist("group") if text.isascii() and text.isdecimal()]
    try:
        with responses.in_savepoint():
            group_changes.set_groups(db, current.actor(), user, chosen, revision=responses.seen_revision())
    except Conflict as error:
        return responses.render_conflict(user, error)
    return _done(user, "The groups of {name} were saved.")


@admin.get(f"{_ROW}/attributes")
@access.require_recent_sign_in
def user_attributes_form(user_id: int) -> ResponseReturnValue:
    """Show the attributes, one per line."""
    user = users.get(current.transaction(), user_id)
    lines = "\n".join(attributes.format_attributes(user.attributes))
    return _attributes_form(user, lines, responses.revision_fields(user))


@admin.post(f"{_ROW}/attributes")
@access.require_recent_sign_in
def save_user_attributes(user_id: int) -> ResponseReturnValue:
    """Replace the attributes, unless the user has changed since the form was shown."""
    user = users.get(current.transaction(), user_id)
    typed = request.form.get("attributes", "")
    try:
        wanted = attributes.parse_attributes(line for line in typed.splitlines() if line.strip())
        with responses.in_savepoint():
            users.edit_attributes(
                current.transaction(), current.actor(), user, wanted, revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _attributes_form(user, typed, responses.sent_revision_fields(), error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(user, error)
    return _done(user, "The attributes of {name} were saved.")


def _attributes_form(
    user: User,
    typed: str,
    revision_fields: object,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return responses.render(
        "admin/user_attributes.html",
        status,
        user=user,
        typed=typed,
        revision_fields=revision_fields,
        errors=errors or {},
    )


def _done(user: User, message: str) -> ResponseReturnValue:
    return responses.redirect_with_message(
        url_for("admin.user_detail", user_id=user.id), message, name=user.username
    )
