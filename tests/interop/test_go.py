"""Go programs sign users in and connect a device: oauth2-proxy, and go-oidc with golang.org/x/oauth2."""

import json

import pytest
import requests

from tests.interop.applications import GO_OIDC, OAUTH2_PROXY
from tests.interop.compatibility import Check, shows
from tests.support import page_actions, parties
from tests.support.sample_users import FULL_NAMES

pytestmark = [pytest.mark.interop, pytest.mark.browser, pytest.mark.toolchain]
TIMEOUT = 30


@shows(Check.SIGN_IN, OAUTH2_PROXY)
def test_oauth2_proxy_lets_a_user_in(page, server):
    with parties.start(server, OAUTH2_PROXY) as party:
        page.goto(party.url)
        page_actions.sign_in(page, "alice")
        page_actions.allow(page)
        page.wait_for_url(party.url)
        assert "Authenticated" in page.content()
        page.goto(f"{party.url}oauth2/userinfo")
        assert json.loads(page.locator("body").inner_text())["email"] == "alice@example.org"


@pytest.fixture(scope="module")
def go_oidc(server):
    with parties.start(server, GO_OIDC) as party:
        yield party


def get_json(party, path):
    response = requests.get(f"{party.url}{path}", timeout=TIMEOUT)
    assert response.status_code == 200, response.text
    return response.json()


@shows(Check.SIGN_IN, GO_OIDC)
@shows(Check.REFRESH, GO_OIDC)
def test_go_oidc_signs_a_user_in_and_refreshes_the_token(page, go_oidc):
    claims = page_actions.sign_in_to(page, go_oidc, GO_OIDC)
    assert (claims["name"], claims["email"]) == (FULL_NAMES["alice"], "alice@example.org")
    assert get_json(go_oidc, "refresh")["sub"] == claims["sub"]


@shows(Check.DEVICE, GO_OIDC)
def test_go_connects_a_device(page, server, go_oidc):
    """x/oauth2 sends no secret to the device authorization endpoint."""
    codes = get_json(go_oidc, "device")
    page.goto(codes["verification_uri_complete"])
    page_actions.sign_in(page, "alice")
    page.locator("#device-allow").click()
    page.wait_for_selector("#device-home")
    assert get_json(go_oidc, "device-result")["name"] == FULL_NAMES["alice"]
