"""The second factor in a browser: set-up, sign-in, recovery codes, clients that require it, and removal."""

import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pyotp
import pytest
from playwright.sync_api import Page, expect

from authserver import clock
from tests.support import axe, page_actions
from tests.support.browser import BrowserErrors
from tests.support.callbacks import callback_page
from tests.support.relying_party import CHALLENGE
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer

STEP = 30
_MAX_DELAY = 8  # seconds until the server checks a code
MULTI_FACTOR = "urn:authserver:acr:multi-factor"
CODES = re.compile(r"[A-Z]{4}-[A-Z]{4}-[A-Z]{4}")

pytestmark = pytest.mark.browser


class App:
    """An authenticator app. The server uses real time, so the app returns codes in advance instead of waiting."""

    def __init__(self, seed: str) -> None:
        self._codes = pyotp.TOTP(seed)
        self._last = 0

    def code(self) -> str:
        """Return a new valid code, of the current or an adjacent time step (RFC 6238, section 5.2)."""
        now = clock.timestamp(clock.now())
        # Near the end of a step, the code of the previous step would be too old when it arrives.
        self._last = max(self._last + 1, (now + _MAX_DELAY) // STEP - 1)
        assert self._last <= now // STEP + 1, "the test needs more codes than the server accepts at this time"
        return self._codes.generate_otp(self._last)


@pytest.fixture
def server(live_server: LiveServer) -> LiveServer:
    live_server.add_user("alice", password=PASSWORD)
    return live_server


def sign_out(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/sign-out")
    page.locator("#logout-confirm").click()
    expect(page.get_by_text("You are signed out").first).to_be_visible()


def sign_in(page: Page, server: LiveServer, path: str = "/account") -> None:
    page.goto(f"{server.url}{path}")
    page_actions.sign_in(page, "alice")


def enter(page: Page, code: str) -> None:
    page.locator("#code").fill(code)
    page.locator("#login-submit").click()


def save(page: Page) -> tuple[App, list[str]]:
    """Enter the seed of the set-up page in an app, and the app's code on the page; return the app and the recovery codes."""
    page.locator("summary").click()
    app = App(page.locator("#seed").inner_text().replace(" ", ""))
    page.locator("#code").fill(app.code())
    page.locator("#authenticator-save").click()
    expect(page.locator("#codes")).to_be_visible()
    return app, CODES.findall(page.locator("#codes").inner_text())


@pytest.fixture
def callback() -> Iterator[str]:
    """The URL of the page to which the client's sign-ins return."""
    with callback_page() as page:
        yield page.url


def authorization_url(server: LiveServer, callback: str, **more: str) -> str:
    """Return a URL that requests a sign-in."""
    key = server.add_client("Model review", callback)["client_key"]
    query = {
        "client_id": key,
        "response_type": "code",
        "redirect_uri": callback,
        "scope": "openid",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{server.url}/oauth2/authorize?{urlencode(query | more)}"


def expect_redirect_with_code(page: Page, callback: str) -> None:
    page.wait_for_url(f"{callback}*")
    assert "code" in parse_qs(urlsplit(page.url).query)


def test_set_up_sign_in_and_removal(page: Page, server: LiveServer) -> None:
    """Set up the app with the typed seed, sign in with a code and with a recovery code, and remove the app."""
    sign_in(page, server)
    page.get_by_role("link", name="Authenticator app", exact=True).first.click()
    page.locator("#authenticator-start").click()
    page.locator(".qr").evaluate("image => image.decode()")
    app, recovery_codes = save(page)
    assert len(recovery_codes) == 10
    page.locator("#codes-done").click()
    expect(page.locator("#codes-left")).to_have_text("10")

    sign_out(page, server)
    sign_in(page, server)
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    enter(page, app.code())
    page.wait_for_url("**/account")

    sign_out(page, server)
    sign_in(page, server)
    enter(page, recovery_codes[4].lower().replace("-", ""))
    page.wait_for_url("**/account")
    page.goto(f"{server.url}/account/authenticator")
    expect(page.locator("#codes-left")).to_have_text("9")

    page.locator("#authenticator-remove").click()
    page.locator("#remove-confirm").click()
    expect(page.get_by_role("status")).to_contain_text("The authenticator app was removed.")
    sign_out(page, server)
    sign_in(page, server)
    page.wait_for_url("**/account")
    expect(page.get_by_role("heading", name="Profile")).to_be_visible()


def test_required_second_factor_is_set_up_during_the_sign_in(
    page: Page, server: LiveServer, callback: str
) -> None:
    """The sign-in continues on the account page, and one button returns to the client."""
    required_claims = {"id_token": {"acr": {"essential": True, "value": MULTI_FACTOR}}}
    page.goto(authorization_url(server, callback, claims=json.dumps(required_claims)))
    page_actions.sign_in(page, "alice")
    page.locator("#second-factor-set-up").click()
    save(page)
    page.locator("#authenticator-continue").click()
    page_actions.allow(page)
    expect_redirect_with_code(page, callback)


@pytest.mark.only_on("sqlite")
def test_set_up_during_a_sign_in_uses_the_requested_language(
    page: Page, server: LiveServer, callback: str, browser_errors: BrowserErrors
) -> None:
    """Set-up, errors, ended sessions and the redirect are in German, as requested; the browser prefers English."""
    browser_errors.expect("422")
    required_claims = {"id_token": {"acr": {"essential": True, "value": MULTI_FACTOR}}}
    other = page.context.browser.new_context()
    sign_in(other.new_page(), server)
    page.goto(authorization_url(server, callback, claims=json.dumps(required_claims), ui_locales="de"))
    page_actions.sign_in(page, "alice")
    _expect_german(page, "Zweiten Faktor einrichten")
    page.locator("#second-factor-set-up").click()
    _expect_german(page, "Authenticator-App einrichten")
    page.locator("#code").fill("000000")
    page.locator("#authenticator-save").click()
    expect(page.locator("#error-summary")).to_contain_text("Das ist nicht der aktuelle Code.")
    _expect_german(page, "Authenticator-App einrichten")
    page.locator("summary").click()
    save(page)
    _expect_german(page, "Ihre Wiederherstellungs\u00adcodes")
    page.locator("#end-others").click()
    expect(page.get_by_role("status")).to_have_text("Eine andere Sitzung wurde abgemeldet.")
    _expect_german(page, "Authenticator-App")
    page.locator("#authenticator-continue").click()
    _expect_german(page, "Darf Model review Ihr Konto verwenden?")
    page_actions.allow(page)
    expect_redirect_with_code(page, callback)
    page.goto(f"{server.url}/account")
    expect(page.locator("h1")).to_have_text("Profile")
    other.close()


def _expect_german(page: Page, heading: str) -> None:
    expect(page.locator("h1")).to_have_text(heading)
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_mistyped_code_does_not_block_the_redirect(
    page: Page, server: LiveServer, callback: str, browser_errors: BrowserErrors
) -> None:
    """The Content-Security-Policy (form-action) does not block the redirect after the second code."""
    browser_errors.expect("422")
    address = authorization_url(server, callback)
    sign_in(page, server, "/account/authenticator/set-up")
    app, _ = save(page)
    page.goto(address)
    page_actions.allow(page)
    expect_redirect_with_code(page, callback)
    sign_out(page, server)
    page.goto(address)
    page_actions.sign_in(page, "alice")
    enter(page, "000000")
    expect(page.locator("#error-summary")).to_be_visible()
    enter(page, app.code())
    expect_redirect_with_code(page, callback)


@pytest.mark.only_on("sqlite")
def test_recovery_codes_can_be_saved(page: Page, server: LiveServer) -> None:
    """Copying, downloading and printing yield the same ten codes."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, server, "/account/authenticator/set-up")
    page.get_by_text("Without a camera").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    seed = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"([A-Z2-7]{4} ?){8}", seed)
    page.get_by_text("Without a camera").click()
    _, codes = save(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert CODES.findall(page.evaluate("navigator.clipboard.readText()")) == codes
    with page.expect_download() as started:
        page.locator("#codes-download").click()
    assert started.value.suggested_filename == "recovery-codes.txt"
    assert CODES.findall(started.value.path().read_text(encoding="utf-8")) == codes
    page.emulate_media(media="print")
    assert page.locator("#codes").is_visible()
    assert not page.get_by_role("navigation", name="Account").is_visible()


@pytest.mark.only_on("sqlite")
def test_set_up_works_without_scripts(browser, server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, server, "/account/authenticator/set-up")
    assert page.get_by_role("button", name="Copy").count() == 0
    app, _ = save(page)
    assert page.get_by_role("button", name="Print").count() == 0
    sign_out(page, server)
    sign_in(page, server)
    enter(page, app.code())
    page.wait_for_url("**/account")
    context.close()


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("look", axe.looks([320, 1360]), ids=str)
def test_every_state_of_the_pages_is_accessible(
    page: Page, server: LiveServer, browser_errors: BrowserErrors, look: axe.Look
) -> None:
    """Complements the lists in ``tests/web`` with the states that require an authenticator app."""
    browser_errors.expect("422")
    look.apply(page)
    other = page.context.browser.new_context()
    sign_in(other.new_page(), server)
    sign_in(page, server, "/account/authenticator/set-up")
    page.locator("summary").click()
    _check(page)
    page.locator("#code").fill("000000")
    page.locator("#authenticator-save").click()
    expect(page.locator("#error-summary")).to_be_focused()
    _check(page)
    page.locator("summary").click()
    save(page)
    expect(page.locator("#end-others")).to_be_visible()
    _check(page)
    for path in ("", "?next=/account/sessions", "/recovery-codes", "/remove"):
        page.goto(f"{server.url}/account/authenticator{path}")
        _check(page)
    page.goto(f"{server.url}/account/authenticator/recovery-codes")
    page.locator("#codes-renew").click()
    expect(page.locator("#codes")).to_be_visible()
    _check(page)
    page.goto(f"{server.url}/account")
    expect(page.locator("html")).to_have_attribute("lang", look.language)
    page.locator("summary").click()
    _check(page)
    other.close()


def _check(page: Page) -> None:
    axe.assert_accessible(page)
    hidden = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert hidden == 0, f"{page.url} is wider than the window by {hidden} px"
