"""The console, /admin: OAuth clients, users, activity.

Each room is one noun's views. The rules are in ``domain``: a view reads a form into a value, calls one verb and says
what came of it. The gate that every route passes is in ``blueprint``, what all answers share in ``answers``.
"""

from authserver.web.admin import (
    activity,
    bulk,
    client_creation,
    client_detail,
    client_settings,
    client_tokens,
    clients,
    credentials,
    decisions,
    diagnostics,
    oauth1,
    overview,
    proposed_changes,
    redirect_uri_fix,
    redirect_uris,
    scopes,
    signing_keys,
    user_detail,
    users,
)
from authserver.web.admin.blueprint import admin

VIEWS = (
    overview,
    proposed_changes,
    clients,
    client_creation,
    client_detail,
    client_settings,
    client_tokens,
    credentials,
    oauth1,
    decisions,
    bulk,
    diagnostics,
    redirect_uri_fix,
    redirect_uris,
    users,
    user_detail,
    activity,
    scopes,
    signing_keys,
)

__all__ = ["VIEWS", "admin"]
