"""The Resources page: the resource servers that administrators define, with their names and scopes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import resources
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import responses
from authserver.web.admin.blueprint import admin
from authserver.web.session import access


@admin.get("/settings/resources")
def resource_table() -> ResponseReturnValue:
    """Show the defined resources."""
    rows = resources.all_resources(current.transaction())
    return responses.render("admin/resources.html", rows=rows)


@admin.get("/settings/resources/new")
@access.require_recent_sign_in
def new_resource() -> ResponseReturnValue:
    """Show the empty form."""
    return _form("", {}, 200)


@admin.post("/settings/resources/new")
@access.require_recent_sign_in
def add_resource() -> ResponseReturnValue:
    """Define a resource."""
    identifier = request.form.get("identifier", "").strip()
    try:
        resources.add(current.transaction(), current.actor(), identifier=identifier, **_typed())
    except InvalidInput as error:
        return _form("", error.fields, 422)
    return _done("The resource {name} was defined.", _typed()["name"])


@admin.get("/settings/resources/edit")
@access.require_recent_sign_in
def edit_resource_form() -> ResponseReturnValue:
    """Show the form of a resource. Its identifier is in the query string, because it is a URI."""
    row = resources.get(current.transaction(), request.args.get("identifier", ""))
    shown = {"name": row.name, "scope_names": row.scopes, "is_open": row.is_open}
    return _form(row.identifier, {}, 200, shown, responses.revision_fields(row))


@admin.post("/settings/resources/edit")
@access.require_recent_sign_in
def edit_resource() -> ResponseReturnValue:
    """Save the form, unless the resource has changed since it was shown."""
    row = resources.get(current.transaction(), request.form.get("identifier", ""))
    try:
        with responses.in_savepoint():
            resources.edit(
                current.transaction(), current.actor(), row, **_typed(), revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _form(row.identifier, error.fields, 422, revision_fields=responses.sent_revision_fields())
    except Conflict as error:
        return responses.render_conflict(row, error)
    return _done("The resource {name} was saved.", row.name)


@admin.get("/settings/resources/remove")
@access.require_recent_sign_in
def remove_resource_form() -> ResponseReturnValue:
    """Ask for confirmation before a resource is removed."""
    row = resources.get(current.transaction(), request.args.get("identifier", ""))
    return responses.render("admin/resource_remove.html", row=row)


@admin.post("/settings/resources/remove")
@access.require_recent_sign_in
def remove_resource() -> ResponseReturnValue:
    """Remove a resource."""
    row = resources.get(current.transaction(), request.form.get("identifier", ""))
    resources.remove(current.transaction(), current.actor(), row)
    return _done("The resource {name} was removed.", row.name)


def _done(message: str, name: str) -> ResponseReturnValue:
    return responses.redirect_with_message(url_for("admin.resource_table"), message, name=name)


def _form(
    identifier: str,
    errors: dict[str, str],
    status: int,
    shown: Mapping[str, Any] | None = None,
    revision_fields: Mapping[str, object] = MappingProxyType({}),
) -> ResponseReturnValue:
    values = _typed() if shown is None else shown
    return responses.render(
        "admin/resource_form.html",
        status,
        identifier=identifier,
        typed_identifier=request.form.get("identifier", ""),
        name=values["name"],
        scopes=" ".join(values["scope_names"]),
        is_open=values["is_open"],
        errors=errors,
        revision_fields=revision_fields,
    )


def _typed() -> dict[str, Any]:
    return {
        "name": request.form.get("name", "").strip(),
        "scope_names": request.form.get("scopes", "").split(),
        "is_open": "open" in request.form,
    }
