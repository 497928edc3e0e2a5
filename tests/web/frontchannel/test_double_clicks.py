"""Double clicks on decisions in a real browser, with and without the script that disables repeated submission."""

import pytest

from tests.support import browser as chromium
from tests.support import page_actions
from tests.support.logout import site
from tests.support.sample_users import PASSWORD
from tests.support.servers import free_port
from tests.web.frontchannel.test_device_and_logout_pages import authorize, codes

pytestmark = [pytest.mark.browser, pytest.mark.only_on("postgresql")]
ICON = '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"></html>'


@pytest.fixture
def server(live_server):
    live_server.add_user("alice", password=PASSWORD)
    return live_server


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def tab(request, browser):
    context = browser.new_context(java_script_enabled=request.param)
    page = context.new_page()
    page.set_default_timeout(chromium.TIMEOUT_MS)
    page.sent = []
    page.on("request", lambda request: page.sent.append(request.url) if request.method == "POST" else None)
    page.has_scripts = request.param
    yield page
    context.close()


def count(tab, path):
    return len([url for url in tab.sent if url.endswith(path)])


def test_double_click_on_allow_redirects_to_the_client(server, tab):
    port = free_port()
    redirect_uri = f"http://127.0.0.1:{port}/cb"
    client = server.add_client("Review board", redirect_uri)
    with site(port, ICON) as origin:
        authorize(tab, server, client, redirect_uri)
        page_actions.sign_in(tab, "alice")
        tab.locator("#consent-allow").dblclick()
        tab.wait_for_url(f"{origin}/cb?**")
    assert "code=" in tab.url
    assert count(tab, "/consent") == 1 or not tab.has_scripts


def test_double_click_connects_the_device(server, tab):
    tab.goto(codes(server)["verification_uri_complete"])
    page_actions.sign_in(tab, "alice")
    tab.locator("#device-allow").dblclick()
    tab.wait_for_selector("#device-home")
    assert "The device is connected" in tab.locator("h1").inner_text()
    assert count(tab, "/device/decision") == 1 or not tab.has_scripts
