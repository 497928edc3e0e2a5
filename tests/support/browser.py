"""A real Chromium driven by Playwright: one per worker, a fresh context per test, and no complaint goes unseen.

A console error, a violated Content-Security-Policy or an uncaught exception fails the test that caused it, unless the
test said beforehand which text it expects (`complaints.expect("…")`).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tools import peers

# The first two are for running as root and without a screen; the others keep Chromium from calling its maker.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 15_000
RESULTS = peers.ROOT / "test-results"


class Complaints:
    """What the browser complained about on the pages that it watches."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._expected: list[str] = []

    def watch(self, page: Page) -> None:
        """Listens to a page and to every page that it opens."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._texts.append(f"uncaught: {error}"))
        page.on("popup", self.watch)

    def expect(self, text: str) -> None:
        """Lets complaints that hold this text pass."""
        self._expected.append(text)

    def heard(self, text: str) -> bool:
        """Whether there was a complaint that holds this text."""
        return any(text in complaint for complaint in self._texts)

    def unexpected(self) -> list[str]:
        """The complaints that nobody announced."""
        return [text for text in self._texts if not any(expected in text for expected in self._expected)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location.get("url", "")
            self._texts.append(f"{message.text} ({place})")


@contextmanager
def launched() -> Iterator[Browser]:
    """A Chromium, or the skipping of the test that asked for it where there is none."""
    path = peers.chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def fresh_page(browser: Browser, complaints: Complaints, base_url: str | None) -> Iterator[Page]:
    """A page in a context of its own: no cookie of another test, no cache."""
    context = browser.new_context(
        base_url=base_url, viewport={"width": 1360, "height": 900}, service_workers="block"
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints.watch(page)
    try:
        yield page
    finally:
        context.close()


def picture(page: Page, name: str) -> Path:
    """Keeps what a failed test saw last, under test-results/."""
    path = RESULTS / f"{re.sub(r'[^a-zA-Z0-9_-]+', '-', name)}.png"
    path.parent.mkdir(exist_ok=True)
    page.screenshot(path=path, full_page=True)
    return path
