"""Endpoints whose URL has a slash at the end, or a repeated slash: the error has the format of the endpoint (S27)."""

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.app import create_app
from authserver.protocol.services import Services
from authserver.settings import Settings
from authserver.web.machine.routes import routes
from tests.support.error_log import recorded
from tests.support.relying_party import RelyingParty

OAUTH1 = {"/oauth/requestToken", "/oauth/accessToken"}
pytestmark = pytest.mark.only_on("sqlite")


def send(app: Flask, path: str, method: str = "GET", **headers: str) -> TestResponse:
    """Send a request. Flask's client would read a path that begins with two slashes as a host."""
    return app.test_client().open("/", method=method, environ_overrides={"PATH_INFO": path}, headers=headers)


@pytest.mark.parametrize("change", ["{0}/", "{0}//", "/{0}"], ids=["end", "two", "start"])
def test_every_machine_endpoint_reports_extra_slashes(app: Flask, change: str) -> None:
    """S27: a program cannot read an HTML page."""
    for path, route in routes().items():
        response = send(
            app, change.format(re.sub("<.*>", "key", path)), "GET" if "GET" in route.methods else "POST"
        )
        assert response.status_code == 404, path
        text = response.get_data(as_text=True)
        if path in OAUTH1:
            assert response.mimetype == "application/x-www-form-urlencoded"
            assert text.startswith("oauth_problem=parameter_rejected&oauth_problem_advice="), path
        elif path == "/oidc/userinfo":
            assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]
        else:
            assert response.get_json()["error"] == "invalid_request", path
            assert "Remove the slash." in response.get_json()["error_description"], path


def test_repeated_slash_within_the_path_is_reported(app: Flask) -> None:
    response = send(app, "/oauth2//token", "POST")
    assert (response.status_code, response.get_json()["error"]) == (404, "invalid_request")


def test_extra_slash_is_in_diagnostics(app: Flask, services: Services) -> None:
    """An administrator sees which path the application used."""
    error = recorded(services, send(app, "/oauth2/token/", "POST"))
    assert (error.cause, error.received, error.expected) == ("extra-slash", "/oauth2/token/", "/oauth2/token")


def test_script_can_read_the_error(rp: RelyingParty) -> None:
    """Without the CORS headers, the browser would report a network error instead."""
    preflight = send(rp.app, "/oauth2/token/", "OPTIONS", Origin="https://rp.example")
    response = send(rp.app, "/oauth2/token/", "POST", Origin="https://rp.example")
    assert (preflight.status_code, response.status_code) == (204, 404)
    for one in (preflight, response):
        assert one.headers["Access-Control-Allow-Origin"] == "https://rp.example"


@pytest.mark.parametrize(
    "path", ["/.well-known/oauth-authorization-server/auth/", "/livez/", "/readyz/", "/auth/jwks.json/"]
)
def test_paths_outside_the_public_url_report_extra_slashes(settings: Settings, path: str) -> None:
    """RFC 8414, section 3.1: the metadata of an issuer with a path are at the root of the host."""
    app = create_app(settings.model_copy(update={"public_url": "https://login.example.org/auth"}))
    response = app.test_client().get(path)
    app.extensions["authserver"].database.engine.dispose()
    assert (response.status_code, response.get_json()["error"]) == (404, "invalid_request")


def test_pages_are_not_machine_endpoints(app: Flask) -> None:
    """A page below the same path still answers as a page."""
    assert send(app, "/oauth2/unknown/").mimetype == "text/html"
