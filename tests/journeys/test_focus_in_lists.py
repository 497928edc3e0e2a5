"""An administrator decides on one client after the other: the table keeps its place, and the focus stays in the row."""

import pytest
from playwright.sync_api import Page, expect

from tests.support import page_actions
from tests.support.sample_users import PASSWORD
from tests.web.admin.console import Console

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]

LIST = "/admin/clients?kind=oidc&q=Tool&page=2"


@pytest.fixture
def server(live_server, page):
    """A server with two pages of matching clients, and an administrator who looks at the second one."""
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    console = Console(None, live_server.services)
    for number in range(28):
        console.add_client(f"Tool {number:02}")
    console.add_client("Other", kind="oauth2")
    page.goto(f"{live_server.url}{LIST}")
    page_actions.sign_in(page, "admin")
    page.wait_for_url(f"**{LIST}")
    return live_server


def decide(page: Page, name: str, verb: str, button: str) -> None:
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.locator(".row-menu:popover-open").get_by_role("link", name=verb, exact=True).click()
    page.locator("#dialog").get_by_role("button", name=button, exact=True).click()
    page.wait_for_selector("#message-1")


def expect_focus(page: Page, name: str) -> None:
    expect(page.get_by_role("row", name=name)).to_be_focused()
    assert "kind=oidc" in page.url
    assert "q=Tool" in page.url
    assert "page=2" in page.url


@pytest.mark.parametrize(
    ("verb", "button", "focused", "message"),
    [
        ("Approve", "Approve", "Tool 26", "Tool 26 is approved and can be used."),
        ("Disapprove", "Disapprove", "Tool 26", "Tool 26 is disapproved and can no longer be used."),
        ("Edit", "Save", "Tool 26", "Tool 26 was saved."),
        ("Remove", "Remove permanently", "Tool 27", "Tool 26 was removed."),
    ],
)
def test_focus_stays_in_the_row_and_the_change_is_announced(server, page, verb, button, focused, message):
    decide(page, "Tool 26", verb, button)
    expect_focus(page, focused)
    expect(page.locator("#announcer")).to_have_text(message)
    expect(page.get_by_role("row", name=focused)).to_have_accessible_description(message)


def test_after_the_last_row_the_previous_one_gets_the_focus(server, page):
    decide(page, "Tool 27", "Remove", "Remove permanently")
    expect_focus(page, "Tool 26")


def test_row_that_leaves_the_filter_passes_the_focus_on(server, page):
    page.goto(f"{server.url}{LIST}&status=pending")
    decide(page, "Tool 26", "Approve", "Approve")
    expect_focus(page, "Tool 27")
