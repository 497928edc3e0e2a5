"""Somebody else has guessed a user's password too often: the user and an administrator help themselves in a browser."""

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.support import axe, page_actions
from tests.support.browser import BrowserErrors
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer

LIMIT = 10

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]


@pytest.fixture
def server(live_server: LiveServer, browser_errors: BrowserErrors) -> LiveServer:
    browser_errors.expect("422")
    browser_errors.expect("429")
    live_server.add_user("alice", password=PASSWORD)
    return live_server


def guess(page: Page, server: LiveServer) -> None:
    """Enter wrong passwords in another browser until the limit is reached."""
    other = page.context.browser.new_context()
    guessing = other.new_page()
    guessing.goto(f"{server.url}/sign-in")
    for number in range(LIMIT):
        page_actions.sign_in(guessing, "alice", f"guess {number}")
        expect(guessing.locator("#error-summary")).to_be_visible()
    other.close()


def set_up_app(page: Page, server: LiveServer) -> str:
    """Set up an authenticator app in another browser. Return a recovery code."""
    other = page.context.browser.new_context()
    account = other.new_page()
    account.goto(f"{server.url}/account/authenticator/set-up")
    page_actions.sign_in(account, "alice")
    account.locator("summary").click()
    seed = account.locator("#seed").inner_text().replace(" ", "")
    account.locator("#code").fill(pyotp.TOTP(seed).now())
    account.locator("#authenticator-save").click()
    codes = re.findall(r"[A-Z]{4}-[A-Z]{4}-[A-Z]{4}", account.locator("#codes").inner_text())
    other.close()
    return str(codes[0])


def reach_limit(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/sign-in?next=/account/sessions")
    page_actions.sign_in(page, "alice")
    expect(page.locator("#limit-reached")).to_be_visible()


def test_user_signs_in_with_password_and_code(page: Page, server: LiveServer) -> None:
    code = set_up_app(page, server)
    guess(page, server)
    reach_limit(page, server)
    page.locator("#password").fill(PASSWORD)
    page.locator("#code").fill("000000")
    page.locator("#login-submit").click()
    expect(page.locator("#error-summary")).to_contain_text(
        "The user name, the password or the code is wrong."
    )
    page.locator("#password").fill(PASSWORD)
    page.locator("#code").fill(code)
    page.locator("#login-submit").click()
    page.wait_for_url("**/account/sessions")


def test_administrator_lifts_the_limit(page: Page, server: LiveServer) -> None:
    server.add_user("admin", password=PASSWORD, grant="configure_server")
    guess(page, server)
    reach_limit(page, server)
    other = page.context.browser.new_context()
    console = other.new_page()
    console.goto(f"{server.url}/admin/users")
    page_actions.sign_in(console, "admin")
    console.get_by_role("link", name="alice", exact=True).click()
    expect(console.locator("#sign-in-limit")).to_contain_text("Reached")
    console.get_by_role("link", name="Lift the sign-in limit").click()
    console.get_by_role("button", name="Lift the limit").click()
    expect(console.locator("#sign-in-limit")).to_contain_text("not reached")
    other.close()
    page.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").click()
    page.wait_for_url("**/account/sessions")


@pytest.mark.parametrize("look", axe.looks([320, 1360]), ids=str)
def test_page_is_accessible(page: Page, server: LiveServer, look: axe.Look) -> None:
    look.apply(page)
    guess(page, server)
    reach_limit(page, server)
    expect(page.locator("#error-summary")).to_be_focused()
    axe.assert_accessible(page)
    hidden = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert hidden == 0
