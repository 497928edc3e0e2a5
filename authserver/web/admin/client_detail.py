"""One client: its header, the review of a pending one, and the tabs Overview, Settings and Activity."""

from typing import Any
from urllib.parse import urlsplit

from flask import url_for
from flask.typing import ResponseReturnValue

from authserver.domain import accesses, audit, client_secrets, lookalikes, outbox
from authserver.domain.clients import Client
from authserver.web import destinations, door
from authserver.web.admin import answers, listing, proposed_changes
from authserver.web.admin.blueprint import admin
from authserver.web.admin.changes import Entry
from authserver.web.admin.client_creation import discovery_url
from authserver.web.admin.words import SOURCES


@admin.get("/clients/<key>")
def client_overview(key: str) -> ResponseReturnValue:
    """Show what a client is and how it stands; a pending one with what its approval should rest on."""
    client = answers.get_client(key)
    session = door.session()
    events, _ = audit.page(session, audit.Filter(client_id=client.id), limit=5)
    return answers.show(
        "admin/client_overview.html",
        **header(client, "overview"),
        source=SOURCES.get(client.source, client.source),
        live=accesses.count(session, client),
        hosts=redirect_hosts(client),
        similar=[] if client.is_approved else lookalikes.of_client(session, client),
        discovery=discovery_url(client),
        **proposed_changes.shown(client),
        entries=[Entry(event) for event in events],
        untold=outbox.troubles(session, client.id),
    )


@admin.get("/clients/<key>/settings")
def client_settings(key: str) -> ResponseReturnValue:
    """Show what a client is registered for."""
    return answers.show("admin/client_settings.html", **header(answers.get_client(key), "settings"))


@admin.get("/clients/<key>/activity")
def client_activity(key: str) -> ResponseReturnValue:
    """Show what happened to a client and through it."""
    client = answers.get_client(key)
    number = listing.asked_page()
    wanted = audit.Filter(client_id=client.id)
    events, count = audit.page(door.session(), wanted, offset=(number - 1) * listing.SIZE, limit=listing.SIZE)
    paging = listing.Paging(number, count)
    if paging.is_beyond:
        return answers.go(url_for("admin.client_activity", key=key, page=paging.pages))
    return answers.show(
        "admin/client_activity.html",
        **header(client, "activity"),
        entries=[Entry(event) for event in events],
        paging=paging,
    )


def header(client: Client, tab: str) -> dict[str, Any]:
    """Return what the pages of one client have in common."""
    uses_secret = client_secrets.are_used(client.kind, client.auth_method)
    has_secret = client_secrets.has_usable(door.session(), client, client.auth_method)
    return {
        "client": client,
        "tab": tab,
        "back": destinations.here(),
        "uses_secret": uses_secret,
        "lacks_secret": uses_secret and not has_secret,
    }


def redirect_hosts(client: Client) -> list[str]:
    """Return where sign-ins would go, each host once; an application's own scheme stands for itself."""
    parts = [urlsplit(uri) for uri in client.redirect_uris]
    return list(dict.fromkeys(part.netloc or f"{part.scheme}:" for part in parts))
