"""The path and the origin of this site: no response takes an address from the request (S25)."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from authserver.app import create_app
from authserver.settings import Settings
from authserver.web.machine.routes import routes
from tests.support.table import table
from tests.web.browser_session import sign_in

pytestmark = pytest.mark.only_on("sqlite")
FOREIGN = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Prefix": "/evil.example",
    "X-Original-URL": "https://evil.example/",
    "Forwarded": "host=evil.example;proto=gopher",
    "Origin": "https://evil.example",
    "Referer": "https://evil.example/",
}
MERGED = [
    "/account//sessions",
    "/account///sessions",
    "/admin//clients",
    "/oauth2//authorize",
    "/oauth//authorize",
]


def paths_of(app: Flask) -> list[str]:
    """Return a path for every route."""
    rules = {rule.rule for rule in app.url_map.iter_rules()} | set(routes())
    return sorted(re.sub(r"<[^>]*>", "7", rule) for rule in rules)


def send(client: FlaskClient, path: str, method: str = "GET", **more: Any) -> TestResponse:
    """Send a request. Flask's client would read a path that begins with two slashes as a host."""
    return client.open("/", method=method, headers=FOREIGN, environ_overrides={"PATH_INFO": path}, **more)


@table("path", MERGED)
def test_redirect_of_the_router_leads_to_the_public_url(client: FlaskClient, path: str) -> None:
    response = send(client, path, query_string={"next": "1"})
    assert response.status_code == 308
    assert response.location == f"http://localhost{re.sub('/+', '/', path)}?next=1"


def test_redirect_of_the_router_keeps_the_path_of_the_public_url(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"public_url": "https://login.example.org:8443/auth"}))
    response = app.test_client().get("/auth/account//sessions", headers=FOREIGN)
    app.extensions["authserver"].database.engine.dispose()
    assert response.location == "https://login.example.org:8443/auth/account/sessions"


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_no_response_repeats_an_address_of_the_request(
    app: Flask, client: FlaskClient, sample_users: object, method: str
) -> None:
    """S25: every route, with and without a repeated or a trailing slash, signed in as an administrator."""
    sign_in(client, "admin")
    found = []
    for path in paths_of(app):
        for variant in (path, f"/{path}", f"{path}/", path.replace("/", "//")):
            response = send(client, variant, method)
            assert response.status_code < 500, variant
            text = f"{response.headers}\n{response.get_data(as_text=True)}"
            if "evil.example" in text or "gopher" in text:
                found.append((variant, response.status_code))
    assert found == []


@table("host", ["", "evil.example:99999", "[::1", "evil.example/path", "a b", "evil.example\\@x", "é"])
def test_malformed_host_does_not_matter(client: FlaskClient, host: str) -> None:
    """S25, S26: the Host header has no influence, and never causes an error of the server."""
    response = client.get("/account//sessions", headers={"Host": host})
    assert response.status_code in {308, 400}
    assert response.headers.get("Location") in {None, "http://localhost/account/sessions"}


def test_script_name_of_the_request_is_ignored(client: FlaskClient) -> None:
    """S25: Gunicorn reads SCRIPT_NAME from a header on a Unix socket, and other servers do the same."""
    response = client.get("/account", environ_overrides={"SCRIPT_NAME": "//evil.example"})
    assert response.location == "/sign-in?next=/account"
    assert "evil" not in client.get("/sign-in", environ_overrides={"SCRIPT_NAME": "//evil.example"}).text
    assert "evil" not in client.get("/readyz", environ_overrides={"SCRIPT_NAME": "//evil.example"}).text
