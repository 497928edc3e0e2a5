"""Runs axe-core on a page: WCAG 2.2 A and AA and axe's best practices, every finding with its element."""

from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page

from tools.peers import NODE_HOME

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
_RUN = "async (tags) => (await axe.run(document, {runOnly: tags, resultTypes: ['violations']})).violations"


def findings(page: Page) -> list[str]:
    """One line per element that breaks a rule: rule, element, and what axe says."""
    violations: list[dict[str, Any]] = _evaluate(page)
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    ]


def assert_accessible(page: Page) -> None:
    """Fails with every finding when there are any."""
    found = findings(page)
    assert not found, f"axe on {page.url}:\n" + "\n".join(found)


def _evaluate(page: Page) -> Any:
    """Runs axe in an isolated world: the page's Content-Security-Policy stays in force and sees nothing of it."""
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
    answer = session.send(
        "Runtime.evaluate",
        {"expression": expression, "contextId": context, "awaitPromise": True, "returnByValue": True},
    )
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")


@cache
def _source() -> str:
    path = NODE_HOME / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.skip("axe-core is not installed in tests/interop/node")
    return path.read_text(encoding="utf-8")
