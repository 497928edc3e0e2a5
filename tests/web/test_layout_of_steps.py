"""The pages that appear only in the middle of a task fit at narrow and wide widths, with the longest names."""

import json
from datetime import timedelta

import pytest
import requests
from sqlalchemy import update

from authserver import clock
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import setup
from authserver.domain.users.users import User
from tests.support import layout, page_actions, second_factors
from tests.support.consumer import Consumer
from tests.support.sample_users import PASSWORD
from tests.web.admin.console import Console

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]

WORD = "Requirementsmanagementexporter"
NAME = f"{WORD * 3} of the engineering department in the north "[:199].ljust(199, "W")
USERNAME = "w" * 100


@pytest.fixture
def server(live_server, browser_errors):
    """A server whose user and administrator have long names."""
    browser_errors.expect("Failed to load resource")
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    live_server.add_user(USERNAME, password=PASSWORD)
    with live_server.services.database.transaction() as db:
        db.execute(update(User).values(name=NAME))
    return live_server


def check(page):
    layout.assert_fits(page, layout.FEW_WIDTHS)


def sign_in(page, server, path, username="admin"):
    page.goto(f"{server.url}{path}")
    page_actions.sign_in(page, username)
    page.wait_for_url(lambda url: "/sign-in" not in url)


def test_server_that_is_not_set_up(live_server, page, browser_errors):
    browser_errors.expect("Failed to load resource")
    page.goto(f"{live_server.url}/")
    check(page)
    with live_server.services.database.transaction() as db:
        token = setup.issue(db, live_server.services.settings)
    page.goto(f"{live_server.url}/setup?token={token}")
    check(page)
    page.locator("form").evaluate("form => { form.noValidate = true }")
    page.locator("#setup-submit").click()
    page.wait_for_selector("#error-summary")
    check(page)


def test_second_factor(server, page):
    sign_in(page, server, "/account/authenticator/set-up", USERNAME)
    app = second_factors.set_up(server.app, USERNAME)
    page.context.clear_cookies()
    page.goto(f"{server.url}/account")
    page_actions.sign_in(page, USERNAME)
    page.wait_for_selector("#code")
    check(page)
    page.locator("#code").fill(app.recovery_codes[0])
    page.locator("#code").press("Enter")
    page.wait_for_url("**/account")
    page.goto(f"{server.url}/account/authenticator/recovery-codes")
    check(page)
    page.locator("#codes-renew").click()
    page.wait_for_selector("#codes")
    check(page)


@pytest.mark.parametrize("verb", ["approve", "disapprove", "remove"])
def test_forms_for_several_clients(server, page, verb):
    console = Console(None, server.services)
    keys = [
        console.add_client(f"{NAME[:-1]}{number}", approve=verb != "approve").client_key
        for number in range(3)
    ]
    sign_in(page, server, f"/admin/clients/bulk/{verb}?{'&'.join(f'key={key}' for key in keys)}")
    check(page)


def test_dialogs_that_show_a_value_once_and_the_question(server, page):
    sign_in(page, server, "/admin/users")
    page.get_by_role("link", name="Create user").click()
    page.locator("dialog #username").fill("m" * 100)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("[data-once]")
    check(page)
    page.keyboard.press("Escape")
    page.wait_for_selector("#question[open]")
    box = page.locator("#question").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.viewport_size["width"]


def test_form_that_is_preserved_until_a_new_sign_in(server, page):
    sign_in(page, server, "/admin/clients/new")
    page.locator("#name").fill(NAME)
    page.locator("#redirect_uri").fill(f"https://a.example/{WORD * 20}")
    with server.services.database.transaction() as db:
        db.execute(update(UserSession).values(signed_in_at=clock.now() - timedelta(hours=1)))
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("#password")
    check(page)
    page.locator("#password").fill(PASSWORD)
    page.locator("#login-submit").click()
    page.wait_for_selector("#resume-submit")
    check(page)


@pytest.mark.parametrize("callback", ["oob", None])
def test_oauth1_sign_in(server, page, callback):
    options = ("--type", "oauth1", "--name", NAME, "--approve", "--allow-oauth-1.0", "--json")
    made = json.loads(server.command("clients", "add", *options))
    consumer = Consumer(None, made["client_key"], made["client_secret"], more={"callback_uri": callback})
    url, headers, _ = consumer.sign("POST", f"{server.url}/oauth/requestToken")
    token = dict(pair.split("=") for pair in requests.post(url, headers=headers, timeout=10).text.split("&"))
    sign_in(page, server, f"/oauth/authorize?oauth_token={token['oauth_token']}", USERNAME)
    page.wait_for_selector("#consent-allow")
    check(page)
    page_actions.allow(page)
    page.wait_for_selector("#consent-allow", state="detached")
    check(page)
