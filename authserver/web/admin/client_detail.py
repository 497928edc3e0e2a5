"""A client's page: its header and the tabs Overview, Settings and Activity."""

from typing import Any
from urllib.parse import urlsplit

from flask import url_for
from flask.typing import ResponseReturnValue

from authserver.domain import application_access, audit, logout_notices
from authserver.domain.clients import client_search, client_secrets
from authserver.domain.clients.clients import Client
from authserver.domain.oauth1 import consumers
from authserver.web import current, local_urls
from authserver.web.admin import audit_changes, pagination, proposed_changes, responses
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_creation import addresses_for
from authserver.web.admin.client_forms import uri_findings
from authserver.web.admin.labels import SOURCES


@admin.get("/clients/<key>")
def client_overview(key: str) -> ResponseReturnValue:
    """Show a summary of the client. For a pending client, also show what the administrator must review."""
    client = responses.get_client(key)
    db = current.transaction()
    events, _ = audit.page_of_events(db, audit.EventFilter(client_id=client.id), limit=5)
    return responses.render(
        "admin/client_overview.html",
        **header(client, "overview"),
        source=SOURCES.get(client.source, client.source),
        authorization_count=application_access.count(db, client),
        hosts=redirect_hosts(client),
        similar=[] if client.is_approved else client_search.similar_to_client(db, client),
        addresses=addresses_for(client),
        **proposed_changes.pending_change_values(client),
        entries=audit_changes.entries_of(db, events),
        failed_notices=logout_notices.failed_notices(db, client.id),
        revision_fields=responses.revision_fields(client),
    )


@admin.get("/clients/<key>/settings")
def client_settings(key: str) -> ResponseReturnValue:
    """Show the client's registration."""
    client = responses.get_client(key)
    return responses.render(
        "admin/client_settings.html",
        **header(client, "settings"),
        uri_findings=uri_findings(client.redirect_uris),
        revision_fields=responses.revision_fields(client),
    )


@admin.get("/clients/<key>/activity")
def client_activity(key: str) -> ResponseReturnValue:
    """Show the audit events of the client."""
    client = responses.get_client(key)
    number = pagination.requested_page()
    db, wanted = current.transaction(), audit.EventFilter(client_id=client.id)
    events, count = audit.page_of_events(
        db, wanted, offset=(number - 1) * pagination.SIZE, limit=pagination.SIZE
    )
    paging = pagination.Paging(number, count)
    if paging.is_beyond:
        return responses.redirect_with_message(url_for("admin.client_activity", key=key, page=paging.pages))
    return responses.render(
        "admin/client_activity.html",
        **header(client, "activity"),
        entries=audit_changes.entries_of(db, events),
        paging=paging,
    )


def header(client: Client, tab: str) -> dict[str, Any]:
    """Return the template values that all pages of a client need."""
    uses_secret = client_secrets.are_used(client.kind, client.auth_method)
    has_secret = client_secrets.has_usable(current.transaction(), client, client.auth_method)
    return {
        "client": client,
        "tab": tab,
        "back": local_urls.current_url(),
        "uses_secret": uses_secret,
        "lacks_secret": uses_secret and not has_secret and not consumers.signs_with_key(client.details),
    }


def redirect_hosts(client: Client) -> list[str]:
    """Return the distinct hosts of the redirect URIs. For a URI without a host, return its scheme."""
    parts = [urlsplit(uri) for uri in client.redirect_uris]
    return list(dict.fromkeys(part.netloc or f"{part.scheme}:" for part in parts))
