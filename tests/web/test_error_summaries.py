"""Every link in the summary of a form's errors leads to a field, which gets the focus."""

import pytest
from playwright.sync_api import Page

from authserver.domain.users import setup
from tests.support import page_actions
from tests.support.sample_users import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]

ADMIN = "/admin/clients/{key}"


@pytest.fixture
def server(live_server, browser_errors):
    browser_errors.expect("Failed to load resource")
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    return live_server


def assert_links_focus_fields(page: Page) -> None:
    page.wait_for_selector("#error-summary")
    links = page.locator("#error-summary a")
    assert links.count(), "the summary has no links"
    for link in links.all():
        link.click()
        name = link.get_attribute("href").removeprefix("#")
        focused = page.evaluate("document.activeElement.id")
        assert focused == name, f"the link to {name} focuses {focused or 'nothing'}"
        assert page.locator(f"[id='{name}']").is_visible()


def submit(page: Page, fields: dict[str, str], button: str) -> None:
    """Fill in the form, without the checks of the browser, and submit it."""
    page.locator("main details").evaluate_all("all => all.forEach(one => { one.open = true })")
    for selector, value in fields.items():
        field = page.locator(selector)
        if value == "check":
            field.check()
        elif value == "uncheck":
            field.uncheck()
        else:
            field.fill(value)
    page.locator(button).click()


CONSOLE = {
    "create": (
        "/admin/clients/new",
        {
            "#name": "", "#redirect_uri": "http://a.example/", "#secret_choice-typed": "check", "#secret": "short",
            "#scopes": "\u00e9", "#post_logout_redirect_uris": "javascript:1", "#backchannel_logout_uri": "x",
            "#frontchannel_logout_uri": "x",
        },
    ),
    "create without grant types": ("/admin/clients/new", {"#grant-1": "uncheck", "#grant-2": "uncheck"}),
    "create without response types": (
        "/admin/clients/new",
        {"#oidc-response-1": "uncheck", "#name": "A", "#redirect_uri": "https://a.example/"},
    ),
    "edit": (f"{ADMIN}/edit", {"#name": "", "#redirect_uri": "http://a.example/", "#secret_choice-typed": "check"}),
    "secret": (f"{ADMIN}/secrets/new", {"#secret_choice-typed": "check", "#secret": "short"}),
    "tokens": (
        f"{ADMIN}/tokens",
        {"#sector_identifier_uri": "x", "#resources": "x y", "#access_token_lifetime": "1s", "#jwks_uri": "x"},
    ),
    "scope": ("/admin/settings/scopes/new", {}),
    "user": ("/admin/users/new", {"#username": "", "#email": "x"}),
}  # fmt: skip


@pytest.mark.parametrize("form", CONSOLE)
def test_forms_of_the_console(server, page, form):
    key = server.add_client("Portal", "https://app.example.org/cb", approve=False)["client_key"]
    path, fields = CONSOLE[form]
    path = path.format(key=key)
    page.goto(f"{server.url}{path}")
    page_actions.sign_in(page, "admin")
    page.wait_for_url(f"**{path}")
    submit(page, fields, "main button[type=submit].button-primary")
    assert_links_focus_fields(page)


def test_dialog(server, page):
    page.goto(f"{server.url}/admin/clients")
    page_actions.sign_in(page, "admin")
    page.get_by_role("link", name="Create client").click()
    page.locator("dialog #redirect_uri").fill("http://a.example/")
    page.get_by_role("button", name="Save", exact=True).click()
    assert_links_focus_fields(page)


ACCOUNT = {
    "/account": ({"#name": "x" * 201}, "main form .button-primary"),
    "/account/password": ({}, "main form .button-primary"),
    "/account/authenticator/set-up": ({"#code": "1"}, "main form .button-primary"),
    "/device": ({"#user_code": "BBBB-BBBB"}, "#device-submit"),
}


@pytest.mark.parametrize("path", ACCOUNT)
def test_pages_of_users(server, page, path):
    page.goto(f"{server.url}{path}")
    page_actions.sign_in(page, "admin")
    page.wait_for_url(f"**{path}")
    page.locator("form").evaluate_all("all => all.forEach(one => { one.noValidate = true })")
    page.locator("[maxlength]").evaluate_all("all => all.forEach(one => one.removeAttribute('maxlength'))")
    submit(page, *ACCOUNT[path])
    assert_links_focus_fields(page)


def test_sign_in(server, page):
    page.goto(f"{server.url}/sign-in")
    page.locator("form").evaluate_all("all => all.forEach(one => { one.noValidate = true })")
    page.locator("#login-submit").click()
    assert_links_focus_fields(page)


def test_setup(live_server, page, browser_errors):
    browser_errors.expect("422")
    with live_server.services.database.transaction() as db:
        token = setup.issue(db, live_server.services.settings)
    page.goto(f"{live_server.url}/setup?token={token}")
    page.locator("form").evaluate_all("all => all.forEach(one => { one.noValidate = true })")
    page.locator("#setup-submit").click()
    assert_links_focus_fields(page)
