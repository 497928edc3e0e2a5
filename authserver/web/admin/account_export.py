"""The export of a user's data as a JSON file."""

from flask.typing import ResponseReturnValue

from authserver.domain import account_export
from authserver.domain.users import users
from authserver.web import current
from authserver.web.admin.blueprint import admin
from authserver.web.rendering import json_file
from authserver.web.session import access


@admin.post("/users/<int(max=9223372036854775807):user_id>/export")
@access.require_recent_sign_in
def export_user(user_id: int) -> ResponseReturnValue:
    """Return the file. It contains personal data, so the export is recorded."""
    user = users.get(current.transaction(), user_id)
    return json_file.download(
        account_export.export(current.transaction(), current.actor(), user), f"user-{user.id}.json"
    )
