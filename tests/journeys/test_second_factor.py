"""The second factor from end to end in a browser: set up, asked for, replaced by a recovery code, insisted on, removed."""

import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pyotp
import pytest
from playwright.sync_api import Page, expect

from authserver import clock
from tests.support import axe, page_actions
from tests.support.browser import Complaints
from tests.support.people import PASSWORD
from tests.support.relying_party import CHALLENGE
from tests.support.servers import LiveServer

STEP = 30
_ON_THE_WAY = 8
MULTI_FACTOR = "urn:authserver:acr:multi-factor"
CALLBACK = "https://review.example.org/cb"
CODES = re.compile(r"[A-Z]{4}-[A-Z]{4}-[A-Z]{4}")

pytestmark = pytest.mark.browser


class App:
    """An authenticator app. Real time passes in the server, so that it shows codes in advance instead of waiting."""

    def __init__(self, seed: str) -> None:
        self._codes = pyotp.TOTP(seed)
        self._last = 0

    def code(self) -> str:
        """A code that was not shown before and counts now: of this step, or of the next (RFC 6238, section 5.2)."""
        now = clock.timestamp(clock.now())
        # Where this step is nearly over, the one before it would be too old on arrival.
        self._last = max(self._last + 1, (now + _ON_THE_WAY) // STEP - 1)
        assert self._last <= now // STEP + 1, "the test is faster than the codes change"
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
    """Types the seed of the set-up page into an app, and the app's code into the page."""
    page.locator("summary").click()
    app = App(page.locator("#seed").inner_text().replace(" ", ""))
    page.locator("#code").fill(app.code())
    page.locator("#authenticator-save").click()
    expect(page.locator("#codes")).to_be_visible()
    return app, CODES.findall(page.locator("#codes").inner_text())


def asked_of(page: Page, server: LiveServer, **more: str) -> str:
    """The address at which an application asks for a sign-in; what it gets back is caught in the browser."""
    key = server.add_client("Model review", CALLBACK)["client_key"]
    page.route(f"{CALLBACK}*", lambda route: route.fulfill(body="back at the application"))
    query = {
        "client_id": key,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{server.url}/oauth2/authorize?{urlencode(query | more)}"


def is_back_with_a_code(page: Page) -> None:
    page.wait_for_url(f"{CALLBACK}*")
    assert "code" in parse_qs(urlsplit(page.url).query)


def test_from_setting_up_to_removing(page: Page, server: LiveServer) -> None:
    """Set up by the typed seed, sign in with password and code, with a recovery code, and remove."""
    sign_in(page, server)
    page.get_by_role("link", name="Authenticator app", exact=True).first.click()
    page.locator("#authenticator-start").click()
    page.wait_for_function("document.querySelector('.qr')?.naturalWidth > 0")
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


def test_an_application_that_insists_has_an_app_set_up_on_the_way(page: Page, server: LiveServer) -> None:
    """The detour leads to the account page, and with one button back to the application."""
    insisting = {"id_token": {"acr": {"essential": True, "value": MULTI_FACTOR}}}
    page.goto(asked_of(page, server, claims=json.dumps(insisting)))
    page_actions.sign_in(page, "alice")
    page.locator("#second-factor-set-up").click()
    save(page)
    page.locator("#authenticator-continue").click()
    page_actions.allow(page)
    is_back_with_a_code(page)


@pytest.mark.only_on("sqlite")
def test_the_way_over_the_account_speaks_the_language_of_the_application(
    page: Page, server: LiveServer, complaints: Complaints
) -> None:
    """Set-up, its mistakes, other sessions ended, and back: German, as the application asks, in an English browser."""
    complaints.expect("422")
    insisting = {"id_token": {"acr": {"essential": True, "value": MULTI_FACTOR}}}
    other = page.context.browser.new_context()
    sign_in(other.new_page(), server)
    page.goto(asked_of(page, server, claims=json.dumps(insisting), ui_locales="de"))
    page_actions.sign_in(page, "alice")
    _is_german(page, "Zweiten Faktor einrichten")
    page.locator("#second-factor-set-up").click()
    _is_german(page, "Authenticator-App einrichten")
    page.locator("#code").fill("000000")
    page.locator("#authenticator-save").click()
    expect(page.locator("#error-summary")).to_contain_text("Das ist nicht der aktuelle Code.")
    _is_german(page, "Authenticator-App einrichten")
    page.locator("summary").click()
    save(page)
    _is_german(page, "Ihre Wiederherstellungs\u00adcodes")
    page.locator("#end-others").click()
    expect(page.get_by_role("status")).to_have_text("Eine andere Sitzung wurde abgemeldet.")
    _is_german(page, "Authenticator-App")
    page.locator("#authenticator-continue").click()
    _is_german(page, "Darf Model review Ihr Konto verwenden?")
    page_actions.allow(page)
    is_back_with_a_code(page)
    page.goto(f"{server.url}/account")
    expect(page.locator("h1")).to_have_text("Profile")
    other.close()


def _is_german(page: Page, heading: str) -> None:
    expect(page.locator("h1")).to_have_text(heading)
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_a_mistyped_code_does_not_shut_the_way_to_the_application(
    page: Page, server: LiveServer, complaints: Complaints
) -> None:
    """Nothing between the second code and the application's own address is stopped by our policy (form-action)."""
    complaints.expect("422")
    address = asked_of(page, server)
    sign_in(page, server, "/account/authenticator/set-up")
    app, _ = save(page)
    page.goto(address)
    page_actions.allow(page)
    is_back_with_a_code(page)
    sign_out(page, server)
    page.goto(address)
    page_actions.sign_in(page, "alice")
    enter(page, "000000")
    expect(page.locator("#error-summary")).to_be_visible()
    enter(page, app.code())
    is_back_with_a_code(page)


@pytest.mark.only_on("sqlite")
def test_what_is_shown_once_can_be_kept(page: Page, server: LiveServer) -> None:
    """Copied, downloaded, printed: the same ten codes."""
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
def test_it_works_without_scripts(browser, server: LiveServer) -> None:
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
    page: Page, server: LiveServer, complaints: Complaints, look: axe.Look
) -> None:
    """Beside the lists of ``tests/web``: the states that only somebody with an app sees."""
    complaints.expect("422")
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
