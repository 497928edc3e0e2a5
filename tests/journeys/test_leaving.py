"""An administrator loses no secret and no input: the console asks once before it discards them."""

import pytest
from playwright.sync_api import Page, expect

from tests.support import page_actions
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]

URI = "https://app.example.org/cb"


@pytest.fixture
def server(live_server: LiveServer, page: Page) -> LiveServer:
    """A server with an administrator who is signed in."""
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    page.goto(f"{live_server.url}/admin/clients")
    page_actions.sign_in(page, "admin")
    page.wait_for_url("**/admin/clients")
    return live_server


def open_form(page: Page) -> None:
    page.get_by_role("link", name="Create client").click()
    page.wait_for_selector("dialog#dialog[open]")


def create(page: Page, name: str = "Portal") -> str:
    """Create a client in the dialog. Return the secret that is shown."""
    open_form(page)
    page.locator("dialog #name").fill(name)
    page.locator("dialog #redirect_uri").fill(URI)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("#approve-now")
    return secret(page)


def secret(page: Page) -> str:
    return str(page.locator("[data-once] code").inner_text())


def question(page: Page):
    return page.get_by_role("dialog", name="The secret was not copied")


def close(page: Page, way: str) -> None:
    if way == "Esc":
        page.keyboard.press("Escape")
    else:
        page.locator("#dialog").get_by_role(way, name={"button": "Close", "link": "All clients"}[way]).click()


@pytest.mark.parametrize("way", ["Esc", "button", "link"])
def test_secret_that_was_not_copied_is_discarded_only_after_one_question(
    server: LiveServer, page: Page, way: str
) -> None:
    shown = create(page)
    close(page, way)
    expect(question(page)).to_be_visible()
    expect(question(page).get_by_role("button", name="Go back")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question(page)).to_be_hidden()
    assert secret(page) == shown
    close(page, way)
    question(page).get_by_role("button", name="Discard").click()
    page.wait_for_url("**/admin/clients?*new=*")
    expect(page.locator("tr.is-new")).to_be_focused()
    expect(page.locator("tr.is-new")).to_contain_text("Portal")


def test_new_client_is_approved_in_place(server: LiveServer, page: Page) -> None:
    shown = create(page)
    page.locator("#approve-now").click()
    expect(page.get_by_text("The client is approved and can be used.")).to_be_visible()
    assert secret(page) == shown
    page.keyboard.press("Escape")
    expect(question(page)).to_be_visible()
    question(page).get_by_role("button", name="Go back").click()
    page.get_by_role("link", name="I have copied the secret").click()
    page.wait_for_url("**/admin/clients/*")
    expect(page.get_by_role("heading", name="Portal")).to_be_visible()


@pytest.mark.parametrize("way", ["Esc", "button", "link"])
def test_copied_secret_needs_no_question(server: LiveServer, page: Page, way: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    create(page)
    page.get_by_role("button", name="Copy secret").click()
    page.wait_for_selector("[data-copied]")
    close(page, way)
    page.wait_for_url("**/admin/clients?*new=*")


def test_secret_copied_with_the_keyboard_needs_no_question(server: LiveServer, page: Page) -> None:
    create(page)
    page.locator("[data-once] code").select_text()
    page.keyboard.press("Control+c")
    page.wait_for_selector("[data-copied]")
    close(page, "Esc")
    page.wait_for_url("**/admin/clients?*new=*")


def test_reload_asks_too(server: LiveServer, page: Page) -> None:
    create(page)
    asked = []
    page.on("dialog", lambda dialog: asked.append(dialog.type))
    page.reload()
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("way", ["Esc", "Close", "Cancel"])
def test_filled_form_is_discarded_only_after_one_question(server: LiveServer, page: Page, way: str) -> None:
    open_form(page)
    page.locator("dialog #name").fill("Portal")

    def leave() -> None:
        if way == "Esc":
            page.keyboard.press("Escape")
        else:
            page.locator("#dialog").get_by_text(way, exact=True).or_(
                page.locator(f"[aria-label={way}]")
            ).click()

    leave()
    asked = page.get_by_role("dialog", name="Discard your input?")
    asked.get_by_role("button", name="Go back").click()
    expect(page.locator("dialog #name")).to_have_value("Portal")
    leave()
    asked.get_by_role("button", name="Discard").click()
    expect(page.locator("#dialog")).to_be_hidden()
    expect(asked).to_be_hidden()


def test_empty_form_needs_no_question(server: LiveServer, page: Page) -> None:
    open_form(page)
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    page.reload()


def test_form_with_errors_counts_as_filled(server: LiveServer, page: Page, browser_errors) -> None:
    browser_errors.expect("422")
    open_form(page)
    page.locator("dialog #redirect_uri").fill("http://app.example.org/cb")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("#error-summary")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Discard your input?")).to_be_visible()


def test_secret_is_replaced_in_the_edit_dialog(server: LiveServer, page: Page) -> None:
    key = server.add_client("Portal", URI, approve=False)["client_key"]
    page.goto(f"{server.url}/admin/clients/{key}/settings")
    page.get_by_role("link", name="Edit", exact=True).first.click()
    page.get_by_label("Generate a new secret").check()
    page.get_by_label("The current secret expires").select_option("In 7 days")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Portal has a new secret")).to_be_visible()
    page.get_by_role("link", name="I have copied the secret").click()
    page.wait_for_url("**/settings")
    page.goto(f"{server.url}/admin/clients/{key}/credentials")
    assert page.locator("tbody tr").count() == 2


def test_password_that_was_not_copied_is_discarded_only_after_a_question(
    server: LiveServer, page: Page
) -> None:
    page.goto(f"{server.url}/admin/users")
    page.get_by_role("link", name="Create user").click()
    page.locator("dialog #username").fill("dora")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("[data-once=password]")
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="The password was not copied").get_by_role(
        "button", name="Go back"
    ).click()
    page.get_by_role("link", name="I have copied the password").click()
    page.wait_for_url("**/admin/users/*")
