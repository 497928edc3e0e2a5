"""Chromium driven by Playwright: one per worker, and a new context for each test.

A console error, a violated Content-Security-Policy or an uncaught exception fails the test that caused it, unless
the test expects the message (`browser_errors.expect("…")`).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tools import external_programs

# The first two allow root and a machine without a screen. The others prevent connections to the vendor.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 15_000
RESULTS = external_programs.ROOT / "test-results"


class BrowserErrors:
    """The errors that the browser reported on the pages that it watches."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._expected: list[str] = []

    def watch(self, page: Page) -> None:
        """Watch a page and every page that it opens."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._texts.append(f"uncaught: {error}"))
        page.on("popup", self.watch)

    def expect(self, text: str) -> None:
        """Allow errors that contain this text."""
        self._expected.append(text)

    def contains(self, text: str) -> bool:
        """Return whether an error contained this text."""
        return any(text in error for error in self._texts)

    def unexpected(self) -> list[str]:
        """Return the errors that the test did not expect."""
        return [text for text in self._texts if not any(expected in text for expected in self._expected)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location.get("url", "")
            self._texts.append(f"{message.text} ({place})")


@contextmanager
def launched() -> Iterator[Browser]:
    """Start Chromium, or skip the test if there is none."""
    path = external_programs.chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def fresh_page(browser: Browser, browser_errors: BrowserErrors, base_url: str | None) -> Iterator[Page]:
    """Open a page in a new context, without cookies or cache. If the browser asks before it leaves a page, agree."""
    context = browser.new_context(
        base_url=base_url, viewport={"width": 1360, "height": 900}, service_workers="block"
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    browser_errors.watch(page)
    page.on("dialog", lambda dialog: dialog.accept())
    try:
        yield page
    finally:
        context.close()


def save_screenshot(page: Page, name: str) -> Path:
    """Save a screenshot of a failed test under test-results/."""
    path = RESULTS / f"{re.sub(r'[^a-zA-Z0-9_-]+', '-', name)}.png"
    path.parent.mkdir(exist_ok=True)
    page.screenshot(path=path, full_page=True)
    return path
