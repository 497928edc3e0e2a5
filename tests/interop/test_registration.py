"""openid-client registers itself through discovery, is approved, signs users in, and manages its registration."""

import json

import pytest
import requests

from tests.interop.applications import OPENID_CLIENT_REGISTRATION
from tests.interop.compatibility import Check, shows
from tests.support import page_actions, parties
from tests.support.sample_users import FULL_NAMES

pytestmark = [pytest.mark.interop, pytest.mark.browser]


def get_text(party, path):
    response = requests.get(f"{party.url}{path}", timeout=30)
    assert response.status_code == 200, response.text
    return response.text


@shows(Check.REGISTRATION, OPENID_CLIENT_REGISTRATION)
def test_party_registers_itself_and_signs_users_in(page, browser_errors, server):
    browser_errors.expect("403")
    with parties.self_registering(server) as party:
        registration = json.loads(get_text(party, "registration"))
        key = registration["client_id"]
        assert registration["registration_status"] == "pending"
        page.goto(party.url)
        assert "Waiting for approval" in page.locator("body").inner_text()
        page.goto("about:blank")  # The page would continue by itself.

        server.command("clients", "approve", key)
        page.goto(party.url)
        assert page.get_by_role("link", name="Privacy policy of the application").is_visible()
        page_actions.sign_in(page, "alice")
        page_actions.allow(page)
        page.wait_for_url(f"{party.url}callback**")
        assert json.loads(page.locator("body").inner_text())["name"] == FULL_NAMES["alice"]

        assert json.loads(get_text(party, "read"))["redirect_uris"] == registration["redirect_uris"]
        changed = json.loads(get_text(party, "rename"))
        assert changed["registration_status"] == "change_pending"
        assert changed["client_name"] == "A party that registers itself"
        assert get_text(party, "delete") == "204"
        assert key not in server.command("clients", "list")
