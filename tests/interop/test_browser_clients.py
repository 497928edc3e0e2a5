"""More relying parties of other projects sign users in, in a real browser: web frameworks and a single-page application."""

import json

import pytest
from playwright.sync_api import expect

from tests.interop.applications import AUTH_JS, DJANGO, OIDC_CLIENT_TS, PASSPORT_OPENIDCONNECT
from tests.interop.compatibility import Check, shows
from tests.support import page_actions, parties
from tests.support.sample_users import FULL_NAMES

pytestmark = [pytest.mark.interop, pytest.mark.browser]
FRAMEWORKS = [AUTH_JS, DJANGO, PASSPORT_OPENIDCONNECT]


@pytest.mark.parametrize("application", FRAMEWORKS, ids=[application.name for application in FRAMEWORKS])
@shows(Check.SIGN_IN, *FRAMEWORKS)
def test_framework_signs_a_user_in(page, server, application):
    with parties.start(server, application) as party:
        claims = page_actions.sign_in_to(page, party, application)
    assert (claims["name"], claims["email"]) == (FULL_NAMES["alice"], "alice@example.org")
    assert claims["sub"]


@shows(Check.SIGN_IN, OIDC_CLIENT_TS)
@shows(Check.REFRESH, OIDC_CLIENT_TS)
@shows(Check.SIGN_OUT, OIDC_CLIENT_TS)
def test_single_page_application_signs_in_renews_its_token_and_signs_out(page, server):
    with parties.start(server, OIDC_CLIENT_TS) as party:
        page.goto(party.url)
        page_actions.sign_in(page, "alice")
        page_actions.allow(page)
        shown = page.locator("#user")
        expect(shown).to_contain_text(FULL_NAMES["alice"])
        assert json.loads(shown.inner_text())["email"] == "alice@example.org"
        page.locator("#renew").click()
        expect(shown).to_contain_text('"isRenewed":true')
        page.locator("#sign-out").click()
        page.wait_for_url(f"{party.url}signed-out**")
        expect(shown).to_have_text('{"isSignedOut":true}')
