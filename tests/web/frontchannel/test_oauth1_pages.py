"""The pages of OAuth 1.0a in a real browser: accessible in both color schemes and at narrow widths."""

import json

import pytest
import requests

from tests.interop.applications import LYO_EMULATION
from tests.support import axe, page_actions, parties
from tests.support.sample_users import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]


@pytest.fixture(params=axe.looks([320, 1360]), ids=str)
def look(request, page):
    request.param.apply(page)
    return request.param


def check(page, url=None):
    if url:
        page.goto(url)
    axe.assert_accessible(page)
    hidden = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert hidden == 0, f"{page.url} is wider than the window by {hidden} px"


def test_every_page_is_accessible(live_server, page, browser_errors, look):
    browser_errors.expect("Failed to load resource")  # error pages
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    keys = [request_key(live_server) for _ in range(2)]
    page.goto(f"{live_server.url}/oauth/approveKey?key={keys[0]}")
    page_actions.sign_in(page, "admin")
    page.wait_for_selector("#key-approve")
    check(page)
    page.locator("#redirect_uris").fill("javascript:alert(1)")
    page.locator("#key-approve").click()
    page.wait_for_selector("#error-summary")
    check(page)
    page.locator("#redirect_uris").fill("")
    page.locator("#key-approve").click()
    page.wait_for_selector("#key-approve", state="detached")
    check(page)
    page.goto(f"{live_server.url}/oauth/approveKey?key={keys[1]}")
    page.locator("#key-remove").click()
    page.wait_for_selector("#key-remove", state="detached")
    check(page)
    for path in (f"/oauth/approveKey?key={keys[1]}", "/oauth/authorize?oauth_token=nothing"):
        check(page, f"{live_server.url}{path}")
    for path in ("settings", "oauth1", "oauth1/debugger"):
        check(page, f"{live_server.url}/admin/clients/{keys[0]}/{path}")
    page.locator("#url").fill(f"{live_server.url}/oauth/whoami")
    page.locator("#debug").click()
    page.wait_for_selector("#diagnosis")
    check(page)


def test_warning_and_verifier_pages_are_accessible(live_server, page, browser_errors, look):
    browser_errors.expect("/favicon.ico")
    live_server.add_user("alice", password=PASSWORD)
    with parties.start(live_server, LYO_EMULATION) as party:
        page.goto(party.url)
        page_actions.sign_in(page, "alice")
        page.wait_for_selector("#oauth10-warning")
        check(page)
    page.goto(out_of_band(live_server))
    page.wait_for_selector("#consent-allow")
    check(page)
    page_actions.allow(page)
    page.wait_for_selector("#verifier")
    check(page)


def request_key(server):
    response = requests.post(
        f"{server.url}/oauth/requestKey", json={"name": "ELM at work", "secret": "s3cret"}, timeout=10
    )
    return response.json()["key"]


def out_of_band(server):
    """Return the authorization URL that a consumer without a callback prints on its terminal."""
    from requests_oauthlib import OAuth1Session

    arguments = ["--type", "oauth1", "--name", "Terminal", "--generate-secret", "--approve", "--json"]
    client = json.loads(server.command("clients", "add", *arguments))
    db = OAuth1Session(client["client_key"], client_secret=client["client_secret"], callback_uri="oob")
    db.fetch_request_token(f"{server.url}/oauth/requestToken")
    return db.authorization_url(f"{server.url}/oauth/authorize")
