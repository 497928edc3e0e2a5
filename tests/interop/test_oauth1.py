"""OAuth 1.0a consumers of other projects complete the authorization flow in a real browser."""

import json
from dataclasses import replace

import pytest
import requests
from playwright.sync_api import expect

from authserver.domain.clients import clients
from authserver.domain.oauth1 import consumers
from authserver.domain.users import users
from tests.interop.applications import LYO_EMULATION, PASSPORT_OAUTH1, REQUESTS_OAUTHLIB
from tests.interop.compatibility import Check, shows
from tests.support import page_actions, parties
from tests.support.sample_users import PASSWORD

pytestmark = [pytest.mark.interop, pytest.mark.browser]
CONSUMERS = [REQUESTS_OAUTHLIB, PASSPORT_OAUTH1]
NAMES = [application.name for application in CONSUMERS]


@pytest.fixture(scope="module")
def server(shared_servers):
    """One server for all consumers of this module."""
    server = shared_servers.get("sqlite")
    for name in ("alice", "bob"):
        server.add_user(name, password=PASSWORD)
    return server


def set_functional_user(server, key, name):
    """Set the functional user as the console's form does."""
    with server.services.database.transaction() as db:
        client = clients.get(db, key)
        options = replace(consumers.options_of(client.details), functional_user_id=users.find(db, name).id)
        client.details = client.details | options.details()


@pytest.mark.parametrize("application", CONSUMERS, ids=NAMES)
@shows(Check.SIGN_IN, *CONSUMERS)
def test_consumer_signs_a_user_in(page, server, application):
    with parties.start(server, application) as party:
        page.goto(party.url)
        page_actions.sign_in(page, "alice")
        page_actions.allow(page)
        page.wait_for_url(f"{party.url}callback?**oauth_verifier=**")
        me = json.loads(page.locator("body").inner_text())
        assert me["username"] == "alice"
        assert me["consumer"]["key"] == party.client_key


@pytest.mark.parametrize("application", CONSUMERS, ids=NAMES)
def test_denial_reaches_the_consumer(page, server, browser_errors, application):
    browser_errors.expect("Failed to load resource")  # the party's own error page
    with parties.start(server, application) as party:
        page.goto(party.url)
        page_actions.sign_in(page, "alice")
        page_actions.deny(page)
        page.wait_for_url(f"{party.url}callback?**oauth_problem=user_refused**")
        assert "alice" not in page.locator("body").inner_text()


@shows(Check.SIGN_IN, LYO_EMULATION)
@shows(Check.TWO_LEGGED, LYO_EMULATION)
def test_lyo_client_succeeds_if_1_0_is_allowed(page, server):
    with parties.start(server, LYO_EMULATION) as party:
        page.goto(party.url)
        page_actions.sign_in(page, "alice")
        expect(page.locator("#oauth10-warning")).to_be_visible()
        page_actions.allow(page)
        page.wait_for_url(f"{party.url}callback?**")
        assert "oauth_verifier" not in page.url
        assert json.loads(page.locator("body").inner_text())["username"] == "alice"
        two_legged = requests.get(f"{party.url}two-legged", timeout=10)
        assert two_legged.status_code == 401
        assert "oauth_problem=permission_denied" in two_legged.text
        set_functional_user(server, party.client_key, "bob")
        two_legged = requests.get(f"{party.url}two-legged", timeout=10)
        assert two_legged.json()["username"] == "bob"


def test_lyo_client_is_rejected_if_1_0_is_not_allowed(server):
    with parties.start(server, replace(LYO_EMULATION, settings=())) as party:
        answer = requests.get(party.url, timeout=10, allow_redirects=False)
        assert answer.status_code == 502
        assert 'refused: 400 OAuth realm="authserver", oauth_problem="parameter_absent"' in answer.text
        assert 'oauth_parameters_absent="oauth_callback"' in answer.text
