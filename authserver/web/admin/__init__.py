"""The administration console at /admin: OAuth clients, users, diagnostics, activity, scopes, resources and signing keys.

A view parses a form, calls one function of ``domain`` and shows the result. ``blueprint`` checks the permission for
every route; ``responses`` contains what all views share.
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
    resources,
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
    resources,
    signing_keys,
)

__all__ = ["VIEWS", "admin"]
