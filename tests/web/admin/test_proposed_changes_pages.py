"""The pages about proposed changes in a real Chromium: wide and narrow, and decided in a dialog."""

import pytest
import requests
from playwright.sync_api import expect

from tests.support import axe, page_actions
from tests.support.sample_users import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]


@pytest.fixture
def server(live_server):
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    return live_server


@pytest.fixture
def url(server):
    """The URL of an approved client that proposes the name of another client."""
    metadata = {
        "client_name": "Model review board",
        "redirect_uris": ["https://review.example.org/callback"],
        "policy_uri": "https://elsewhere.example.org/privacy",
        "contacts": ["owner@review.example.org"],
    }
    registration = requests.post(f"{server.url}/oauth2/register", json=metadata, timeout=30).json()
    server.command("clients", "approve", registration["client_id"])
    server.add_client("Grafana", "https://grafana.example.org/callback")
    change = metadata | {"client_id": registration["client_id"], "client_name": "Grafana"}
    headers = {"Authorization": f"Bearer {registration['registration_access_token']}"}
    response = requests.put(registration["registration_client_uri"], json=change, headers=headers, timeout=30)
    assert response.json()["registration_status"] == "change_pending"
    return f"{server.url}/admin/clients/{registration['client_id']}"


def test_every_page_is_accessible_and_fits(page, url):
    page.goto(url)
    page_actions.sign_in(page, "admin")
    page.wait_for_url(url)
    for path in ("", "/change/approve", "/change/discard", "/settings"):
        for scheme, width in (("light", 320), ("dark", 320), ("light", 1360), ("dark", 1360)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(f"{url}{path}")
            axe.assert_accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"


def test_change_is_approved_in_the_dialog(page, url):
    page.goto(url)
    page_actions.sign_in(page, "admin")
    page.wait_for_url(url)
    page.get_by_role("link", name="Approve changes").or_(
        page.get_by_role("button", name="Approve changes")
    ).click()
    dialog = page.get_by_role("dialog", name="Approve the changes to Model review board")
    expect(dialog.get_by_text("is easily confused with another client")).to_be_visible()
    dialog.get_by_role("button", name="Approve changes").click()
    expect(page.get_by_text("The changes to Grafana are approved.")).to_be_visible()
    expect(page.get_by_role("heading", name="Grafana", level=1)).to_be_visible()
