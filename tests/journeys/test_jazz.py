"""An IBM Jazz server connects (as a "friend"): from the root services document to a protected call and disapproval."""

from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree as ET

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.interop.applications import REQUESTS_OAUTHLIB
from tests.support import page_actions, parties
from tests.support.axe import assert_accessible
from tests.support.browser import BrowserErrors
from tests.support.parties import Party
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer, free_port

pytestmark = pytest.mark.browser
SECRET = "what the Jazz administrator typed"
JFS = "{http://jazz.net/xmlns/prod/jazz/jfs/1.0/}"


def test_jazz_server_from_registration_to_disapproval(
    live_server: LiveServer, page: Page, browser_errors: BrowserErrors
) -> None:
    """Root services, requestKey, pending, approveKey, approval, sign-in, protected call, disapproval, 401."""
    browser_errors.expect("/favicon.ico")
    browser_errors.expect("401")  # the last protected call
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    live_server.add_user("alice", password=PASSWORD)
    addresses = read_root_services(live_server)
    key = request_key(addresses["oauthRequestConsumerKeyUrl"])
    approve(page, live_server, addresses["oauthApprovalModuleUrl"], key)
    with jazz_server(live_server, key) as jazz:
        engineer = page.context.browser.new_context().new_page() if page.context.browser else page
        sign_in(engineer, jazz)
        assert requests.get(f"{jazz.url}protected", timeout=10).json()["username"] == "alice"
        disapprove(page, live_server, key)
        response = requests.get(f"{jazz.url}protected", timeout=10)
        assert response.status_code == 401
        assert "oauth_problem=consumer_key_rejected" in response.text
        engineer.context.close()


def read_root_services(server: LiveServer) -> dict[str, str]:
    """Read the document that a Jazz server fetches when an administrator enters the URL of authserver as a friend."""
    response = requests.get(f"{server.url}/rootservices", headers={"OSLC-Core-Version": "2.0"}, timeout=10)
    assert response.headers["Content-Type"] == "application/rdf+xml"
    (about,) = ET.fromstring(response.content)
    resource = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
    return {child.tag.removeprefix(JFS): child.get(resource, "") for child in about}


def request_key(address: str) -> str:
    """Request a provisional key as Jazz does: JSON without a content type."""
    body = f'{{"name": "ELM at work", "secret": "{SECRET}", "trusted": "true", "secretType": "string"}}'
    response = requests.post(address, data=body, timeout=10)
    assert response.status_code == 200, response.text
    return str(response.json()["key"])


def approve(page: Page, server: LiveServer, address: str, key: str) -> None:
    """Open the link of the approval page, sign in, and check that the console shows the key as pending."""
    page.goto(f"{address}?key={key}")
    page_actions.sign_in(page, "admin")
    page.wait_for_url(f"{address}?key={key}")
    assert not page.locator("#trusted").is_checked()
    assert_accessible(page)
    table = page.context.new_page()
    table.goto(f"{server.url}/admin/clients?kind=oauth1&status=pending")
    expect(table.get_by_role("row", name="ELM at work")).to_contain_text("Pending approval")
    table.close()
    page.locator("#key-approve").click()
    expect(page.get_by_role("heading", name="ELM at work is approved")).to_be_visible()
    assert_accessible(page)


@contextmanager
def jazz_server(server: LiveServer, key: str) -> Iterator[Party]:
    """Run the other server, which uses the key."""
    client = {"client_key": key, "client_secret": SECRET}
    with parties.start_as(server, REQUESTS_OAUTHLIB, client, free_port()) as party:
        yield party


def sign_in(page: Page, jazz: Party) -> None:
    """Sign in as a user who comes from the Jazz server and returns to it."""
    page.goto(jazz.url)
    page_actions.sign_in(page, "alice")
    expect(page.get_by_role("heading", name="Allow ELM at work to use your account?")).to_be_visible()
    assert_accessible(page)
    page_actions.allow(page)
    page.wait_for_url(f"{jazz.url}callback?**oauth_verifier=**")


def disapprove(page: Page, server: LiveServer, key: str) -> None:
    """Disapprove the client in the console."""
    page.goto(f"{server.url}/admin/clients/{key}/disapprove")
    page.get_by_role("button", name="Disapprove").click()
    expect(page.get_by_text("is disapproved").first).to_be_visible()
