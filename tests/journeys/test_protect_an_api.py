"""An administrator protects an API: defines the resource, chooses it in two clients, and the API introspects a token."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support import apis, page_actions
from tests.support.apis import RESOURCE, SCOPE
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]


@pytest.fixture
def server(live_server: LiveServer) -> LiveServer:
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    return live_server


def test_administrator_protects_an_api(server: LiveServer, page: Page) -> None:
    """The API learns nothing at first. Diagnostics says why and leads to the fix, and then the API sees the token."""
    api = apis.add_client(server, "Models API")
    application = apis.add_client(server, "Modeling tool", "--scope", "print")
    token = apis.token_of(server, application, scope="print")
    assert _introspect(server, api, token) == {"active": False}

    page.goto(f"{server.url}/admin/diagnostics")
    page_actions.sign_in(page, "admin")
    page.get_by_role("link", name="The token that the client asked about is not for it").first.click()
    expect(page.locator("#received")).to_contain_text(application["client_key"])
    error_page = page.url

    _define_resource(page, server)
    page.goto(error_page)
    page.locator("#fix").click()
    _choose(page, "Resources this client serves")
    page.goto(error_page)
    page.locator("#token-client").click()
    page.get_by_role("link", name="Tokens and keys").click()
    _choose(page, "Resources this client may request")
    expect(page.get_by_text(RESOURCE)).to_be_visible()

    found = _introspect(server, api, apis.token_of(server, application))
    assert (found["active"], found["aud"], found["scope"]) == (True, RESOURCE, SCOPE)


def _define_resource(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/admin")
    page.get_by_role("link", name="Resources", exact=True).click()
    page.get_by_role("link", name="Define resource").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Models API")
    page.get_by_label("Identifier").fill(RESOURCE)
    page.get_by_label("Scopes (optional)").fill(SCOPE)
    page.locator("#save").click()
    expect(page.get_by_role("row", name=re.compile("Models API"))).to_contain_text(SCOPE)


def _choose(page: Page, group: str) -> None:
    page.get_by_role("group", name=group).get_by_label("Models API").check()
    page.locator("#save").click()
    expect(page.get_by_text("was saved.")).to_be_visible()


def _introspect(server: LiveServer, api: dict[str, str], token: str) -> dict[str, object]:
    response = requests.post(
        f"{server.url}/oauth2/introspect",
        data={"token": token},
        auth=(api["client_key"], api["client_secret"]),
        timeout=10,
    )
    return dict(response.json())
