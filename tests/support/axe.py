"""Runs axe-core on a page: the rules of WCAG 2.2 A and AA and axe's best practices. Each finding names its element."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from tools.external_programs import NODE_HOME

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
_RUN = "async (tags) => (await axe.run(document, {runOnly: tags, resultTypes: ['violations']})).violations"

_SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
_LANGUAGES = ("en", "de")


@dataclass(frozen=True)
class Look:
    """The color scheme, width and language in which a page is shown."""

    scheme: Literal["light", "dark"]
    width: int
    language: str

    def __str__(self) -> str:
        return f"{self.scheme}-{self.width}-{self.language}"

    def apply(self, page: Page) -> None:
        """Apply this look to a page."""
        page.emulate_media(color_scheme=self.scheme)
        page.set_viewport_size({"width": self.width, "height": 800})
        page.set_extra_http_headers({"Accept-Language": self.language})


def looks(widths: Sequence[int]) -> list[Look]:
    """Return half of all combinations of scheme, width and language. Every two values occur together in one of them."""
    return [
        Look(scheme, width, _LANGUAGES[(row + column) % 2])
        for row, width in enumerate(widths)
        for column, scheme in enumerate(_SCHEMES)
    ]


def findings(page: Page) -> list[str]:
    """Return one line for each element that violates a rule: the rule, the element and the message of axe."""
    # A page may scroll to the focused element. The sticky header then covers the content above that element.
    page.evaluate("window.scrollTo(0, 0)")
    violations: list[dict[str, Any]] = _evaluate(page)
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    ]


def assert_accessible(page: Page) -> None:
    """Fail with all findings if there are any."""
    found = findings(page)
    assert not found, f"axe on {page.url}:\n" + "\n".join(found)


def _evaluate(page: Page) -> Any:
    """Run axe in an isolated world, where the page's Content-Security-Policy applies and does not block it."""
    session = page.context.new_cdp_session(page)
    try:
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})
        context = world["executionContextId"]
        _run(session, context, _source())
        return _run(session, context, f"({_RUN})({TAGS})")
    finally:
        session.detach()


def _run(session: Any, context: int, expression: str) -> Any:
    response = session.send(
        "Runtime.evaluate",
        {"expression": expression, "contextId": context, "awaitPromise": True, "returnByValue": True},
    )
    assert "exceptionDetails" not in response, response["exceptionDetails"]
    return response["result"].get("value")


@cache
def _source() -> str:
    path = NODE_HOME / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.skip("axe-core is not installed in tests/interop/node")
    return path.read_text(encoding="utf-8")
