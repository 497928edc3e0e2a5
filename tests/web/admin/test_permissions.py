"""Access to the console: Configure Server on every route, recent sign-in for sensitive actions, CSRF tokens on forms."""

import re

import pytest
from flask import Flask

from tests.support import groups
from tests.support.sample_users import open_session
from tests.web.admin.console import HTMX_DIALOG, Console

SAFE_TO_SEE = {
    "overview", "client_table", "client_overview", "client_settings", "client_credentials", "client_activity",
    "check_redirect_uri", "user_table", "user_detail", "group_table", "group_detail", "activity", "export_activity",
    "scope_table", "resource_table", "signing_key_list", "oauth1_debugger", "diagnostics", "recorded_error",
    "client_diagnostics",
}  # fmt: skip
VALUES = {
    "algorithm": "RS256",
    "verb": "approve",
    "file_format": "csv",
    "change": "disable",
    "user_id": 1,
    "group_id": 1,
    "session_id": 1,
    "secret_id": 1,
    "reference": "BCDFGHJK",
}


def routes(app: Flask, key: str = "0123") -> list[tuple[str, str, str]]:
    """Return the method, path and name of every route below /admin, with plausible values."""
    found = []
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin"):
            change = {"change": "add"} if "members" in rule.rule else {}
            path = adapter.build(rule.endpoint, VALUES | {"key": key} | change, append_unknown=False)
            methods = rule.methods & {"GET", "POST"}
            found += [(method, path, rule.endpoint.rpartition(".")[2]) for method in sorted(methods)]
    return found


def test_all_routes_are_found(app):
    found = routes(app)
    assert len(found) >= 35
    assert all(
        rule.endpoint.startswith("admin.") for rule in app.url_map.iter_rules() if "/admin" in rule.rule
    )


def test_every_route_requires_configure_server(app, client, services):
    for method, path, _ in routes(app):
        answer = client.open(path, method=method)
        assert answer.status_code in {303, 400}, (method, path, answer.status)
        if answer.status_code == 303:
            assert answer.location.startswith("/sign-in?next="), path
    open_session(client, services, "alice")
    for method, path, _ in routes(app):
        answer = client.open(path, method=method, headers={"Referer": "http://localhost/"})
        assert answer.status_code in {403, 400}, (method, path, answer.status)
        assert method == "POST" or "Configure Server" in answer.text


def test_every_form_requires_a_csrf_token(app, console):
    key = console.add_client().client_key
    for method, path, _ in routes(app, key):
        if method == "POST":
            response = console.browser.post(
                path, data={"revision": "1", "typed_name": "Grafana", "name": "X"}
            )
            assert response.status_code == 400, path
    assert console.client(key).status == "pending"


def test_revoked_permission_takes_effect_with_the_next_request(client, services):
    from authserver.context import SYSTEM
    from authserver.domain.users import users

    open_session(client, services, "admin")
    assert client.get("/admin").status_code == 200
    with services.database.transaction() as db:
        users.grant(db, SYSTEM, users.find(db, "alice"), may_configure_server=True)
        users.grant(db, SYSTEM, users.find(db, "admin"), may_configure_server=False)
    assert client.get("/admin").status_code == 403


def test_sensitive_pages_require_a_recent_sign_in_before_the_form(app, console, database, outdate_sign_in):
    key = console.add_client().client_key
    groups.add(database, "Engineering")
    outdate_sign_in()
    for method, path, name in routes(app, key):
        if method != "GET":
            continue
        response = console.get(path)
        if name in SAFE_TO_SEE:
            # No error has this reference. The page says so.
            assert response.status_code in ({404} if name == "recorded_error" else {200, 303}), path
            assert "again" not in (response.location or "")
        else:
            assert re.match(r"/sign-in\?.*again=1", response.location or ""), path


@pytest.fixture
def filled(console: Console):
    page = console.get("/admin/clients/new?kind=oauth2")
    return page, {
        "name": "Half an hour of typing",
        "redirect_uris": "https://a.example/cb\nhttps://b.example/cb",
    }


def test_form_survives_an_outdated_sign_in(console, filled, outdate_sign_in):
    page, values = filled
    outdate_sign_in()
    asked = console.press(page, "Save and approve", **values)
    assert asked.status_code == 403
    assert "Half an hour of typing" not in asked.text  # it is sealed
    from tests.support.sample_users import PASSWORD

    waiting = console.press(asked, "Sign in", password=PASSWORD)
    made = console.press(waiting, "Continue")
    assert made.status_code == 200
    assert "Half an hour of typing was created" in made.text
    assert "The client is approved" in made.text


def test_htmx_sends_an_outdated_form_as_a_page(console, filled, outdate_sign_in):
    page, values = filled
    outdate_sign_in()
    response = console.press(page, "Save", headers=HTMX_DIALOG, **values)
    assert (response.status_code, response.text) == (403, "")
    opened = console.browser.get("/admin/clients/new", headers=HTMX_DIALOG)
    assert opened.status_code == 204
    assert opened.headers["HX-Redirect"].startswith("/sign-in?")


def test_pages_are_not_cached(app, console):
    key = console.add_client().client_key
    for method, path, _ in routes(app, key):
        if method == "GET":
            assert "no-store" in console.get(path).headers["Cache-Control"], path
