"""An application requests German pages: sign-in, consent and sign-out. The browser prefers English."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.support import page_actions
from tests.support.browser import BrowserErrors
from tests.support.logout import site
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer, free_port

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]
NAME = "Requirements portal"
ICON = '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"></html>'


def test_sign_in_consent_and_sign_out_in_german(
    live_server: LiveServer, page: Page, browser_errors: BrowserErrors
) -> None:
    """A failed sign-in, a sign-in, the consent, the redirect, the confirmation of the sign-out, and its result."""
    browser_errors.expect("422")
    live_server.add_user("alice", password=PASSWORD)
    port = free_port()
    client = live_server.add_client(NAME, f"http://127.0.0.1:{port}/cb")["client_key"]
    with site(port, ICON) as origin:
        page.goto(_request(live_server, client, origin))
        _expect_german(page, "Anmelden")
        expect(page.locator(".lead")).to_have_text(f"um mit {NAME} fortzufahren")
        page_actions.sign_in(page, "alice", "falsch")
        expect(page.locator("#error-summary")).to_contain_text("Benutzername oder Passwort ist falsch.")
        _expect_german(page, "Anmelden")
        page_actions.sign_in(page, "alice")
        _expect_german(page, f"Darf {NAME} Ihr Konto verwenden?")
        expect(page.locator(".permissions")).to_contain_text("Ihre E-Mail-Adresse sehen")
        page_actions.allow(page)
        page.wait_for_url(f"{origin}/cb?**")
        assert parse_qs(urlsplit(page.url).query)["state"] == ["s"]
    page.goto(f"{live_server.url}/oidc/end_session?{urlencode({'client_id': client, 'ui_locales': 'de'})}")
    _expect_german(page, "Abmelden?")
    page.locator("#logout-confirm").click()
    _expect_german(page, "Sie sind abgemeldet")
    page.goto(f"{live_server.url}/sign-in")
    expect(page.locator("h1")).to_have_text("Sign in")


def _request(server: LiveServer, client: str, origin: str) -> str:
    query = {
        "client_id": client,
        "response_type": "code",
        "scope": "openid profile email",
        "redirect_uri": f"{origin}/cb",
        "state": "s",
        "ui_locales": "gsw de-AT en",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return f"{server.url}/oauth2/authorize?{urlencode(query)}"


def _expect_german(page: Page, heading: str) -> None:
    expect(page.locator("h1")).to_have_text(heading)
    expect(page.locator("html")).to_have_attribute("lang", "de")
