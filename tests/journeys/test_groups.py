"""Groups in a real browser: an administrator limits a client to a group, and a user outside is added and gets in."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support import callbacks, page_actions
from tests.support.browser import BrowserErrors
from tests.support.relying_party import claims
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]
NAME = "Engineering Portal"


def test_outsider_is_added_to_the_group_and_gets_the_claim(
    live_server: LiveServer, page: Page, browser_errors: BrowserErrors
) -> None:
    """Create a group, limit the client to it, sign in as an outsider, add the user, and sign in again."""
    browser_errors.expect("403")  # the page for users without access
    browser_errors.expect("favicon.ico")
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    live_server.add_user("bob", password=PASSWORD)
    with callbacks.callback_page() as application:
        client = live_server.add_client(NAME, application.url, scope="openid groups")
        _sign_in(page, live_server)
        _create_group(page)
        _restrict(page, live_server, client["client_key"])
        _sign_out(page, live_server)
        page.goto(_request(live_server, client, application.url))
        page_actions.sign_in(page, "bob")
        expect(page.get_by_role("heading", name=f"You do not have access to {NAME}")).to_be_visible()
        reference = page.locator("#reference").inner_text()
        page.get_by_role("link", name="Back to the application").click()
        page.wait_for_url(f"{application.url}?error=access_denied&**")
        _sign_out(page, live_server)
        _sign_in(page, live_server)
        _add_member(page, live_server, reference)
        _sign_out(page, live_server)
        page.goto(_request(live_server, client, application.url))
        page_actions.sign_in(page, "bob")
        expect(page.get_by_text("See the groups that you belong to")).to_be_visible()
        page_actions.allow(page)
        page.wait_for_url(f"{application.url}?code=**")
        tokens = _redeem(live_server, client, page.url, application.url)
        assert claims(tokens["id_token"])["groups"] == ["Engineering"]


def _request(server: LiveServer, client: dict[str, Any], redirect_uri: str) -> str:
    query = {
        "client_id": client["client_key"],
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": "openid groups",
    }
    return f"{server.url}/oauth2/authorize?{urlencode(query)}"


def _redeem(server: LiveServer, client: dict[str, Any], url: str, redirect_uri: str) -> dict[str, Any]:
    code = dict(parse_qsl(urlsplit(url).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    auth = (client["client_key"], client["client_secret"])
    response = requests.post(f"{server.url}/oauth2/token", data=form, auth=auth, timeout=10)
    tokens: dict[str, Any] = response.json()
    return tokens


def _sign_in(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/admin/users/groups")
    page_actions.sign_in(page, "admin")
    page.wait_for_url("**/admin/users/groups")


def _sign_out(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/sign-out")
    page.locator("#logout-confirm").click()
    expect(page.get_by_text("You are signed out").first).to_be_visible()


def _create_group(page: Page) -> None:
    page.get_by_role("link", name="Create group").click()
    dialog = page.get_by_role("dialog", name="Create group")
    dialog.get_by_label("Name", exact=True).fill("Engineering")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Engineering", exact=True)).to_be_visible()


def _restrict(page: Page, server: LiveServer, key: str) -> None:
    page.goto(f"{server.url}/admin/clients/{key}/settings")
    page.get_by_role("link", name="Groups and roles").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Groups and roles"))
    dialog.get_by_label("Engineering").check()
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("dd", has_text=re.compile("^Engineering$"))).to_be_visible()


def _add_member(page: Page, server: LiveServer, reference: str) -> None:
    page.goto(f"{server.url}/admin/diagnostics/{reference}")
    expect(page.get_by_role("heading", name="The user may not use this client")).to_be_visible()
    page.goto(f"{server.url}/admin/users/groups")
    page.get_by_role("link", name="Engineering", exact=True).click()
    page.locator("#q").fill("bob")
    page.get_by_role("button", name="Add bob").click()
    expect(page.get_by_text("bob is a member now.")).to_be_visible()
