"""OpenID Connect Session Management 1.0."""

import hashlib
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page

from authserver.domain.clients import clients
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support import page_actions, parties
from tests.support.logout import is_signed_in, sign_out, site
from tests.support.relying_party import CHALLENGE, REDIRECT_URI, RelyingParty, register, response_parameters
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer, free_port

ORIGIN = REDIRECT_URI.removesuffix("/cb")


def browser_state(browser: FlaskClient) -> str | None:
    cookie = browser.get_cookie("authserver_state")
    return cookie.value if cookie else None


def expected_state(client_key: str, state: str | None, salt: str) -> str:
    return hashlib.sha256(f"{client_key} {ORIGIN} {state} {salt}".encode()).hexdigest() + f".{salt}"


def test_response_contains_session_state(rp: RelyingParty) -> None:
    """2: session_state is REQUIRED in authentication responses, computed from client, origin, browser state and a
    salt.
    """
    state = response_parameters(rp.authorized())["session_state"]
    assert state == expected_state(rp.key, browser_state(rp.browser), state.rpartition(".")[2])


@pytest.mark.parametrize("uri", ["https://RP.example.org:443/cb", "https://rp.example.org/cb"])
def test_origin_is_serialized_as_browsers_do(
    app: Flask, services: Services, sample_users: dict[str, User], uri: str
) -> None:
    """3.2: the iframe hashes the origin from the browser, in lower case and without a default port."""
    rp = RelyingParty(app, *register(services, redirect_uris=(uri,)), redirect_uri=uri)
    state = response_parameters(rp.authorized())["session_state"]
    expected = f"{rp.key} https://rp.example.org {browser_state(rp.browser)} {state.rpartition('.')[2]}"
    assert state.partition(".")[0] == hashlib.sha256(expected.encode()).hexdigest()


def test_session_state_contains_no_space(rp: RelyingParty) -> None:
    """2: the value MUST NOT contain a space, which separates the parts of the message."""
    state = response_parameters(rp.authorized())["session_state"]
    assert " " not in state
    assert " " not in rp.key


def test_session_state_is_salted(rp: RelyingParty) -> None:
    """2: two responses do not reveal that they belong to the same session."""
    assert (
        response_parameters(rp.authorized())["session_state"]
        != response_parameters(rp.authorized())["session_state"]
    )


def test_session_state_is_in_every_response_type(rp: RelyingParty, services: Services) -> None:
    """2: returned from the authorization endpoint with every response type."""
    with services.database.transaction() as db:
        client = clients.get(db, rp.key)
        client.response_types = ["code", "id_token"]
    assert "session_state" in response_parameters(rp.authorized(response_type="id_token"))


def test_no_session_state_without_openid(rp: RelyingParty) -> None:
    """2: session_state is only in authentication responses, so the request must have the scope openid."""
    assert "session_state" not in response_parameters(rp.authorized(scope="profile"))


def test_errors_contain_no_session_state(rp: RelyingParty) -> None:
    assert "session_state" not in response_parameters(rp.authorize(prompt="none"))


def test_browser_state_changes_at_sign_out(rp: RelyingParty) -> None:
    """3.2: the browser state changes at logout."""
    rp.authorized()
    assert browser_state(rp.browser)
    sign_out(rp)
    assert not is_signed_in(rp)
    assert browser_state(rp.browser) is None


def test_browser_state_changes_at_sign_in(rp: RelyingParty) -> None:
    """3.2: the browser state changes at login."""
    rp.authorized()
    first = browser_state(rp.browser)
    sign_out(rp)
    rp.authorized()
    assert browser_state(rp.browser) not in {first, None}


def test_browser_state_does_not_reveal_the_session(rp: RelyingParty) -> None:
    """Scripts can read it, so it authenticates nothing and is not the sid that applications see."""
    rp.authorized()
    session = rp.browser.get_cookie("authserver_session")
    state = browser_state(rp.browser)
    assert session is not None
    assert state is not None
    assert state not in session.value
    assert session.http_only


def test_iframe_may_be_embedded(rp: RelyingParty) -> None:
    """3.2: applications load check_session_iframe in an iframe."""
    document = rp.browser.get("/.well-known/openid-configuration").get_json()
    assert document["check_session_iframe"] == "http://localhost/oidc/check_session"
    response = rp.browser.get("/oidc/check_session")
    assert response.status_code == 200
    assert "X-Frame-Options" not in response.headers
    assert "frame-ancestors" not in response.headers["Content-Security-Policy"]


PARENT = """<!doctype html><html lang="en"><title>RP</title><iframe id="op" src="{frame}"></iframe></html>"""
SOME_STATE = f"client {'0' * 64}.salt"
POST_MESSAGE = """(message) => new Promise((resolve) => {
  window.addEventListener('message', (event) => resolve(event.data), { once: true })
  document.getElementById('op').contentWindow.postMessage(message, '*')
  setTimeout(() => resolve('no answer'), 5000)
})"""


@pytest.mark.browser
@pytest.mark.only_on("sqlite")
def test_iframe_responds_in_a_browser(live_server: LiveServer, page: Page) -> None:
    """3.1, 3.2: the response is "unchanged" only for the application's origin, and only until the user signs out."""
    live_server.add_user("alice", password=PASSWORD)
    port = free_port()
    key = live_server.add_client("Watcher", parties.redirect_uri(port))["client_key"]
    with site(port, PARENT.format(frame=f"{live_server.url}/oidc/check_session")) as origin:
        page.goto(f"{live_server.url}/oauth2/authorize?{_request(key, parties.redirect_uri(port))}")
        page_actions.sign_in(page, "alice")
        page_actions.allow(page)
        page.wait_for_url(f"{origin}/callback?**")
        message = f"{key} {dict(parse_qsl(urlsplit(page.url).query))['session_state']}"
        assert page.evaluate(POST_MESSAGE, message) == "unchanged"
        assert page.evaluate(POST_MESSAGE, f"{message}x") == "changed"
        assert page.evaluate(POST_MESSAGE, "no question") == "error"
        with site(free_port(), PARENT.format(frame=f"{live_server.url}/oidc/check_session")) as other_origin:
            page.goto(other_origin)
            assert page.evaluate(POST_MESSAGE, message) == "changed"
        page.goto(f"{live_server.url}/sign-out")
        page.locator("#logout-confirm").click()
        page.wait_for_selector("#sign-in")
        page.goto(origin)
        assert page.evaluate(POST_MESSAGE, message) == "changed"


@pytest.mark.browser
@pytest.mark.only_on("sqlite")
def test_iframe_that_cannot_read_the_cookie_responds_with_error(live_server: LiveServer, page: Page) -> None:
    """3.2: "error" if the state cannot be determined. After "changed", applications would ask again and again."""
    with site(free_port(), PARENT.format(frame=f"{live_server.url}/oidc/check_session")) as origin:
        page.goto(origin)
        assert page.evaluate(POST_MESSAGE, SOME_STATE) == "changed"
        # Chromium hides the cookies of 127.0.0.1 from a frame below localhost, which is another site.
        page.goto(origin.replace("127.0.0.1", "localhost"))
        assert page.evaluate(POST_MESSAGE, SOME_STATE) == "error"
        assert page.evaluate(POST_MESSAGE, "no question") == "error"
        assert [cookie["name"] for cookie in page.context.cookies() if "state" in cookie["name"]] == []


@pytest.mark.browser
@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    "limit",
    [
        "Document.prototype.hasStorageAccess = () => Promise.resolve(false)",
        "Document.prototype.hasStorageAccess = () => Promise.reject(new Error('no'))",
        "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set: () => undefined})",
        "Object.defineProperty(Document.prototype, 'cookie', {get: () => { throw new Error('sandbox') }})",
    ],
    ids=["partitioned", "unknown", "blocked", "sandboxed"],
)
def test_iframe_without_third_party_cookies_responds_with_error(
    live_server: LiveServer, page: Page, limit: str
) -> None:
    """3.2: browsers partition third-party cookies, ignore them, or throw an error."""
    page.add_init_script(limit)
    with site(free_port(), PARENT.format(frame=f"{live_server.url}/oidc/check_session")) as origin:
        page.goto(origin)
        assert page.evaluate(POST_MESSAGE, SOME_STATE) == "error"


def _request(key: str, redirect_uri: str) -> str:
    return urlencode(
        {
            "client_id": key,
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": redirect_uri,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
    )
