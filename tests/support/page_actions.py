"""User actions on the pages. They find elements by their documented ids."""

import json
from typing import Any

from playwright.sync_api import Page

from tests.interop.compatibility import Application
from tests.support.parties import Party
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


def sign_in_to(page: Page, party: Party, application: Application, username: str = "alice") -> dict[str, Any]:
    """Open an application, sign in and allow. Return the claims that the application shows."""
    page.goto(party.url)
    if application.button:
        page.get_by_role("button", name=application.button).click()
    sign_in(page, username)
    allow(page)
    page.wait_for_url(f"{party.url}**")
    claims: dict[str, Any] = json.loads(page.locator("body").inner_text())
    return claims
