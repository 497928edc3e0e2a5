"""The pages in a real browser: accessible in both color schemes and at all widths, small, usable without scripts."""

from urllib.parse import urlencode

import pytest

from tests.support import axe, page_actions
from tests.support import browser as chromium
from tests.support.sample_users import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]
MAX_SIGN_IN_SIZE = 15 * 1024  # compressed, everything that the page loads
MAX_REQUESTS = 4
WIDTHS = [320, 390, 1360]
SIGNED_OUT_PAGES = ["/sign-in", "/sign-out", "/setup?token=nothing", "/nothing"]
SIGNED_IN_PAGES = [
    "/sign-out",
    "/sign-in?again=1&next=/account",
    "/sign-in?switch=1",
    "/account",
    "/account/sessions",
    "/account/applications",
    "/account/password",
    "/account/authenticator",
    "/account/authenticator/set-up",
    "/account/activity",
    "/account/data",
    "/admin",
]
REDIRECT_URI = "https://review.example.org/cb"


@pytest.fixture
def server(live_server):
    live_server.add_user("alice", password=PASSWORD)
    return live_server


@pytest.fixture(params=axe.looks(WIDTHS), ids=str)
def look(request, page):
    request.param.apply(page)
    return request.param


def check(page, url):
    page.goto(url)
    axe.assert_accessible(page)
    hidden = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert hidden == 0, f"{url} is wider than the window by {hidden} px"


def authorization_url(server, client_key):
    query = {
        "client_id": client_key,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid profile email",
        "state": "s",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return f"{server.url}/oauth2/authorize?{urlencode(query)}"


def test_every_page_is_accessible(server, page, browser_errors, look):
    check_pages(server, page, browser_errors)
    for path in ("/sign-in?switch=1", "/account"):
        page.goto(f"{server.url}{path}")
        assert page.locator("html").get_attribute("lang") == look.language


def check_pages(server, page, browser_errors):
    """Check every page for users."""
    browser_errors.expect("Failed to load resource")  # error pages
    approved = server.add_client("Model review", REDIRECT_URI)["client_key"]
    pending = server.add_client("Model review", REDIRECT_URI, approve=False)["client_key"]
    for path in SIGNED_OUT_PAGES:
        check(page, f"{server.url}{path}")
    check(page, authorization_url(server, pending))
    check(page, authorization_url(server, approved))
    page_actions.sign_in(page, "alice", "wrong")
    page.wait_for_selector("#error-summary")
    axe.assert_accessible(page)
    page_actions.sign_in(page, "alice")
    page.wait_for_selector("#consent-allow")
    axe.assert_accessible(page)
    for path in SIGNED_IN_PAGES:
        check(page, f"{server.url}{path}")
    page.goto(f"{server.url}/account")
    page.locator(".menu-button").click()
    axe.assert_accessible(page)


@pytest.mark.own_server
@pytest.mark.parametrize("language", ["en", "de"])
def test_setup_page_is_accessible(live_server, page, language):
    link = next(word for word in live_server.log_text().split() if "/setup?token=" in word)
    for look in axe.looks(WIDTHS):
        if look.language == language:
            look.apply(page)
            check(page, link)
    page.locator("#username").fill("root")
    page.locator("#password").fill("a password of the first administrator")
    page.locator("#setup-submit").click()
    page.wait_for_url("**/admin")


def test_sign_in_page_is_small(server, page):
    responses = []
    page.on("response", lambda answer: responses.append(answer))  # noqa: PLW0108 - Playwright marks the function
    page.goto(f"{server.url}/sign-in", wait_until="networkidle")
    size = sum(answer.request.sizes()["responseBodySize"] for answer in responses)
    assert 1 < len(responses) <= MAX_REQUESTS
    assert 0 < size <= MAX_SIGN_IN_SIZE


def test_password_can_be_shown(server, page):
    page.goto(f"{server.url}/sign-in")
    page.locator("#password").fill("what did I type")
    page.get_by_role("button", name="Show password").click()
    assert page.locator("#password").get_attribute("type") == "text"
    page.get_by_role("button", name="Hide password").click()
    assert page.locator("#password").get_attribute("type") == "password"


def test_password_can_be_shown_in_german(server, page):
    page.goto(f"{server.url}/sign-in?ui_locales=de")
    page.locator("#password").fill("what did I type")
    page.get_by_role("button", name="Anzeigen (Passwort)").click()
    page.get_by_role("button", name="Verbergen (Passwort)").click()
    assert page.locator("#password").get_attribute("type") == "password"


def test_error_summary_gets_the_focus(server, page, browser_errors):
    browser_errors.expect("Failed to load resource")
    page.goto(f"{server.url}/sign-in")
    page_actions.sign_in(page, "alice", "wrong")
    page.wait_for_selector("#error-summary:focus")


def test_pages_work_without_scripts(server, browser):
    context = browser.new_context(java_script_enabled=False, base_url=server.url)
    page = context.new_page()
    page.goto("/account/password")
    assert page.get_by_role("button", name="Show").count() == 0
    page_actions.sign_in(page, "alice")
    page.locator("#old_password").fill(PASSWORD)
    page.locator("#new_password").fill("four quite new words")
    page.locator("#new_password_again").fill("four quite new words")
    page.locator("#password-save").click()
    assert page.get_by_role("status").inner_text().startswith("Your password was changed")
    page.goto("/sign-out")
    page.locator("#logout-confirm").click()
    assert page.locator("h1").inner_text() == "You are signed out"
    context.close()


def test_waiting_page_continues_once_the_client_is_approved(server, page, browser_errors):
    browser_errors.expect("Failed to load resource")
    key = server.add_client("Model review", REDIRECT_URI, approve=False)["client_key"]
    page.goto(authorization_url(server, key))
    assert page.locator("h1").inner_text() == "Waiting for approval"
    server.command("clients", "approve", key)
    page.wait_for_url("**/sign-in**", timeout=2 * chromium.TIMEOUT_MS)
    assert "Model review" in page.locator(".lead").inner_text()
