"""Access of users to a client: the groups that may use it, and the roles of groups at the client."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import clients, registrations, user_access
from authserver.domain.clients.clients import Client
from authserver.domain.groups import groups
from authserver.errors import Conflict, InvalidInput
from authserver.web import current
from authserver.web.admin import responses
from authserver.web.admin.blueprint import admin
from authserver.web.session import access


@admin.get("/clients/<key>/access")
@access.require_recent_sign_in
def client_access_form(key: str) -> ResponseReturnValue:
    """Show the groups, with the allowed ones selected, and the roles."""
    client = responses.get_client(key)
    roles = "\n".join(client.details.get(user_access.ROLES) or ())
    allowed = list(client.details.get(user_access.ALLOWED_GROUPS) or ())
    return _form(client, allowed, roles, responses.revision_fields(client))


@admin.post("/clients/<key>/access")
@access.require_recent_sign_in
def save_client_access(key: str) -> ResponseReturnValue:
    """Save the form, unless the client has changed since it was shown."""
    client = responses.get_client(key)
    allowed, typed_roles = request.form.getlist(user_access.ALLOWED_GROUPS), request.form.get("roles", "")
    roles = [_role(line) for line in typed_roles.splitlines() if line.strip()]
    changes = {user_access.ALLOWED_GROUPS: allowed or None, user_access.ROLES: roles or None}
    try:
        wanted = registrations.validate_change(client, changes)
        wanted = groups.resolve_names(current.transaction(), wanted, user_access.groups_of(client.details))
        with responses.in_savepoint():
            clients.edit(
                current.transaction(), current.actor(), client, wanted, revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _form(client, allowed, typed_roles, responses.sent_revision_fields(), error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(
        url_for("admin.client_settings", key=key), "{name} was saved.", name=client.name
    )


def _role(line: str) -> str:
    role, equals, group = line.partition("=")
    return f"{role.strip()}{equals}{group.strip()}"


def _form(
    client: Client,
    allowed: list[str],
    roles: str,
    revision_fields: object,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return responses.render(
        "admin/client_access.html",
        status,
        client=client,
        allowed=allowed,
        roles=roles,
        rows=groups.all_groups(current.transaction()),
        revision_fields=revision_fields,
        errors=errors or {},
    )
