"""A Jazz server becomes a friend of this one: from the root services to a protected call, and the end of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree as ET

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support import page_actions, parties
from tests.support.axe import assert_accessible
from tests.support.browser import Complaints
from tests.support.parties import Party
from tests.support.people import PASSWORD
from tests.support.servers import LiveServer, free_port

pytestmark = pytest.mark.browser
SECRET = "what the Jazz administrator typed"
JFS = "{http://jazz.net/xmlns/prod/jazz/jfs/1.0/}"


def test_the_whole_jazz_story(live_server: LiveServer, page: Page, complaints: Complaints) -> None:
    """Root services, requestKey, pending, approveKey, approve, sign-in, protected call, disapprove, 401."""
    complaints.expect("/favicon.ico")
    complaints.expect("401")  # the last protected call
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
        refused = requests.get(f"{jazz.url}protected", timeout=10)
        assert refused.status_code == 401
        assert "oauth_problem=consumer_key_rejected" in refused.text
        engineer.context.close()


def read_root_services(server: LiveServer) -> dict[str, str]:
    """What a Jazz server reads when an administrator enters our address as a friend."""
    answer = requests.get(f"{server.url}/rootservices", headers={"OSLC-Core-Version": "2.0"}, timeout=10)
    assert answer.headers["Content-Type"] == "application/rdf+xml"
    (about,) = ET.fromstring(answer.content)
    resource = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
    return {child.tag.removeprefix(JFS): child.get(resource, "") for child in about}


def request_key(address: str) -> str:
    """Asks for a provisional key as Jazz does: JSON without a type."""
    body = f'{{"name": "ELM at work", "secret": "{SECRET}", "trusted": "true", "secretType": "string"}}'
    answer = requests.post(address, data=body, timeout=10)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["key"])


def approve(page: Page, server: LiveServer, address: str, key: str) -> None:
    """Opens the approval module's link, signs in on the way, and finds the key pending in the console too."""
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
    """The other server, which has the key now."""
    client = {"client_key": key, "client_secret": SECRET}
    with parties.oauth1_party_as(server, "requests-oauthlib", client, free_port()) as party:
        yield party


def sign_in(page: Page, jazz: Party) -> None:
    """An engineer comes from the Jazz server and goes back to it."""
    page.goto(jazz.url)
    page_actions.sign_in(page, "alice")
    expect(page.get_by_role("heading", name="Allow ELM at work to use your account?")).to_be_visible()
    assert_accessible(page)
    page_actions.allow(page)
    page.wait_for_url(f"{jazz.url}callback?**oauth_verifier=**")


def disapprove(page: Page, server: LiveServer, key: str) -> None:
    """The administrator ends it in the console."""
    page.goto(f"{server.url}/admin/clients/{key}/disapprove")
    page.get_by_role("button", name="Disapprove").click()
    expect(page.get_by_text("is disapproved").first).to_be_visible()
