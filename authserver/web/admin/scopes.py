"""The Scopes page: the scopes that administrators define, with their descriptions."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import custom_claims, scopes
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import responses
from authserver.web.admin.blueprint import admin
from authserver.web.session import access


@admin.get("/settings/scopes")
def scope_table() -> ResponseReturnValue:
    """Show the defined scopes."""
    return responses.render("admin/scopes.html", rows=scopes.all_scopes(current.transaction()))


@admin.get("/settings/scopes/new")
@access.require_recent_sign_in
def new_scope() -> ResponseReturnValue:
    """Show the empty form."""
    return _form("", {}, 200)


@admin.post("/settings/scopes/new")
@access.require_recent_sign_in
def add_scope() -> ResponseReturnValue:
    """Define a scope."""
    name = request.form.get("name", "").strip()
    try:
        with responses.in_savepoint():
            scopes.add(
                current.transaction(),
                current.actor(),
                name=name,
                words=_words(),
                is_open=_is_open(),
                claims=_claims(),
            )
    except InvalidInput as error:
        return _form("", error.fields, 422)
    return _done("The scope {name} was defined.", name)


@admin.get("/settings/scopes/edit")
@access.require_recent_sign_in
def edit_scope_form() -> ResponseReturnValue:
    """Show the form of a scope. Its name is in the query string, because it can contain a slash."""
    row = scopes.get(current.transaction(), request.args.get("name", ""))
    return _form(
        row.name,
        {},
        200,
        words=row.words,
        is_open=row.is_open,
        claims="\n".join(custom_claims.format_claims(row.claims)),
        revision_fields=responses.revision_fields(row),
    )


@admin.post("/settings/scopes/edit")
@access.require_recent_sign_in
def edit_scope() -> ResponseReturnValue:
    """Save the form, unless the scope has changed since it was shown."""
    row = scopes.get(current.transaction(), request.form.get("name", ""))
    try:
        wanted: dict[str, Any] = {"words": _words(), "is_open": _is_open(), "claims": _claims()}
        with responses.in_savepoint():
            scopes.edit(
                current.transaction(), current.actor(), row, **wanted, revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _form(row.name, error.fields, 422, revision_fields=responses.sent_revision_fields())
    except Conflict as error:
        return responses.render_conflict(row, error)
    return _done("The scope {name} was saved.", row.name)


@admin.get("/settings/scopes/remove")
@access.require_recent_sign_in
def remove_scope_form() -> ResponseReturnValue:
    """Ask for confirmation before a scope is removed."""
    row = scopes.get(current.transaction(), request.args.get("name", ""))
    return responses.render("admin/scope_remove.html", row=row)


@admin.post("/settings/scopes/remove")
@access.require_recent_sign_in
def remove_scope() -> ResponseReturnValue:
    """Remove a scope."""
    row = scopes.get(current.transaction(), request.form.get("name", ""))
    scopes.remove(current.transaction(), current.actor(), row)
    return _done("The scope {name} was removed.", row.name)


def _done(message: str, name: str) -> ResponseReturnValue:
    return responses.redirect_with_message(url_for("admin.scope_table"), message, name=name)


def _form(
    name: str,
    errors: dict[str, str],
    status: int,
    words: str | None = None,
    is_open: bool | None = None,
    claims: str | None = None,
    revision_fields: Mapping[str, object] = MappingProxyType({}),
) -> ResponseReturnValue:
    return responses.render(
        "admin/scope_form.html",
        status,
        name=name,
        typed_name=request.form.get("name", ""),
        words=_words() if words is None else words,
        is_open=_is_open() if is_open is None else is_open,
        claims=request.form.get("claims", "") if claims is None else claims,
        errors=errors,
        revision_fields=revision_fields,
    )


def _words() -> str:
    return request.form.get("words", "")


def _claims() -> dict[str, str]:
    lines = request.form.get("claims", "").splitlines()
    return custom_claims.parse_claims(line for line in lines if line.strip())


def _is_open() -> bool:
    return "open" in request.form
