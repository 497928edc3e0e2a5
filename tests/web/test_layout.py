"""Every page in a real browser, at twelve widths and with the longest names and keys: see ``tests.support.layout``."""

from urllib.parse import urlencode

import pytest
import requests
from sqlalchemy import update

from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics.error_log import ErrorDetails
from authserver.domain.users.users import User
from tests.support import callbacks, groups, layout, page_actions, sample_users
from tests.support.sample_users import PASSWORD
from tests.web.admin.console import Console

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]

WORD = "Requirementsmanagementexporter"
NAME = f"{WORD * 3} of the engineering department in the north "[:199].ljust(199, "W")
GROUP = ("W" * 60).ljust(100, "m")
USERNAME = ("w" * 80).ljust(100, "m")
URI = f"https://{'a-rather-long-host-name-' * 2}.example.org/{WORD * 8}"
KEY = "W" * 64
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = ("authorization_code", "refresh_token", DEVICE, "client_credentials", "password")
ACCOUNT_PAGES = [
    "", "/sessions", "/applications", "/password", "/activity", "/authenticator", "/authenticator/set-up", "/data",
]  # fmt: skip
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.fixture
def server(live_server):
    """A server whose users, groups, clients, scopes and resources have the longest possible names."""
    live_server.add_user("admin", password=PASSWORD, grant="configure_server")
    live_server.add_user(USERNAME, password=PASSWORD)
    with live_server.services.database.transaction() as db:
        db.execute(update(User).values(name=NAME, email=f"{'w' * 60}@{'w' * 60}.example.org"))
    claim = f"{'w' * 90}=attribute:{'w' * 60}"
    live_server.command("scopes", "add", f"models:{'w' * 93}", "--words", NAME, "--claim", claim)
    api = f"https://api.example.org/{'w' * 150}"
    live_server.command("resources", "add", api, "--name", NAME, "--scope", f"models:{'w' * 93} models.read")
    groups.add(live_server.services.database, GROUP, USERNAME)
    groups.add(live_server.services.database, "Empty")
    groups.set_attributes(live_server.services.database, USERNAME, **{"w" * 60: ["W" * 500, "w"]})
    return live_server


@pytest.fixture
def client(server):
    """An approved client with the longest name and key."""
    console = Console(None, server.services)
    uris = (URI, f"{URI}/second", "http://127.0.0.1/cb")
    types = {"grant_types": GRANTS, "response_types": ("code",)}
    found = console.add_client(
        NAME, approve=True, redirect_uris=uris, scopes=("openid", "profile", f"models:{'w' * 93}"), **types
    )
    restrict(server, found, [GROUP])
    with server.services.database.transaction() as db:
        db.execute(update(Client).where(Client.id == found.id).values(client_key=KEY))
    found.client_key = KEY
    return found


def restrict(server, client, names):
    """Let only the members of groups use the client, and give a role to each group."""
    roles = [f"{'r' * 100}={name}" for name in names]
    details = {"allowed_groups": names, "roles": roles}
    with server.services.database.transaction() as db:
        db.execute(
            update(Client).where(Client.id == client.id).values(details=details, revision=Client.revision + 1)
        )


def check(page, url=None):
    """Check the given page, or the current one."""
    if url:
        page.goto(url)
    layout.assert_fits(page)


def sign_in(page, server, path, username="admin"):
    page.goto(f"{server.url}{path}")
    page_actions.sign_in(page, username)
    page.wait_for_url(lambda url: "/sign-in" not in url)


def open_each_dialog(page):
    """Check every dialog that a link on the current page opens."""
    page.set_viewport_size({"width": 1360, "height": layout.HEIGHT})
    urls = page.locator("a[data-opens]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    for url in dict.fromkeys(urls):
        page.evaluate(
            "url => document.querySelector(`a[data-opens][href='${url}']`).click()", url.replace("'", "\\'")
        )
        page.wait_for_selector("dialog[open] .dialog-body")
        check(page)
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog[open]", state="detached")


def test_check_finds_a_button_outside_its_card_and_a_covered_one(page):
    page.set_content(
        "<meta charset=utf-8><style>.card { width: 300px; overflow: clip } .button { margin-left: 400px }"
        ".cover { position: fixed; inset: 0 }</style>"
        "<div class=card><button class=button>Outside</button></div><button>Covered</button><div class=cover></div>"
    )
    found = "\n".join(layout.faults(page))
    assert "1280 px: leaves its card by" in found
    assert '1280 px: cannot be clicked: <button class=""> Covered' in found


def test_console_lists(server, page, client):
    console = Console(None, server.services)
    console.add_client(f"{NAME[:-1]}2")
    console.add_client(NAME, kind="oauth1", grant_types=(), response_types=(), redirect_uris=())
    sign_in(page, server, "/admin/clients")
    for path in (
        "",
        "/clients",
        "/users",
        "/activity",
        "/settings/scopes",
        "/settings/resources",
        "/settings/signing-keys",
    ):
        check(page, f"{server.url}/admin{path}")
    page.goto(f"{server.url}/admin/clients")
    page.locator("[data-selects-all]").check()
    check(page)
    open_each_dialog(page)
    for path in (
        "/users",
        "/users/groups",
        "/settings/scopes",
        "/settings/resources",
        "/settings/signing-keys",
    ):
        page.goto(f"{server.url}/admin{path}")
        open_each_dialog(page)
    page.get_by_role("link", name="Users", exact=True).click()
    page.get_by_role("link", name="Groups", exact=True).click()
    check(page)
    page.get_by_role("link", name=GROUP, exact=True).click()
    page.locator("#q").fill("admin")
    page.get_by_role("button", name="Add admin").wait_for()
    check(page)
    open_each_dialog(page)


def test_client_pages(server, page, client):
    sign_in(page, server, f"/admin/clients/{KEY}")
    for path in ("", "/settings", "/credentials", "/diagnostics", "/activity"):
        check(page, f"{server.url}/admin/clients/{KEY}{path}")
        open_each_dialog(page)
    check(page, f"{server.url}/admin/clients/{KEY}/secrets/new")
    page.locator("#save").click()
    page.wait_for_selector(".value")
    check(page)
    for path in ("/edit", "/tokens", "/access", "/approve", "/disapprove", "/remove", "/secrets/new"):
        check(page, f"{server.url}/admin/clients/{KEY}{path}")


def test_consumer_pages(server, page, browser_errors):
    browser_errors.expect("422")
    console = Console(None, server.services)
    consumer = console.add_client(
        NAME, kind="oauth1", grant_types=(), response_types=(), redirect_uris=(URI,)
    )
    with server.services.database.transaction() as db:
        db.execute(update(Client).where(Client.id == consumer.id).values(client_key=KEY))
    sign_in(page, server, f"/admin/clients/{KEY}")
    for path in ("", "/settings", "/credentials", "/oauth1", "/oauth1/debugger"):
        check(page, f"{server.url}/admin/clients/{KEY}{path}")
    open_each_dialog(page)
    page.locator("#url").fill(f"{server.url}/oauth/whoami?{'w' * 200}")
    page.locator("#debug").click()
    page.wait_for_selector("#diagnosis")
    check(page)


@pytest.mark.parametrize("kind", ["oauth1", "oidc"])
def test_created_client(server, page, browser_errors, kind):
    browser_errors.expect("422")
    sign_in(page, server, f"/admin/clients/new?kind={kind}")
    check(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("#error-summary")
    check(page)
    page.goto(f"{server.url}/admin/clients?kind={kind}")
    page.get_by_role("link", name="Create client").click()
    page.locator("dialog #name").fill(NAME)
    page.locator("dialog #redirect_uri").fill(f"{URI.replace('https:', 'http:')}\u0020https://b.example/*")
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_selector(".chip-finding p")
    check(page)
    while page.locator(".chip-remove").count():
        page.locator(".chip-remove").first.click()
    page.locator("dialog #redirect_uri").fill(URI)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("#approve-now")
    check(page)


def test_user_pages(server, page):
    sign_in(page, server, "/admin/users")
    users = sample_users.find(server.services.database, USERNAME, "admin")
    for user in users.values():
        check(page, f"{server.url}/admin/users/{user.id}")
        open_each_dialog(page)
    paths = ("/edit", "/rename", "/password", "/grant", "/disable", "/erase", "/groups", "/attributes")
    for path in paths:
        check(page, f"{server.url}/admin/users/{users[USERNAME].id}{path}")


def test_diagnostics_pages(server, page, client, browser_errors):
    browser_errors.expect("404")
    refusal = ErrorDetails(
        "invalid_request",
        "redirect-uri-not-registered",
        "The server's sentence.",
        URI.upper(),
        f"{URI}\n{URI}/2",
        client.id,
    )
    reference = server.services.error_log.record(refusal, "/oauth2/authorize")
    signature = ErrorDetails(
        "invalid_request",
        "signature-invalid",
        "It.",
        "POST https://x.example/",
        "POST&" + "https%3A%2F%2F" * 40,
        client.id,
    )
    references = [reference, server.services.error_log.record(signature, "/oauth/requestToken")]
    sign_in(page, server, "/admin/diagnostics")
    for path in ("", *(f"/{found}" for found in references), f"/{reference}/add-redirect-uri", "/BCDFGHJK"):
        check(page, f"{server.url}/admin/diagnostics{path}")
        open_each_dialog(page)
    check(page, f"{server.url}/admin/clients/{KEY}/diagnostics")


def test_pages_about_proposed_changes(server, page):
    metadata = {"client_name": NAME, "redirect_uris": [URI], "contacts": [f"{'w' * 60}@example.org"]}
    registration = requests.post(f"{server.url}/oauth2/register", json=metadata, timeout=30).json()
    key = registration["client_id"]
    sign_in(page, server, f"/admin/clients/{key}")
    check(page)
    server.command("clients", "approve", key)
    change = metadata | {"client_id": key, "client_name": f"{NAME[:-1]}2", "redirect_uris": [f"{URI}/second"]}
    headers = {"Authorization": f"Bearer {registration['registration_access_token']}"}
    requests.put(registration["registration_client_uri"], json=change, headers=headers, timeout=30)
    for path in ("", "/settings", "/change/approve", "/change/discard"):
        check(page, f"{server.url}/admin/clients/{key}{path}")


def test_account_pages(server, page, client, browser_errors):
    browser_errors.expect("favicon.ico")
    sign_in(page, server, "/account", USERNAME)
    page.goto(authorization_url(server, URI))
    page.wait_for_selector("#consent-allow")
    check(page)
    with callbacks.callback_page() as application:
        page.goto(authorization_url(server, application.url))
        page_actions.allow(page)
        page.wait_for_url(f"{application.url}**")
    for path in ACCOUNT_PAGES:
        check(page, f"{server.url}/account{path}")
    check(page, f"{server.url}/account/applications/{KEY}/remove")
    restrict(server, client, ["Empty"])
    check(page, f"{server.url}/account/applications")
    browser_errors.expect("403")
    page.goto(authorization_url(server, URI))
    page.get_by_role("link", name="Use another account").wait_for()
    check(page)


def test_device_pages(server, page, client, browser_errors):
    browser_errors.expect("422")
    with server.services.database.transaction() as db:
        db.execute(update(Client).where(Client.id == client.id).values(auth_method="none"))
    form = {"client_id": KEY, "scope": "openid profile"}
    codes = requests.post(f"{server.url}/oauth2/device_authorization", data=form, timeout=10).json()
    sign_in(page, server, "/device", USERNAME)
    check(page)
    page.locator("#user_code").fill("bbbb bbbb")
    page.locator("#device-submit").click()
    page.wait_for_selector("#error-summary")
    check(page)
    check(page, codes["verification_uri_complete"])
    page.locator("#device-allow").click()
    page.wait_for_selector("#device-home")
    check(page)


def test_sign_in_pages(server, page, client, browser_errors):
    browser_errors.expect("Failed to load resource")
    pending = server.add_client(NAME, URI, approve=False)["client_key"]
    for path in ("/sign-in", "/setup?token=nothing", "/nothing", "/admin"):
        check(page, f"{server.url}{path}")
    check(page, authorization_url(server, URI, client_id=pending))
    check(page, authorization_url(server, f"{URI}/wrong"))
    check(page, authorization_url(server, URI))
    page_actions.sign_in(page, USERNAME, "wrong")
    page.wait_for_selector("#error-summary")
    check(page)
    page_actions.sign_in(page, USERNAME)
    page.wait_for_selector("#consent-allow")
    for path in ("/admin", "/sign-in?again=1&next=/account", "/sign-in?switch=1", "/sign-out"):
        check(page, f"{server.url}{path}")
    page.locator("#logout-confirm").click()
    page.wait_for_selector("#sign-in")
    check(page)


def test_oauth1_pages(server, page, browser_errors):
    browser_errors.expect("Failed to load resource")
    key = requests.post(
        f"{server.url}/oauth/requestKey", json={"name": NAME, "secret": "s3cret"}, timeout=10
    ).json()["key"]
    sign_in(page, server, f"/oauth/approveKey?key={key}")
    check(page)
    page.locator("#redirect_uris").fill("javascript:alert(1)")
    page.locator("#key-approve").click()
    page.wait_for_selector("#error-summary")
    check(page)
    page.locator("#redirect_uris").fill("")
    page.locator("#key-approve").click()
    page.wait_for_selector("#key-approve", state="detached")
    check(page)
    check(page, f"{server.url}/oauth/authorize?oauth_token=nothing")


def authorization_url(server, redirect_uri, **changes):
    query = {
        "client_id": KEY, "response_type": "code", "redirect_uri": redirect_uri, "scope": "openid profile",
        "state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{server.url}/oauth2/authorize?{urlencode(query | changes)}"
