"""The device and logout pages in a real browser: accessible, and usable without scripts."""

import json
from urllib.parse import urlencode

import pytest
import requests

from tests.support import axe, page_actions
from tests.support import browser as chromium
from tests.support.logout import site
from tests.support.sample_users import PASSWORD
from tests.support.servers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def server(live_server):
    live_server.add_user("alice", password=PASSWORD)
    return live_server


@pytest.fixture(params=axe.looks([320, 1360]), ids=str)
def look(request, page):
    request.param.apply(page)
    return request.param


def codes(server):
    """Return the response to a device authorization request."""
    options = ["--type", "oidc", "--name", "Model exporter", "--generate-secret", "--json", "--approve"]
    client = json.loads(server.command("clients", "add", *options, "--grant-type", GRANT))
    response = requests.post(
        f"{server.url}/oauth2/device_authorization",
        data={"scope": "openid profile email"},
        auth=(client["client_key"], client["client_secret"]),
        timeout=10,
    )
    return response.json()


def check(page, look):
    """Check the current page."""
    assert page.locator("html").get_attribute("lang") == look.language
    axe.assert_accessible(page)
    hidden = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert hidden == 0, f"{page.url} is wider than the window by {hidden} px"


def test_device_pages_are_accessible(server, page, browser_errors, look):
    browser_errors.expect("422")
    device_codes = codes(server)
    page.goto(device_codes["verification_uri"])
    page_actions.sign_in(page, "alice")
    page.locator("summary").click()
    page.locator(".qr").evaluate("image => image.decode()")
    check(page, look)
    page.locator("#user_code").fill("bbbb bbbb")
    page.locator("#device-submit").click()
    page.wait_for_selector("#error-summary")
    check(page, look)
    page.goto(device_codes["verification_uri_complete"])
    check(page, look)
    page.locator("#device-allow").click()
    page.wait_for_selector("#device-home")
    check(page, look)


def test_device_is_connected_without_scripts(server, browser):
    device_codes = codes(server)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(chromium.TIMEOUT_MS)
    page.goto(device_codes["verification_uri"])
    page_actions.sign_in(page, "alice")
    page.locator("#user_code").fill(device_codes["user_code"].lower())
    page.locator("#device-submit").click()
    page.locator("#device-allow").click()
    page.wait_for_selector("#device-home")
    context.close()


def authorize(page, server, client, redirect_uri):
    """Sign a user in to a client that has a front-channel logout frame."""
    query = {
        "client_id": client["client_key"],
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": redirect_uri,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    page.goto(f"{server.url}/oauth2/authorize?{urlencode(query)}")


def redeemed(page, server, client, redirect_uri):
    """Redeem the code in the browser's URL; return the ID token."""
    form = {
        "grant_type": "authorization_code",
        "code": page.url.partition("code=")[2].partition("&")[0],
        "redirect_uri": redirect_uri,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }
    auth = (client["client_key"], client["client_secret"])
    return requests.post(f"{server.url}/oauth2/token", data=form, auth=auth, timeout=10).json()["id_token"]


def test_frames_are_loaded_before_the_redirect(server, page):
    port = free_port()
    redirect_uri = f"http://127.0.0.1:{port}/cb"
    client = server.add_client(
        "Review board",
        redirect_uri,
        post_logout_redirect_uri=f"http://127.0.0.1:{port}/out",
        frontchannel_logout_uri=f"http://127.0.0.1:{port}/front",
    )
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    icon = '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"></html>'
    with site(port, icon) as origin:
        authorize(page, server, client, redirect_uri)
        page_actions.sign_in(page, "alice")
        page_actions.allow(page)
        page.wait_for_url(f"{origin}/cb?**")
        query = {
            "id_token_hint": redeemed(page, server, client, redirect_uri),
            "post_logout_redirect_uri": f"{origin}/out",
            "state": "s",
        }
        page.goto(f"{server.url}/oidc/end_session?{urlencode(query)}")
        page.wait_for_url(f"{origin}/out?state=s")
    [frame] = [url for url in asked if "/front" in url]
    assert "sid=" in frame
    assert "iss=http" in frame


def test_expired_form_is_shown_again_and_redirects(server, page):
    port = free_port()
    redirect_uri, out = f"http://127.0.0.1:{port}/cb", f"http://127.0.0.1:{port}/out"
    client = server.add_client("Review board", redirect_uri, post_logout_redirect_uri=out)
    icon = '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"></html>'
    with site(port, icon) as origin:
        authorize(page, server, client, redirect_uri)
        page_actions.sign_in(page, "alice")
        page_actions.allow(page)
        page.wait_for_url(f"{origin}/cb?**")
        hint = redeemed(page, server, client, redirect_uri)
        page.goto(f"{server.url}/sign-out")
        page.locator("#logout-confirm").click()
        page.locator("#sign-in").click()
        page_actions.sign_in(page, "alice")
        query = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": out, "state": "s"})
        page.goto(f"{server.url}/oidc/end_session?{query}")
        page.context.clear_cookies(name="authserver_browser")
        page.locator("#logout-confirm").click()
        page.wait_for_selector("#logout-confirm")
        page.locator("#logout-confirm").click()
        page.wait_for_url(f"{out}?state=s")


def test_result_page_is_accessible(server, page, look):
    port = free_port()
    redirect_uri = f"http://127.0.0.1:{port}/cb"
    front = f"http://127.0.0.1:{port}/front"
    client = server.add_client("Review board", redirect_uri, frontchannel_logout_uri=front)
    icon = '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"></html>'
    with site(port, icon) as origin:
        authorize(page, server, client, redirect_uri)
        page_actions.sign_in(page, "alice")
        page_actions.allow(page)
        page.wait_for_url(f"{origin}/cb?**")
        page.goto(f"{server.url}/oidc/end_session?client_id={client['client_key']}")
        check(page, look)
        page.locator("#logout-confirm").click()
        page.wait_for_selector("#logout-results")
        check(page, look)
        assert "Review board" in page.locator("#logout-results").inner_text()
