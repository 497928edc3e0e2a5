"""Clients that validate every response strictly: openid-client's hybrid flow with form_post, and oauth4webapi."""

import json

import pytest

from tests.support import page_actions, parties
from tests.support.sample_users import FULL_NAMES, PASSWORD

pytestmark = [pytest.mark.interop, pytest.mark.browser]


@pytest.fixture(scope="module")
def server(shared_servers):
    server = shared_servers.get("sqlite")
    server.add_user("alice", password=PASSWORD)
    return server


@pytest.fixture(autouse=True)
def parties_have_no_icon(browser_errors):
    browser_errors.expect("/favicon.ico")


def sign_in(page, party):
    page.goto(party.url)
    page_actions.sign_in(page, "alice")
    page_actions.allow(page)
    page.wait_for_url(f"{party.url}callback**")
    return json.loads(page.locator("body").inner_text())


def test_openid_client_accepts_a_hybrid_response_by_form_post(page, server):
    with parties.node_party(server, "hybrid_party.js", response_type="code id_token") as party:
        assert sign_in(page, party)["name"] == FULL_NAMES["alice"]


def test_oauth4webapi_accepts_all_responses(page, server):
    with parties.node_party(server, "oauth4webapi_party.js") as party:
        claims = sign_in(page, party)
    assert claims["name"] == FULL_NAMES["alice"]
    assert (claims["active"], claims["after"]) == (True, False)
