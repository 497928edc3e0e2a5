"""Clients that validate every response strictly: openid-client's hybrid flow with form_post, and oauth4webapi."""

import json

import pytest

from tests.interop.applications import OAUTH4WEBAPI, OPENID_CLIENT_HYBRID
from tests.interop.compatibility import Check, shows
from tests.support import page_actions, parties
from tests.support.sample_users import FULL_NAMES

pytestmark = [pytest.mark.interop, pytest.mark.browser]


def sign_in(page, party):
    page.goto(party.url)
    page_actions.sign_in(page, "alice")
    page_actions.allow(page)
    page.wait_for_url(f"{party.url}callback**")
    return json.loads(page.locator("body").inner_text())


@shows(Check.SIGN_IN, OPENID_CLIENT_HYBRID)
def test_openid_client_accepts_a_hybrid_response_by_form_post(page, server):
    with parties.start(server, OPENID_CLIENT_HYBRID) as party:
        assert sign_in(page, party)["name"] == FULL_NAMES["alice"]


@shows(Check.SIGN_IN, OAUTH4WEBAPI)
def test_oauth4webapi_accepts_all_responses(page, server):
    with parties.start(server, OAUTH4WEBAPI) as party:
        claims = sign_in(page, party)
    assert claims["name"] == FULL_NAMES["alice"]
    assert (claims["active"], claims["after"]) == (True, False)
