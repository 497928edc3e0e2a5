"""From the first start to a sign-in: an administrator approves a client, and a user signs in to it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.interop.applications import AUTHLIB
from tests.support import page_actions, parties, servers
from tests.support.browser import BrowserErrors
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer

NAME = "Requirements portal"


@pytest.fixture
def new_server(empty_database_url: str, keys_dir: Path, tmp_path: Path) -> Iterator[LiveServer]:
    """A server after its very first start, without any records."""
    with servers.serve(empty_database_url, keys_dir, tmp_path) as server:
        yield server


def test_setup_approval_sign_in_and_disapproval(
    new_server: LiveServer, page: Page, browser_errors: BrowserErrors
) -> None:
    """Complete the setup, create a client, get rejected, approve it, sign in, consent, disapprove it, get rejected."""
    browser_errors.expect("403")  # the page for a client that is not approved
    port = servers.free_port()
    _set_up(page, new_server)
    client = _create_client(page, new_server, parties.redirect_uri(port))
    new_server.add_user("alice", password=PASSWORD)
    with parties.start_as(new_server, AUTHLIB, client, port) as party:
        _expect_error(page, party.url, "Waiting for approval")
        _decide(page, new_server, client["client_key"], "approve")
        _sign_out(page, new_server)
        _sign_in_and_consent(page, party.url)
        tokens = requests.get(f"{party.url}tokens", timeout=10).json()
        assert _userinfo(new_server, tokens).json()["name"] == "Alice Adams"
        tokens = _refresh(new_server, client, tokens).json()
        _sign_out(page, new_server)
        _administrator_signs_in(page, new_server)
        _decide(page, new_server, client["client_key"], "disapprove")
        assert _refresh(new_server, client, tokens).status_code == 400
        assert _userinfo(new_server, tokens).status_code == 401
        page.context.clear_cookies(name="authlib-party")
        _expect_error(page, party.url, "Not approved")


def _set_up(page: Page, server: LiveServer) -> None:
    link = re.search(r"http://\S+/setup\?token=\S+", server.log_text())
    assert link, "the first start printed no setup link"
    page.goto(link[0])
    page.locator("#username").fill("ada")
    page.locator("#name").fill("Ada Admin")
    page.locator("#email").fill("ada@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("#setup-submit").click()
    page.wait_for_url("**/admin**")
    again = page.context.new_page()
    closed = again.request.get(link[0])
    assert closed.status == 410, "the setup link works once"
    again.close()


def _create_client(page: Page, server: LiveServer, redirect_uri: str) -> dict[str, str]:
    page.goto(f"{server.url}/admin/clients")
    page.get_by_role("link", name="OpenID Connect").first.click()
    page.get_by_role("link", name="Create client").click()
    page.get_by_role("textbox", name="Client name", exact=True).fill(NAME)
    uris = page.get_by_label("Redirect URIs", exact=True)
    uris.fill(redirect_uri)
    uris.press("Enter")
    page.locator("input[name=grant_types][value=refresh_token]").check()
    page.locator("#save").click()
    expect(page.get_by_text("The client is pending approval")).to_be_visible()
    return {"client_key": _value(page, "Client key"), "client_secret": _value(page, "Client secret")}


def _value(page: Page, term: str) -> str:
    row = page.locator("dt", has_text=re.compile(f"^\\s*{term}\\s*$")).locator(
        "xpath=following-sibling::dd[1]"
    )
    return row.locator("code").first.inner_text().strip()


def _expect_error(page: Page, url: str, heading: str) -> None:
    page.goto(url)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.locator("#reference")).to_have_text(re.compile(r"[A-Z]{8}"))


def _decide(page: Page, server: LiveServer, key: str, decision: str) -> None:
    page.goto(f"{server.url}/admin/clients/{key}/{decision}")
    page.locator(f"#{decision}").click()
    expect(page.get_by_text(re.compile("^Approved$|^Disapproved$")).first).to_be_visible()


def _sign_out(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/sign-out")
    page.locator("#logout-confirm").click()
    expect(page.get_by_text("You are signed out").first).to_be_visible()


def _administrator_signs_in(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/sign-in")
    page_actions.sign_in(page, "ada")
    page.wait_for_url("**/admin**")


def _sign_in_and_consent(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_text(NAME).first).to_be_visible()
    page_actions.sign_in(page, "alice")
    expect(page.get_by_role("heading", name=f"Allow {NAME} to use your account?")).to_be_visible()
    page_actions.allow(page)
    page.wait_for_url(url)
    assert "Alice Adams" in page.content()


def _refresh(server: LiveServer, client: dict[str, str], tokens: dict[str, str]) -> requests.Response:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    auth = (client["client_key"], client["client_secret"])
    return requests.post(f"{server.url}/oauth2/token", data=form, auth=auth, timeout=10)


def _userinfo(server: LiveServer, tokens: dict[str, str]) -> requests.Response:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return requests.get(f"{server.url}/oidc/userinfo", headers=headers, timeout=10)
