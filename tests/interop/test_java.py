"""Java applications sign users in: Spring Boot, and the OAuth 1.0a consumers of engineering tools."""

import json

import pytest
from playwright.sync_api import expect

from tests.interop.applications import LYO, NET_OAUTH, SCRIBEJAVA, SPRING_BOOTS
from tests.interop.compatibility import Check, shows
from tests.support import page_actions, parties
from tests.support.sample_users import FULL_NAMES

pytestmark = [pytest.mark.interop, pytest.mark.browser, pytest.mark.toolchain]
CONSUMERS = (SCRIBEJAVA, NET_OAUTH)


def names(applications):
    return [application.name for application in applications]


@pytest.mark.parametrize("application", SPRING_BOOTS, ids=names(SPRING_BOOTS))
@shows(Check.SIGN_IN, *SPRING_BOOTS)
@shows(Check.SIGN_OUT, *SPRING_BOOTS)
def test_spring_boot_signs_a_user_in_and_out(page, server, application):
    with parties.start(server, application) as party:
        claims = page_actions.sign_in_to(page, party, application)
        assert (claims["name"], claims["email"]) == (FULL_NAMES["alice"], "alice@example.org")
        page.goto(f"{party.url}logout")
        page.get_by_role("button", name="Log Out").click()
        page.wait_for_url(f"{party.url}signed-out**")
        assert page.locator("body").inner_text() == "signed out"


@pytest.mark.parametrize("application", CONSUMERS, ids=names(CONSUMERS))
@shows(Check.SIGN_IN, *CONSUMERS)
def test_consumer_signs_a_user_in(page, server, application):
    with parties.start(server, application) as party:
        assert page_actions.sign_in_to(page, party, application)["username"] == "alice"
        assert "oauth_verifier=" in page.url


@shows(Check.SIGN_IN, LYO)
def test_lyo_signs_a_user_in_with_the_addresses_of_the_root_services(page, server):
    with parties.start(server, LYO) as party:
        page.goto(party.url)
        page_actions.sign_in(page, "alice")
        expect(page.locator("#oauth10-warning")).to_be_visible()
        page_actions.allow(page)
        page.wait_for_url(f"{party.url}callback**")
        assert json.loads(page.locator("body").inner_text())["username"] == "alice"
