"""Three foreign relying parties sign alice in through discovery alone, in a real browser."""

import json

import pytest

from tests.support import parties, ways
from tests.support.people import FULL_NAMES, PASSWORD

pytestmark = [pytest.mark.interop, pytest.mark.browser, pytest.mark.only_on("sqlite")]
PARTIES = [parties.openid_client, parties.authlib_flask, parties.mod_auth_openidc]


@pytest.mark.parametrize("start", PARTIES, ids=lambda start: start.__name__)
def test_party_shows_the_users_name(live_server, page, start):
    live_server.add_user("alice", password=PASSWORD)
    with start(live_server) as party:
        page.goto(party.url)
        ways.sign_in(page, "alice")
        ways.allow(page)
        page.wait_for_url(f"{party.url}**")
        claims = json.loads(page.locator("body").inner_text())
    assert claims["name"] == FULL_NAMES["alice"]
    assert claims["email"] == "alice@example.org"
    assert claims["sub"]


@pytest.mark.parametrize("start", PARTIES, ids=lambda start: start.__name__)
def test_second_sign_in_asks_nothing(live_server, page, start):
    live_server.add_user("alice", password=PASSWORD)
    with start(live_server) as party:
        page.goto(party.url)
        ways.sign_in(page, "alice")
        ways.allow(page)
        page.wait_for_url(f"{party.url}**")
        first = page.locator("body").inner_text()
        page.context.clear_cookies(name="authlib-party")
        page.context.clear_cookies(name="mod_auth_openidc_session")
        page.goto(party.url)
        assert page.url.startswith(party.url)
        assert page.locator("body").inner_text() == first


@pytest.mark.parametrize("start", PARTIES, ids=lambda start: start.__name__)
def test_denial_reaches_the_party(live_server, page, complaints, start):
    complaints.expect("Failed to load resource")  # the party's own error page
    live_server.add_user("alice", password=PASSWORD)
    with start(live_server) as party:
        page.goto(party.url)
        ways.sign_in(page, "alice")
        ways.deny(page)
        page.wait_for_url(f"{party.url}callback?**error=access_denied**")
        assert FULL_NAMES["alice"] not in page.content()
