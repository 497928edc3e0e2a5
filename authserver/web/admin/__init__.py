"""The administration console at /admin: clients, users, groups, diagnostics, activity, scopes, resources and signing keys.

A view parses a form, calls one function of ``domain`` and shows the result. ``blueprint`` checks the permission for
every route; ``responses`` contains what all views share.
"""

from authserver.web.admin import (
    account_erasure,
    account_export,
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
    resources,
    scopes,
    signing_keys,
    user_detail,
    user_groups,
    user_rename,
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
    user_rename,
    account_erasure,
    account_export,
    groups,
    user_groups,
    activity,
    scopes,
    resources,
    signing_keys,
)

__all__ = ["VIEWS", "admin"]
