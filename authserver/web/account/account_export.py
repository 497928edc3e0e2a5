"""The page from which users download their data."""

from flask import render_template
from flask.typing import ResponseReturnValue

from authserver.domain import account_export as export
from authserver.web import current
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_user
from authserver.web.rendering import json_file
from authserver.web.session import access


@account.get("/data")
@access.require_recent_sign_in
def data() -> ResponseReturnValue:
    """Describe what the file contains."""
    return render_template("account/data.html")


@account.post("/data")
@access.require_recent_sign_in
def download_data() -> ResponseReturnValue:
    """Return the file."""
    return json_file.download(
        export.export(current.transaction(), current.actor(), own_user()), "my-data.json"
    )
