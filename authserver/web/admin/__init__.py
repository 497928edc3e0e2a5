"""The administration console at /admin: OAuth clients, users, groups, diagnostics, activity, scopes and signing keys.

A view parses a form, calls one function of ``domain`` and shows the result. ``blueprint`` checks the permission for
every route; ``responses`` contains what all views share.
"""

from authserver.web.admin import (
    activity,
    bulk,
    client_access,
    client_creation,
    client_detail,
    client_settings,
    client_tokens,
    clients,
    credentials,
    decisions,
    diagnostics,
    groups,
    oauth1,
    overview,
    proposed_changes,
    redirect_uri_fix,
    redirect_uris,
    scopes,
    signing_keys,
    user_detail,
    user_groups,
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
    client_access,
    credentials,
    oauth1,
    decisions,
    bulk,
    diagnostics,
    redirect_uri_fix,
    redirect_uris,
    users,
    user_detail,
    groups,
    user_groups,
    activity,
    scopes,
    signing_keys,
)

__all__ = ["VIEWS", "admin"]
