"""The console in a real Chromium: dialogs, live checks, copying, and the same pages without scripts."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import update

from authserver import clock
from authserver.domain.user_sessions import UserSession
from tests.support import axe, page_actions, sample_users
from tests.support.sample_users import PASSWORD
from tests.web.admin.console import Console

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]

WIDTHS = [320, 1360]


@pytest.fixture
def server(live_server):
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    return live_server


@pytest.fixture
def key(server):
    uri = "https://grafana.example.org/login"
    return server.add_client("Grafana", uri, approve=False)["client_key"]


def open_console(page: Page, server, path="/admin/clients"):
    page.goto(f"{server.url}{path}")
    page_actions.sign_in(page, "admin")
    page.wait_for_url(f"**{path}")


def test_client_is_created_in_the_dialog_and_approved(page, server):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_console(page, server)
    page.get_by_role("link", name="Create client").click()
    dialog = page.get_by_role("dialog", name="Create client")
    dialog.get_by_role("textbox", name="Client name", exact=True).fill("Grafana")
    uri = dialog.get_by_label("Redirect URIs", exact=True)
    uri.fill("http://grafana.example.org/login")
    expect(dialog.get_by_text("Use https://")).to_be_visible()
    dialog.get_by_role("button", name="Use this").click()
    expect(uri).to_have_value("https://grafana.example.org/login")
    uri.press("Enter")
    expect(dialog.locator(".chip code")).to_have_text(["https://grafana.example.org/login"])
    dialog.get_by_role("button", name="Save", exact=True).click()
    made = page.get_by_role("dialog", name="Grafana was created")
    secret = made.locator("dd code").nth(1).inner_text()
    made.get_by_role("button", name="Copy secret").click()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    made.get_by_role("button", name="Approve now").click()
    expect(page.get_by_text("The client is approved and can be used.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(
        page.get_by_role("row", name="Grafana")
    ).to_be_focused()  # Without a question: the secret was copied.


def test_dialog_survives_an_outdated_sign_in(page, server, browser_errors):
    browser_errors.expect("403")  # the response that makes the browser send the form as a page
    open_console(page, server)
    page.get_by_role("link", name="Create client").click()
    page.get_by_role("textbox", name="Client name", exact=True).fill("Half an hour of typing")
    page.get_by_label("Redirect URIs", exact=True).fill("https://typed.example/cb")
    services = server.services
    with services.database.transaction() as db:
        db.execute(update(UserSession).values(signed_in_at=clock.now() - timedelta(minutes=11)))
    page.get_by_role("button", name="Save and approve").click()
    page.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Half an hour of typing was created")).to_be_visible()
    expect(page.get_by_text("The client is approved")).to_be_visible()


def test_dialog_survives_the_end_of_the_session(page, server, browser_errors):
    browser_errors.expect("403")
    open_console(page, server)
    page.get_by_role("link", name="Create client").click()
    page.get_by_role("textbox", name="Client name", exact=True).fill("Half an hour of typing")
    page.get_by_label("Redirect URIs", exact=True).fill("https://typed.example/cb")
    services = server.services
    with services.database.transaction() as db:
        db.execute(update(UserSession).values(ended_at=clock.now()))
    page.get_by_role("button", name="Save and approve").click()
    expect(page.get_by_text("Your input is preserved")).to_be_visible()
    axe.assert_accessible(page)
    page_actions.sign_in(page, "admin")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Half an hour of typing was created")).to_be_visible()
    expect(page.get_by_text("The client is approved")).to_be_visible()


def test_dialog_survives_a_sign_in_in_another_tab(page, server, browser_errors):
    browser_errors.expect("400")  # the response that makes the browser send the form as a page
    open_console(page, server)
    page.get_by_role("link", name="Create client").click()
    page.get_by_role("textbox", name="Client name", exact=True).fill("Half an hour of typing")
    # Wait for the live check. Its request must not run while the other tab is signed out.
    with page.expect_response("**/redirect-uris/check**"):
        page.get_by_label("Redirect URIs", exact=True).fill("https://typed.example/cb")
    other = page.context.new_page()
    other.goto(f"{server.url}/sign-out")
    other.locator("#logout-confirm").click()
    other.goto(f"{server.url}/sign-in")
    page_actions.sign_in(other, "admin")
    other.wait_for_url(lambda url: "/sign-in" not in url)
    page.get_by_role("button", name="Save and approve").click()
    expect(page.get_by_text("Your input is preserved")).to_be_visible()
    axe.assert_accessible(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Half an hour of typing was created")).to_be_visible()


def test_pasted_lines_become_redirect_uris(page, server):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_console(page, server, "/admin/clients/new")
    page.evaluate(
        "navigator.clipboard.writeText('https://a.example/cb\\r\\n\\r\\nhttps://b.example/cb\\nftp://c.example/')"
    )
    uri = page.get_by_label("Redirect URIs", exact=True)
    uri.focus()
    page.keyboard.press("Control+V")
    chips = page.locator(".chip code")
    expect(chips).to_have_text(["https://a.example/cb", "https://b.example/cb", "ftp://c.example/"])
    expect(page.get_by_text("is not safe for a redirect URI")).to_be_visible()
    page.get_by_role("button", name="Remove ftp://c.example/").click()
    expect(chips).to_have_text(["https://a.example/cb", "https://b.example/cb"])
    uri.fill("https://typed.example/but-not-entered")
    page.get_by_role("textbox", name="Client name", exact=True).fill("Pasted")
    page.locator("#save").click()
    expect(page.get_by_role("heading", name="Pasted was created")).to_be_visible()
    page.get_by_role("link", name="I have copied the secret").click()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_text("https://typed.example/but-not-entered")).to_be_visible()


def test_invalid_input_reopens_the_dialog_with_a_focused_summary(page, server, browser_errors):
    browser_errors.expect("422")
    open_console(page, server)
    page.get_by_role("link", name="Create client").click()
    page.get_by_label("Redirect URIs", exact=True).fill("https://*.example.org/")
    page.locator("#save").click()
    expect(page.locator("#error-summary")).to_be_focused()
    dialog = page.get_by_role("dialog", name="Create client")
    expect(dialog.locator("#name-error")).to_have_text("Enter the name.")
    expect(dialog.locator(".chip").get_by_text("A wildcard would let others")).to_be_visible()
    dialog.get_by_role("link", name="Enter the name.").click()
    expect(dialog.locator("#name")).to_be_focused()
    axe.assert_accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Discard your input?").get_by_role("button", name="Discard").click()
    expect(dialog).to_be_hidden()


def test_client_type_decides_which_fields_are_shown(page, server):
    open_console(page, server, "/admin/clients/new")
    expect(page.get_by_role("group", name="Response types")).to_have_count(1)
    page.get_by_label("OAuth 1.0a").check()
    expect(page.get_by_role("group", name="Grant types")).to_be_hidden()
    expect(page.get_by_label("This application cannot keep a secret")).to_be_hidden()
    page.get_by_label("OAuth 2.0").check()
    expect(page.get_by_role("group", name="Grant types")).to_be_visible()
    expect(page.get_by_role("textbox", name="Re-type the client secret")).to_be_hidden()
    page.get_by_label("Type a secret").check()
    expect(page.get_by_role("textbox", name="Re-type the client secret")).to_be_visible()


def test_row_menu_opens_the_confirmation_and_focuses_cancel(page, server, key):
    server.command("clients", "approve", key)
    open_console(page, server)
    page.get_by_role("button", name="Actions for Grafana").click()
    page.get_by_role("link", name="Disapprove").click()
    dialog = page.get_by_role("dialog", name="Disapprove Grafana")
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Actions for Grafana").click()
    page.get_by_role("link", name="Disapprove").click()
    dialog.get_by_role("button", name="Disapprove").click()
    expect(page.get_by_text("Grafana is disapproved and can no longer be used.")).to_be_visible()


def test_list_follows_the_search_and_updates_the_url(page, server, key):
    server.add_client("Jenkins", "https://jenkins.example.org/cb")
    open_console(page, server)
    page.get_by_label("Search by name, key, redirect URI or owner").press_sequentially("jenk", delay=20)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/admin/clients\?q=jenk$"))
    expect(page.locator("#q")).to_be_focused()
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("#q").fill("")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("Status").select_option("pending")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_search_text_typed_before_htmx_loads_is_used(page, server, key):
    """The list shows the results even if the security extension of htmx loads after the user has typed."""
    open_console(page, server)
    held: list[Route] = []
    page.route("**/hx-csp.min.js", lambda route: held.append(route))  # noqa: PLW0108  # Playwright writes on it.
    with page.expect_request("**/hx-csp.min.js"):
        page.goto(f"{server.url}/admin/clients", wait_until="commit")
    page.wait_for_function("() => window.htmx")
    page.get_by_label("Search").fill("no such client")
    assert page.evaluate("document.readyState") == "loading"
    held.pop().continue_()
    expect(page.get_by_text("No client matches")).to_be_visible()
    expect(page.get_by_role("link", name="Grafana")).to_have_count(0)


def test_selected_rows_are_approved_together(page, server, key):
    server.add_client("Jenkins", "https://jenkins.example.org/cb", approve=False)
    open_console(page, server)
    page.get_by_label("Select all on this page").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("group", name="With the selected clients").get_by_role(
        "button", name="Approve", exact=True
    ).click()
    dialog = page.get_by_role("dialog", name="Approve 2 clients")
    dialog.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("2 clients were approved.")).to_be_visible()


def test_console_works_without_scripts(browser, server):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1360, "height": 900})
    page = context.new_page()
    open_console(page, server)
    page.get_by_role("link", name="Create client").click()
    page.get_by_role("textbox", name="Client name", exact=True).fill("Plain")
    page.get_by_label("Redirect URIs", exact=True).fill("http://plain.example/cb")
    page.locator("#save").click()
    page.get_by_role("button", name="Use https://plain.example/cb").click()
    page.locator("#save").click()
    expect(page.get_by_role("heading", name="Plain was created")).to_be_visible()
    page.get_by_role("link", name="All clients").click()
    page.get_by_role("button", name="Actions for Plain").click()
    page.get_by_role("link", name="Approve", exact=True).click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Plain is approved and can be used.")).to_be_visible()
    page.get_by_label("Search by name, key, redirect URI or owner").fill("plain")
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Select Plain").check()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove permanently").click()
    expect(page.get_by_text("1 client was removed.")).to_be_visible()
    context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 768), ("dark", 1360)])
def test_every_page_is_accessible_and_fits(page, server, key, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    open_console(page, server)
    admin = sample_users.find(server.services.database, "admin")["admin"]
    client, user = f"/admin/clients/{key}", f"/admin/users/{admin.id}"
    paths = [
        "/admin",
        "/admin/clients",
        "/admin/clients?q=nothing",
        "/admin/clients/new?kind=oauth1",
        "/admin/clients/new",
    ]
    paths += [
        f"{client}{tab}" for tab in ["", "/settings", "/credentials", "/activity", "/edit", "/secrets/new"]
    ]
    paths += [f"{client}/{verb}" for verb in ["approve", "disapprove", "remove"]]
    paths += [
        f"/admin/clients/bulk/disapprove?key={key}",
        "/admin/users",
        "/admin/users/new",
        "/admin/users/groups",
        "/admin/users/groups/new",
        "/admin/activity",
        "/admin/settings/resources",
        "/admin/settings/resources/new",
        "/admin/settings/scopes",
        "/admin/settings/scopes/new",
        "/admin/settings/signing-keys",
        "/admin/settings/signing-keys/RS256/rotate",
        f"{client}/tokens",
        f"{client}/access",
    ]
    dialogs = ["/edit", "/rename", "/erase", "/password", "/withdraw", "/disable", "/groups", "/attributes"]
    dialogs += ["/remove-second-factor"]
    paths += [f"{user}{page_of}" for page_of in ["", *dialogs]]
    for path in paths:
        page.goto(f"{server.url}{path}")
        axe.assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"


def test_uncached_page_of_a_full_list_is_small(page, server, live_server):
    console = Console(None, live_server.services)
    for number in range(30):
        console.add_client(f"Client {number}")
    open_console(page, server)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    sizes = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(f"{server.url}/admin/clients")
    page.wait_for_load_state("networkidle")
    assert page.locator("tbody tr").count() == 25
    assert len(sizes) <= 8
    assert sum(sizes) <= 60_000
