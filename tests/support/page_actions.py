"""User actions on the pages. They find elements by their documented ids."""

from playwright.sync_api import Page

from tests.support.sample_users import PASSWORD


def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in page and submit it."""
    page.locator("#username").fill(username)
    page.locator("#password").fill(password)
    page.locator("#login-submit").click()


def allow(page: Page) -> None:
    """Allow on the consent page."""
    page.locator("#consent-allow").click()


def deny(page: Page) -> None:
    """Deny on the consent page."""
    page.locator("#consent-deny").click()
