"""An account in a browser: a verified address, a sign-in with it, the download of the data, a new name, and the end."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support import page_actions
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]


@pytest.fixture
def server(live_server: LiveServer) -> LiveServer:
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    live_server.add_user("alice", password=PASSWORD)
    return live_server


def sign_in(page: Page, server: LiveServer, path: str, name: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{server.url}{path}")
    page_actions.sign_in(page, name)


def open_alice(page: Page, server: LiveServer, name: str = "alice") -> None:
    page.goto(f"{server.url}/admin/users")
    page.get_by_role("link", name=name, exact=True).click()


def test_account_from_its_verified_address_to_its_end(server: LiveServer, page: Page, tmp_path: Path) -> None:
    sign_in(page, server, "/admin/users", "admin")
    _verify_the_address(page, server)
    sign_in(page, server, "/account", "Alice@Company.example")
    expect(page.locator("#email")).to_contain_text("alice@company.example")
    expect(page.locator("#email")).to_contain_text("confirmed by an administrator")
    assert _downloaded(page, tmp_path)["claims"]["email_verified"] is True
    sign_in(page, server, "/admin/users", "admin")
    _rename(page, server)
    sign_in(page, server, "/account", "alicia")
    expect(page.locator(".facts dd").first).to_have_text("alicia")
    alices_cookies = page.context.cookies()
    sign_in(page, server, "/admin/users", "admin")
    _erase(page, server)
    page.context.clear_cookies()
    page.context.add_cookies(alices_cookies)  # type: ignore[arg-type]
    page.goto(f"{server.url}/account")
    expect(page.locator("#login-submit")).to_be_visible()


def _verify_the_address(page: Page, server: LiveServer) -> None:
    open_alice(page, server)
    page.get_by_role("link", name="Edit", exact=True).click()
    page.locator("dialog #email").fill("alice@company.example")
    page.locator("dialog #email_verified").check()
    page.locator("dialog #save").click()
    expect(page.locator("#known + dl")).to_contain_text("alice@company.example verified")


def _downloaded(page: Page, folder: Path) -> dict[str, dict[str, object]]:
    page.get_by_role("link", name="Download my data").click()
    with page.expect_download() as waiting:
        page.locator("#data-download").click()
    file = folder / "data.json"
    waiting.value.save_as(file)
    data: dict[str, dict[str, object]] = json.loads(file.read_text(encoding="utf-8"))
    return data


def _rename(page: Page, server: LiveServer) -> None:
    open_alice(page, server)
    page.get_by_role("link", name="Rename", exact=True).click()
    page.locator("dialog #username").fill("alicia")
    page.locator("dialog #save").click()
    expect(page.get_by_role("heading", name="alicia")).to_be_visible()


def _erase(page: Page, server: LiveServer) -> None:
    open_alice(page, server, "alicia")
    page.get_by_role("link", name="Erase", exact=True).click()
    page.locator("dialog #typed_name").fill("alicia")
    page.locator("dialog #erase").click()
    expect(page.get_by_text("The account alicia was erased.")).to_be_visible()
    expect(page.get_by_role("link", name="Enable")).to_have_count(0)
