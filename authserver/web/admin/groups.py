"""Users > Groups: the list of groups, a group with its members, and the forms that change a group."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.groups import group_changes, groups
from authserver.domain.groups.groups import Group
from authserver.domain.users import users
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import pagination, responses
from authserver.web.admin.blueprint import admin
from authserver.web.session import access

_ROW = "/users/groups/<int(max=9223372036854775807):group_id>"


@admin.get("/users/groups")
def group_table() -> ResponseReturnValue:
    """Show all groups with the number of their members."""
    return responses.render("admin/groups.html", rows=groups.all_groups(current.transaction()))


@admin.get("/users/groups/new")
@access.require_recent_sign_in
def new_group() -> ResponseReturnValue:
    """Show the empty form."""
    return _form(None)


@admin.post("/users/groups/new")
@access.require_recent_sign_in
def add_group() -> ResponseReturnValue:
    """Create a group."""
    try:
        group = group_changes.add(current.transaction(), current.actor(), **_sent())
    except InvalidInput as error:
        return _form(None, error.fields, 422)
    return _done(group, "The group {name} was created. Add its members.")


@admin.get(_ROW)
def group_detail(group_id: int) -> ResponseReturnValue:
    """Show a group: its members, the clients that refer to it, and a search for users to add."""
    db = current.transaction()
    group = groups.get_by_id(db, group_id)
    number, search = pagination.requested_page(), pagination.query_value("q")
    members, count = groups.page_of_members(
        db, group, offset=(number - 1) * pagination.SIZE, limit=pagination.SIZE
    )
    paging = pagination.Paging(number, count)
    if paging.is_beyond:
        return responses.redirect_with_message(
            url_for("admin.group_detail", group_id=group_id, page=paging.pages)
        )
    return responses.render(
        "admin/group_detail.html",
        group=group,
        members=members,
        paging=paging,
        search=search,
        candidates=groups.candidates(db, group, search),
        clients=group_changes.clients_using(db, group.name),
    )


@admin.get(f"{_ROW}/edit")
@access.require_recent_sign_in
def edit_group_form(group_id: int) -> ResponseReturnValue:
    """Show the form with name and description."""
    group = groups.get_by_id(current.transaction(), group_id)
    return _form(group, revision_fields=responses.revision_fields(group))


@admin.post(f"{_ROW}/edit")
@access.require_recent_sign_in
def edit_group(group_id: int) -> ResponseReturnValue:
    """Save the form, unless the group has changed since it was shown."""
    group = groups.get_by_id(current.transaction(), group_id)
    try:
        with responses.in_savepoint():
            group_changes.edit(
                current.transaction(), current.actor(), group, **_sent(), revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _form(group, error.fields, 422, revision_fields=responses.sent_revision_fields())
    except Conflict as error:
        return responses.render_conflict(group, error)
    return _done(group, "The group {name} was saved.")


@admin.get(f"{_ROW}/remove")
@access.require_recent_sign_in
def remove_group_form(group_id: int) -> ResponseReturnValue:
    """Ask for confirmation, or say which clients refer to the group."""
    return _ask_remove(groups.get_by_id(current.transaction(), group_id))


@admin.post(f"{_ROW}/remove")
@access.require_recent_sign_in
def remove_group(group_id: int) -> ResponseReturnValue:
    """Remove a group, unless clients refer to it."""
    group = groups.get_by_id(current.transaction(), group_id)
    name = group.name
    try:
        with responses.in_savepoint():
            group_changes.remove(current.transaction(), current.actor(), group)
    except Conflict:
        return _ask_remove(group, 409)
    return responses.redirect_with_message(
        url_for("admin.group_table"), "The group {name} was removed.", name=name
    )


@admin.post(f"{_ROW}/members/<any(add, remove):change>")
@access.require_recent_sign_in
def change_member(group_id: int, change: str) -> ResponseReturnValue:
    """Add a user to the group, or remove one."""
    db = current.transaction()
    group = groups.get_by_id(db, group_id)
    user_id = request.form.get("user_id", "")
    user = users.get(
        db, int(user_id) if user_id.isascii() and user_id.isdecimal() and len(user_id) < 19 else 0
    )
    if change == "add":
        group_changes.add_member(db, current.actor(), group, user)
    else:
        group_changes.remove_member(db, current.actor(), group, user)
    sentence = "is a member now." if change == "add" else "is no longer a member."
    return responses.redirect_with_message(
        url_for("admin.group_detail", group_id=group.id), f"{{name}} {sentence}", name=user.username
    )


def _sent() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in ("name", "description")}


def _ask_remove(group: Group, status: int = 200) -> ResponseReturnValue:
    db = current.transaction()
    _, count = groups.page_of_members(db, group, limit=1)
    using = group_changes.clients_using(db, group.name)
    return responses.render("admin/group_remove.html", status, group=group, count=count, clients=using)


def _form(
    group: Group | None,
    errors: dict[str, str] | None = None,
    status: int = 200,
    *,
    revision_fields: object = None,
) -> ResponseReturnValue:
    is_sent = request.method == "POST" or group is None
    shown = _sent() if is_sent else {"name": group.name, "description": group.description}  # type: ignore[union-attr]
    return responses.render(
        "admin/group_form.html",
        status,
        group=group,
        values=shown,
        errors=errors or {},
        revision_fields=revision_fields or {},
    )


def _done(group: Group, message: str) -> ResponseReturnValue:
    return responses.redirect_with_message(
        url_for("admin.group_detail", group_id=group.id), message, name=group.name
    )
