"""The diagnostics pages in a real Chromium: accessible in both color schemes, at wide and narrow widths."""

import pytest
from playwright.sync_api import expect

from authserver.domain.diagnostics.error_log import ErrorDetails
from tests.support import axe, page_actions
from tests.support.sample_users import PASSWORD
from tests.web.admin.console import Console

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]

REGISTERED = "https://a-rather-long-host-name.example.org/login/generic_oauth"


@pytest.fixture
def paths(live_server):
    """The paths of all diagnostics pages, with errors of several causes."""
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    services = live_server.services
    console = Console(None, services)
    client = console.add_client("Grafana", redirect_uris=(REGISTERED, f"{REGISTERED}/second"))
    consumer = console.add_client("Jazz", kind="oauth1", grant_types=(), response_types=())
    error_log = services.error_log

    def record(cause, owner=client, received="", expected=""):
        detail = "The server's sentence about it."
        refusal = ErrorDetails("invalid_request", cause, detail, received, expected, owner and owner.id)
        return error_log.record(refusal, "/oauth2/authorize")

    expected = f"{REGISTERED}\n{REGISTERED}/second"
    wrong = record("redirect-uri-not-registered", client, REGISTERED.upper() + "/", expected)
    rejected = record("redirect-uri-not-registered", client, "http://other.example.org/", expected)
    scope = record("scope-not-registered", client, "openid models.read", "openid profile")
    signature = record(
        "signature-invalid", consumer, "POST https://x.example/", "POST&" + "https%3A%2F%2F" * 40
    )
    others = [
        scope,
        signature,
        record("client-pending"),
        record("client-unknown", None, "grafana"),
        record("code-expired"),
    ]
    edit = f"/admin/clients/{client.client_key}/edit?error="
    return [
        "/admin/diagnostics", "/admin/diagnostics?q=nothing", "/admin/diagnostics?q=BCDFGHJK", "/admin/diagnostics/BCDFGHJK",
        *(f"/admin/diagnostics/{reference}" for reference in (wrong, rejected, *others)),
        f"/admin/diagnostics/{wrong}/add-redirect-uri", f"/admin/diagnostics/{rejected}/add-redirect-uri",
        f"/admin/clients/{client.client_key}/diagnostics", "/admin/clients?failing=1", edit + scope,
    ]  # fmt: skip


@pytest.mark.parametrize("width", [320, 1360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit(page, live_server, browser_errors, paths, width, scheme):
    browser_errors.expect("404")  # the page about an unknown reference
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{live_server.url}/admin/diagnostics")
    page_actions.sign_in(page, "admin")
    page.wait_for_url("**/admin/diagnostics")
    for path in paths:
        page.goto(f"{live_server.url}{path}")
        # If the browser scrolls to the focused field, the header covers a part of the form.
        page.evaluate("scrollTo(0, 0)")
        axe.assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"


def test_difference_is_not_marked_by_color_alone(page, live_server, paths):
    page.goto(f"{live_server.url}{paths[4]}")
    page_actions.sign_in(page, "admin")
    mark = page.locator("#received mark").first
    expect(mark).to_have_css("text-decoration-line", "underline")
    assert "differs" in mark.evaluate("e => getComputedStyle(e, '::before').content")
    assert page.locator("#received code").inner_text() == REGISTERED.upper() + "/"


def test_field_of_the_error_has_the_focus(page, live_server, paths):
    page.goto(f"{live_server.url}{paths[-1]}")
    page_actions.sign_in(page, "admin")
    page.wait_for_url("**/edit?**")
    assert page.evaluate("document.activeElement.id") == "scopes"
    assert page.locator("#scopes").input_value().split()[-1] == "models.read"
    page.goto(f"{live_server.url}{paths[6]}")
    page.locator("#fix").click()
    page.get_by_role("dialog").wait_for()
    assert page.evaluate("document.activeElement.id") == "scopes"
