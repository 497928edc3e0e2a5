"""The pages of accounts and administrators: status and headers of each page, and the responses to its forms."""

import re
from typing import Any

from tests.wire.installation import PASSWORD
from tests.wire.recorder import Caller
from tests.wire.run import Run

NEW_PASSWORD = "a new horse battery staple"
_ACCOUNT = (
    "/account", "/account/activity", "/account/applications", "/account/authenticator",
    "/account/authenticator/recovery-codes", "/account/authenticator/remove", "/account/authenticator/set-up",
    "/account/password", "/account/sessions",
)  # fmt: skip
_ADMIN = (
    "/admin", "/admin/activity", "/admin/activity?page=2", "/admin/activity/export.csv", "/admin/activity/export.jsonl",
    "/admin/activity/export.xml", "/admin/clients", "/admin/clients?q=web&status=approved", "/admin/clients?page=99",
    "/admin/clients/new", "/admin/clients/bulk/approve", "/admin/clients/bulk/magic", "/admin/diagnostics",
    "/admin/diagnostics/nothing", "/admin/redirect-uris/check?uri=https://rp.example/cb", "/admin/settings/scopes",
    "/admin/settings/scopes/new", "/admin/settings/scopes/edit?name=printing", "/admin/settings/scopes/remove?name=printing",
    "/admin/settings/scopes/edit?name=nothing", "/admin/settings/signing-keys", "/admin/settings/signing-keys/RS256/rotate",
    "/admin/settings/signing-keys/magic/rotate", "/admin/settings/resources", "/admin/settings/resources/new",
    "/admin/settings/resources/edit?identifier=nothing", "/admin/users", "/admin/users?q=ali", "/admin/users/new",
    "/admin/users/1",
    "/admin/users/99999", "/admin/users/99999999999999999999", "/admin/users/1/edit", "/admin/users/1/password",
    "/admin/users/1/grant", "/admin/users/1/withdraw", "/admin/users/1/disable", "/admin/users/1/enable",
    "/admin/users/1/remove-second-factor", "/admin/users/1/magic", "/admin/nothing",
)  # fmt: skip
_OF_CLIENT = (
    "", "/activity", "/credentials", "/diagnostics", "/settings", "/approve", "/change/approve", "/change/discard",
    "/disapprove", "/edit", "/oauth1", "/oauth1/debugger", "/remove", "/secrets/1/remove", "/secrets/new", "/tokens",
)  # fmt: skip


def play(run: Run) -> None:
    """Open every page as every kind of user, then submit the forms."""
    web, tool = run.clients["web"].key, run.clients["tool"].key
    pages = [*_ACCOUNT, *_ADMIN]
    pages += [
        f"/account/applications/{web}/remove",
        "/sign-in",
        "/sign-in/code",
        "/sign-out",
        "/setup",
        "/setup?token=a",
    ]
    of_clients = [f"/admin/clients/{key}{page}" for key in (web, tool) for page in _OF_CLIENT]
    stranger, ordinary, administrator = run.caller(), run.browser("bob"), run.browser("admin")
    for path in pages:
        stranger.get("signed out", path, is_brief=True)
        ordinary.get("ordinary", path, is_brief=True)
    for path in (*pages, *of_clients):
        administrator.get("administrator", path)
    for page in _OF_CLIENT:
        stranger.get("signed out", f"/admin/clients/{web}{page}", is_brief=True)
        ordinary.get("ordinary", f"/admin/clients/{web}{page}", is_brief=True)
        administrator.get("administrator", f"/admin/clients/nobody{page}", is_brief=True)
    for path in ("/admin/clients?q=web", "/admin/users?q=ali", "/admin/diagnostics?q=a", "/account"):
        administrator.get(f"fragment: {path}", path, headers={"HX-Request": "true"})
        stranger.get(f"fragment, signed out: {path}", path, headers={"HX-Request": "true"})
    _client_forms(run, administrator)
    _other_forms(run, administrator)
    _account_forms(run)
    _old_sign_in(run)


def _fill(browser: Caller, title: str, path: str, to: str = "", **changes: Any) -> None:
    browser.get(None, path)
    browser.submit(title, to or path.partition("?")[0], **changes)


def _found(browser: Caller, path: str, pattern: str) -> str:
    found = re.search(pattern, browser.get(None, path).text)
    assert found, f"{pattern} is not on {path}"
    return found[0].replace("&amp;", "&")


def _client_forms(run: Run, browser: Caller) -> None:
    new = "/admin/clients/new"
    _fill(browser, "new client: nothing", new)
    _fill(
        browser,
        "new client: created",
        new,
        kind="oidc",
        name="From the console",
        redirect_uris="https://a.example/cb",
    )
    key = _found(browser, "/admin/clients?q=From+the+console", r"(?<=/admin/clients/)[0-9a-f]{32}")
    run.recorder.placeholders.learn(key, "console client")
    base = f"/admin/clients/{key}"
    browser.get(None, f"{base}/edit")
    stale = browser.page
    browser.submit("edit: no name", f"{base}/edit", name="")
    _fill(browser, "edit: saved", f"{base}/edit", name="Renamed in the console")
    browser.page = stale
    browser.submit("edit: stale", f"{base}/edit", name="Renamed once more")
    _fill(browser, "tokens: wrong", f"{base}/tokens", access_token_lifetime="soon")
    _fill(browser, "tokens: saved", f"{base}/tokens", access_token_lifetime="5m")
    _fill(browser, "secret: made", f"{base}/secrets/new", secret_choice="generate")
    _fill(
        browser,
        "secret: typed, differs",
        f"{base}/secrets/new",
        secret_choice="typed",
        secret="a" * 40,
        secret_again="b",
    )
    secret = _found(browser, f"{base}/credentials", rf"{base}/secrets/\d+/remove")
    _fill(browser, "secret: removed", secret)
    _fill(browser, "approve", f"{base}/approve")
    browser.get("approve: approved already", f"{base}/approve")
    _fill(browser, "disapprove", f"{base}/disapprove")
    tool = f"/admin/clients/{run.clients['tool'].key}"
    _fill(browser, "oauth1: unknown user", f"{tool}/oauth1", functional_user="nobody")
    _fill(browser, "oauth1: bad key", f"{tool}/oauth1", public_key="nonsense", functional_user="")
    _fill(browser, "oauth1: saved", f"{tool}/oauth1", functional_user="")
    _fill(browser, "debugger: nothing", f"{tool}/oauth1/debugger")
    _fill(browser, "debugger: a request", f"{tool}/oauth1/debugger", method="GET", url="http://localhost/oauth/whoami",
          authorization='OAuth oauth_consumer_key="a"')  # fmt: skip
    bulk = f"/admin/clients/bulk/approve?key={key}"
    browser.get("bulk: page", bulk)
    browser.submit("bulk: approved", "/admin/clients/bulk/approve")
    _fill(browser, "remove", f"{base}/remove")
    browser.get("remove: removed", base)
    browser.post("remove: without CSRF token", f"{base}/remove", {})


def _other_forms(run: Run, browser: Caller) -> None:
    users = "/admin/users"
    _fill(browser, "new user: nothing", f"{users}/new")
    _fill(browser, "new user: short password", f"{users}/new", username="dora", password_choice="typed", password="a",
          password_again="a")  # fmt: skip
    _fill(browser, "new user: created", f"{users}/new", username="dora", name="Dora", email="dora@example.org",
          password_choice="typed", password=PASSWORD, password_again=PASSWORD)  # fmt: skip
    _fill(browser, "new user: exists", f"{users}/new", username="dora", password_choice="typed", password=PASSWORD,
          password_again=PASSWORD)  # fmt: skip
    dora = _found(browser, f"{users}?q=dora", rf"{users}/\d+")
    _fill(browser, "user: edited", f"{dora}/edit", name="Dora Doe")
    _fill(browser, "user: bad e-mail address", f"{dora}/edit", email="nowhere")
    _fill(browser, "user: password", f"{dora}/password", password_choice="typed", password=NEW_PASSWORD,
          password_again=NEW_PASSWORD)  # fmt: skip
    for change in ("grant", "withdraw", "disable", "enable"):
        _fill(browser, f"user: {change}", f"{dora}/{change}")
    _fill(
        browser,
        "user: last administrator",
        _found(browser, f"{users}?q=admin", rf"{users}/\d+") + "/withdraw",
    )
    alice = _found(browser, f"{users}?q=alice", rf"{users}/\d+")
    run.browser("alice")
    end = _found(browser, alice, rf"{alice}/sessions/\d+/end")
    _fill(browser, "user: a session ended", alice, end)
    _fill(browser, "user: all sessions ended", alice, f"{alice}/sessions/end")
    scopes = "/admin/settings/scopes"
    _fill(browser, "scope: nothing", f"{scopes}/new")
    _fill(browser, "scope: defined", f"{scopes}/new", name="writing", words="Write")
    _fill(browser, "scope: changed", f"{scopes}/edit?name=writing", words="Write more")
    _fill(browser, "scope: removed", f"{scopes}/remove?name=writing")
    resources = "/admin/settings/resources"
    printer = {"identifier": "https://printer.example/", "name": "Printer"}
    _fill(browser, "resource: nothing", f"{resources}/new")
    _fill(browser, "resource: defined", f"{resources}/new", **printer, scopes="printing")
    of_printer = f"identifier={printer['identifier']}"
    _fill(browser, "resource: changed", f"{resources}/edit?{of_printer}", name="Printers", open="1")
    _fill(browser, "resource: removed", f"{resources}/remove?{of_printer}")
    _fill(browser, "signing key: rotated too soon", "/admin/settings/signing-keys/ES256/rotate")
    refused = {
        "client_id": run.clients["web"].key,
        "response_type": "code",
        "redirect_uri": "https://rp.example/new",
    }
    run.caller().get("diagnosed: a redirect URI that is not registered", "/oauth2/authorize", query=refused)
    found = _found(
        browser, f"/admin/diagnostics?client={run.clients['web'].key}", r"/admin/diagnostics/[A-Z0-9][\w-]+"
    )
    browser.get("diagnostics: entry", found)
    browser.get("diagnostics: redirect URI to add", f"{found}/add-redirect-uri")


def _account_forms(run: Run) -> None:
    browser = run.browser("bob")
    _fill(browser, "profile: saved", "/account", website="https://bob.example/")
    _fill(browser, "profile: wrong", "/account", birthdate="yesterday")
    _fill(browser, "theme", "/account", "/account/theme", theme="dark")
    browser.post("theme: without CSRF token", "/account/theme", {"theme": "dark"})
    other = run.browser("bob")
    end = _found(browser, "/account/sessions", r"/account/sessions/\d+/end")
    _fill(browser, "a session ended", "/account/sessions", end)
    _fill(browser, "all other sessions ended", "/account/sessions", "/account/sessions/end-others")
    other.get("a session that was ended", "/account")
    application = _found(browser, "/account/applications", r"/account/applications/[0-9a-f]{32}/remove")
    _fill(browser, "application removed", application)
    _fill(browser, "password: wrong", "/account/password", old_password="wrong", new_password=NEW_PASSWORD,
          new_password_again=NEW_PASSWORD)  # fmt: skip
    _fill(browser, "password: too short", "/account/password", old_password=PASSWORD, new_password="a",
          new_password_again="a")  # fmt: skip
    _fill(browser, "password: changed", "/account/password", old_password=PASSWORD, new_password=NEW_PASSWORD,
          new_password_again=NEW_PASSWORD)  # fmt: skip


def _old_sign_in(run: Run) -> None:
    """Submit a form after the sign-in has become too old, and a form whose session has expired."""
    browser = run.browser("admin")
    path = f"/admin/clients/{run.clients['other'].key}/remove"
    browser.get(None, path)
    run.pass_time(601)
    page = browser.page
    browser.get("an old sign-in: page", path)
    browser.page = page
    browser.submit("an old sign-in: form", path)
    browser.submit("an old sign-in: signed in again", "/sign-in", password=PASSWORD)
    run.pass_time(3 * 3600)
    browser.get("a session that was not used for too long", "/admin")
    browser.page = page
    browser.submit("a form of a session that is over", path)
