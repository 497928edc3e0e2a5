"""Creates clients as an administrator does: with the console's form, and only the name and the redirect URI filled in."""

import re
from typing import Any

from tests.support import forms, sample_users
from tests.support.servers import LiveServer

ADMINISTRATOR = "admin"


def create(
    server: LiveServer, name: str, redirect_uri: str = "", *, kind: str = "oidc", **changes: Any
) -> dict[str, str]:
    """Create and approve a client. `changes` are the fields of the form that differ from the console's defaults."""
    browser = server.app.test_client()
    if not sample_users.find(server.services.database, ADMINISTRATOR):
        sample_users.add(server.services.database, server.services.settings, ADMINISTRATOR)
    sample_users.open_session(browser, server.services, ADMINISTRATOR)
    form = browser.get(f"/admin/clients/new?kind={kind}")
    filled = {"name": name, "redirect_uris": redirect_uri} | changes
    page = forms.press(browser, form, "Save and approve", filled)
    assert "The client is approved" in page.text, page.text
    return {"client_key": _value(page.text, "key"), "client_secret": _value(page.text, "secret")}


def _value(html: str, noun: str) -> str:
    """Return a value of the page that shows the key and the secret once. A public client has no secret."""
    found = re.search(rf"<dt>(?:Client|Consumer) {noun}</dt>\s*<dd><bdi dir=\"ltr\"><code>([^<]+)<", html)
    return found[1] if found else ""
