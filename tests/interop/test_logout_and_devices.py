"""Clients of other projects sign out, receive logout tokens, and connect devices: openid-client on Node, oidc-agent."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page

from tests.interop.applications import OIDC_AGENT, OPENID_CLIENT
from tests.interop.compatibility import Check, shows
from tests.support import oidc_agent, page_actions, parties
from tests.support.browser import BrowserErrors
from tests.support.parties import Party
from tests.support.sample_users import FULL_NAMES, PASSWORD
from tests.support.servers import LiveServer, SharedServers

pytestmark = [pytest.mark.interop, pytest.mark.browser, pytest.mark.only_on("sqlite")]
TIMEOUT = 15


@pytest.fixture
def server(shared_servers: SharedServers) -> LiveServer:
    """A server that may send logout tokens to loopback."""
    server = shared_servers.get("sqlite", fetch_networks="127.0.0.0/8")
    server.add_user("alice", password=PASSWORD)
    return server


@pytest.fixture
def party(server: LiveServer) -> Iterator[Party]:
    """openid-client, registered with everything that these tests need."""
    with parties.start(server, OPENID_CLIENT) as party:
        yield party


def get_text(party: Party, path: str) -> str:
    with urlopen(f"{party.url}{path}", timeout=TIMEOUT) as response:
        return response.read().decode()


def logout_claims(party: Party) -> list[dict[str, str]]:
    """Wait for the logout token, and return its claims."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if found := json.loads(get_text(party, "logout-claims")):
            return found
        time.sleep(0.1)
    raise AssertionError("the application received no logout token in time")


@shows(Check.SIGN_OUT, OPENID_CLIENT)
@shows(Check.BACKCHANNEL, OPENID_CLIENT)
def test_openid_client_signs_out_and_gets_a_logout_token(
    party: Party, page: Page, browser_errors: BrowserErrors
) -> None:
    """RP-initiated logout with hint and state. The logout token passes the library's checks."""
    page.goto(party.url)
    page_actions.sign_in(page, "alice")
    page_actions.allow(page)
    page.wait_for_url(f"{party.url}**")
    subject = json.loads(page.locator("body").inner_text())["sub"]
    page.goto(f"{party.url}logout")
    page.wait_for_url(f"{party.url}signed-out?**")
    assert page.locator("body").inner_text() == "signed out, state a b&c"
    [notice] = logout_claims(party)
    assert notice["sub"] == subject


@shows(Check.DEVICE, OPENID_CLIENT)
def test_openid_client_connects_a_device(server: LiveServer, party: Party, page: Page) -> None:
    """The device authorization grant, polled by the library."""
    codes = json.loads(get_text(party, "device"))
    page.goto(codes["verification_uri_complete"])
    page_actions.sign_in(page, "alice")
    page.locator("#device-allow").click()
    page.wait_for_selector("#device-home")
    assert json.loads(get_text(party, "device-result"))["name"] == FULL_NAMES["alice"]
    assert server.url in codes["verification_uri"]


@shows(Check.DEVICE, OIDC_AGENT)
@shows(Check.REFRESH, OIDC_AGENT)
def test_oidc_agent_connects_a_device(server: LiveServer, page: Page, tmp_path: Path) -> None:
    """oidc-agent shows the code and polls; its token works, and it refreshes the token."""
    with oidc_agent.running(tmp_path) as agent:
        connecting = agent.begin(server, parties.create_client(server, OIDC_AGENT))
        page.goto(f"{server.url}/device?user_code={agent.user_code()}")
        page_actions.sign_in(page, "alice")
        page.locator("#device-allow").click()
        page.wait_for_selector("#device-home")
        assert connecting.wait(TIMEOUT) == 0
        request = Request(f"{server.url}/oidc/userinfo", headers={"Authorization": f"Bearer {agent.token()}"})
        with urlopen(request, timeout=TIMEOUT) as response:
            assert json.load(response)["name"] == FULL_NAMES["alice"]
