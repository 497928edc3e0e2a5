"""Three relying parties of other projects sign users in through discovery, in a real browser."""

import json

import pytest

from tests.interop.applications import AUTHLIB, MOD_AUTH_OPENIDC, OPENID_CLIENT
from tests.interop.compatibility import Check, shows
from tests.support import page_actions, parties
from tests.support.sample_users import FULL_NAMES, PASSWORD

pytestmark = [pytest.mark.interop, pytest.mark.browser]
PARTIES = [OPENID_CLIENT, AUTHLIB, MOD_AUTH_OPENIDC]
OWN_COOKIES = ("authlib-party", "mod_auth_openidc_session")  # the parties' own session cookies


@pytest.fixture(scope="module")
def server(shared_servers):
    """One server for all parties of this module. Each test uses another user."""
    server = shared_servers.get("sqlite")
    for name in ("alice", "bob", "charlie"):
        server.add_user(name, password=PASSWORD)
    return server


@pytest.fixture(
    scope="module",
    params=PARTIES,
    ids=[application.name for application in PARTIES],
)
def party(request, server):
    with parties.start(server, request.param) as party:
        yield party


def sign_in(page, party, name):
    page.goto(party.url)
    page_actions.sign_in(page, name)
    page_actions.allow(page)
    page.wait_for_url(f"{party.url}**")
    return json.loads(page.locator("body").inner_text())


@shows(Check.SIGN_IN, *PARTIES)
def test_party_shows_the_users_name(page, party):
    claims = sign_in(page, party, "alice")
    assert claims["name"] == FULL_NAMES["alice"]
    assert claims["email"] == "alice@example.org"
    assert claims["sub"]


def test_second_sign_in_needs_no_interaction(page, party):
    first = sign_in(page, party, "bob")
    for name in OWN_COOKIES:
        page.context.clear_cookies(name=name)
    page.goto(party.url)
    assert page.url.startswith(party.url)
    assert json.loads(page.locator("body").inner_text()) == first


def test_denial_reaches_the_party(page, party, browser_errors):
    browser_errors.expect("Failed to load resource")  # the party's own error page
    page.goto(party.url)
    page_actions.sign_in(page, "charlie")
    page_actions.deny(page)
    page.wait_for_url(f"{party.url}callback?**error=access_denied**")
    assert FULL_NAMES["charlie"] not in page.content()
