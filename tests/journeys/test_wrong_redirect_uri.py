"""A wrong redirect URI is corrected in three clicks from the failed sign-in, and the sign-in works (docs: diagnostics)."""

import requests
from playwright.sync_api import Locator, Page, expect

from tests.interop.applications import AUTHLIB
from tests.support import page_actions, parties, servers
from tests.support.browser import BrowserErrors
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer

NAME = "Requirements portal"


class ClickCounter:
    """Clicks, and counts the clicks."""

    def __init__(self) -> None:
        self.clicks = 0

    def on(self, target: Locator) -> None:
        target.click()
        self.clicks += 1


def test_wrong_redirect_uri_is_corrected_from_the_error(
    live_server: LiveServer, page: Page, browser_errors: BrowserErrors
) -> None:
    """Get the error, open its explanation, add the redirect URI, sign in."""
    browser_errors.expect("400")  # the page that rejects the authorization request
    port = servers.free_port()
    redirect_uri = parties.redirect_uri(port)
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    client = live_server.add_client(NAME, redirect_uri.replace("http://127.0.0.1", "http://localhost"))
    with parties.start_as(live_server, AUTHLIB, client, port) as party:
        page.goto(f"{live_server.url}/admin")
        page_actions.sign_in(page, "admin")
        page.wait_for_url("**/admin")
        page.goto(party.url)
        reference = page.locator("#reference").inner_text()
        counter = ClickCounter()
        counter.on(page.get_by_role("link", name="See the cause and the fix"))
        expect(page.get_by_role("heading", name="The redirect URI is not registered")).to_be_visible()
        expect(page.locator("#received mark").first).to_be_visible()
        assert page.url == f"{live_server.url}/admin/diagnostics/{reference}"
        counter.on(page.get_by_role("link", name="Add this URI"))
        dialog = page.get_by_role("dialog", name=f"Add a redirect URI to {NAME}")
        expect(dialog.get_by_text(redirect_uri)).to_be_visible()
        counter.on(dialog.get_by_role("button", name="Add this URI"))
        expect(page.get_by_text("The redirect URI was added")).to_be_visible()
        assert counter.clicks <= 3
        page.goto(party.url)
        page_actions.allow(page)
        page.wait_for_url(party.url)
        assert requests.get(f"{party.url}tokens", timeout=10).json()["access_token"]


def test_administrator_finds_a_reported_reference(
    live_server: LiveServer, page: Page, browser_errors: BrowserErrors
) -> None:
    """The user reports the reference in lower case; the search shows it while the administrator types."""
    browser_errors.expect("400")
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    key = live_server.add_client(NAME, "https://portal.example.org/cb")["client_key"]
    page.goto(
        f"{live_server.url}/oauth2/authorize?client_id={key}&response_type=code&redirect_uri=https://x.example/"
    )
    reference = page.locator("#reference").inner_text()
    expect(page.get_by_role("link", name="See the cause")).to_have_count(0)
    page.goto(f"{live_server.url}/admin/diagnostics")
    page_actions.sign_in(page, "admin")
    search = page.get_by_label("Search by reference, client or text")
    search.fill("nothing of the kind")
    expect(page.get_by_text("No error matches")).to_be_visible()
    search.fill(f"{reference[:4]} {reference[4:]}".lower())
    page.get_by_role("link", name="The redirect URI is not registered").click()
    expect(page).to_have_url(f"{live_server.url}/admin/diagnostics/{reference}")
    page.get_by_role("link", name="Add this URI").click()
    expect(page.get_by_text("Anyone can send a request with any redirect URI")).to_be_visible()
    page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
