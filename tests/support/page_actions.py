"""What a person does on our pages, by the ids that the pages promise."""

from playwright.sync_api import Page

from tests.support.people import PASSWORD


def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """Fills in the sign-in page and sends it."""
    page.locator("#username").fill(username)
    page.locator("#password").fill(password)
    page.locator("#login-submit").click()


def allow(page: Page) -> None:
    """Consents."""
    page.locator("#consent-allow").click()


def deny(page: Page) -> None:
    """Refuses to consent."""
    page.locator("#consent-deny").click()
