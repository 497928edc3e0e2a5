"""Requests that web pages of other sites cause: machine endpoints that change state accept them only with CORS."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from authserver.domain.clients.clients import Client
from authserver.protocol.services import Services
from authserver.settings import Settings
from authserver.vocabulary import GrantType
from authserver.web.machine.routes import routes
from tests.support import apps
from tests.support.error_log import recorded
from tests.support.relying_party import RelyingParty, disapprove, register
from tests.support.table import table

OTHER_PAGES = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "https://localhost"},
    {"Origin": "null"},
    {"Origin": "HTTP://evil.example"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "Cross-Site"},
]
NOT_FROM_OTHER_PAGES = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Origin": ""},
    {"Origin": "chrome-extension://abcdefghijklmnop"},
    {"Origin": "https://spa.example", "Sec-Fetch-Site": "cross-site", "Authorization": "Basic eDp5"},
]
FOR_PROGRAMS = [
    "/oauth/requestKey",
    "/oauth/requestToken",
    "/oauth/accessToken",
    "/oauth/whoami",
    "/oauth/verify",
]
FOR_PROGRAMS += ["/oauth2/introspect"]
FOR_REGISTERED_ORIGINS = [
    "/oauth2/token",
    "/api/oauth2/token",
    "/api/oidc/token",
    "/oauth2/revoke",
    "/oidc/userinfo",
]
FOR_REGISTERED_ORIGINS += ["/oauth2/device_authorization", "/api/oauth2/device_code", "/api/oidc/device_code"]
KEY_REQUEST = '{"name": "Tool", "secret": "chosen by the page"}'


def count_clients(services: Services) -> int:
    with services.database.transaction(write=False) as db:
        return db.scalar(select(func.count()).select_from(Client)) or 0


def post(app: Flask, path: str, headers: dict[str, str], body: str = "") -> TestResponse:
    """Send a request that a browser sends without a preflight request."""
    return app.test_client().post(path, data=body, headers=headers, content_type="text/plain")


@table("headers", OTHER_PAGES)
def test_page_of_another_site_cannot_request_a_key(
    app: Flask, services: Services, headers: dict[str, str]
) -> None:
    """S21: the page would know the secret of a consumer that a user inside the network appears to have requested."""
    before = count_clients(services)
    response = post(app, "/oauth/requestKey", headers, KEY_REQUEST)
    assert (response.status_code, response.get_json()["error"]) == (403, "invalid_request")
    assert count_clients(services) == before


@table("headers", NOT_FROM_OTHER_PAGES)
def test_program_can_request_a_key(app: Flask, headers: dict[str, str]) -> None:
    """Programs send neither header. Jazz servers send the JSON with any content type."""
    response = post(app, "/oauth/requestKey", headers, KEY_REQUEST)
    assert (response.status_code, list(response.get_json())) == (200, ["key"])


@table("path", FOR_PROGRAMS + FOR_REGISTERED_ORIGINS)
def test_endpoint_refuses_pages_of_other_sites(app: Flask, path: str) -> None:
    """S21: the error has the format of the endpoint (S27)."""
    for headers in OTHER_PAGES:
        assert post(app, path, headers).status_code == 403, headers
    for headers in NOT_FROM_OTHER_PAGES:
        assert post(app, path, headers).status_code != 403, headers


def test_every_endpoint_that_changes_state_is_covered() -> None:
    """A new endpoint is either for programs, for registered origins, or for all web pages (registration)."""
    writing = {path for path, route in routes().items() if {"POST", "PUT", "DELETE"} & set(route.methods)}
    registration = {path for path in writing if "/register" in path}
    assert writing == {*FOR_PROGRAMS, *FOR_REGISTERED_ORIGINS} | registration


@pytest.mark.parametrize("path", ["/oauth/requestToken", "/oauth/accessToken"])
def test_get_that_issues_credentials_refuses_pages_of_other_sites(app: Flask, path: str) -> None:
    """S21: OAuth Core 1.0 issues credentials in response to GET, which any image or link can send."""
    response = app.test_client().get(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert response.mimetype == "application/x-www-form-urlencoded"
    assert response.get_data(as_text=True).startswith("oauth_problem=parameter_rejected&")


@pytest.mark.parametrize(
    "path", ["/rootservices", "/jwks.json", "/oidc/userinfo", "/oauth/whoami", "/device/code.svg"]
)
def test_links_of_other_sites_to_documents_work(app: Flask, path: str) -> None:
    """A request that changes nothing is harmless: the other site cannot read the response."""
    response = app.test_client().get(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code != 403


@pytest.mark.both_databases
@pytest.mark.parametrize("path", FOR_REGISTERED_ORIGINS)
def test_registered_origin_may_send_requests(rp: RelyingParty, path: str) -> None:
    """S21: the origin of a redirect URI may call the endpoints that clients in a browser need."""
    headers = {"Origin": "https://rp.example", "Sec-Fetch-Site": "cross-site"}
    response = post(rp.app, path, headers)
    assert (response.status_code == 403, response.headers.get("Access-Control-Allow-Origin")) == (
        False,
        "https://rp.example",
    )


def test_origin_of_a_disapproved_client_may_not_send_requests(rp: RelyingParty, services: Services) -> None:
    """S3: disapproval takes effect with the next request."""
    disapprove(services, rp.key)
    assert post(rp.app, "/oauth2/token", {"Origin": "https://rp.example"}).status_code == 403


def test_page_of_another_site_does_not_use_up_a_code(rp: RelyingParty) -> None:
    code = rp.code()
    response = rp.redeem(code, headers={"Origin": "https://evil.example"}, client_id=rp.key)
    assert response.status_code == 403
    assert rp.redeem(code).status_code == 200


def test_gateway_may_forward_the_origin_of_its_caller(rp: RelyingParty) -> None:
    """RFC 7662: nginx sends the headers of the request that it protects to the introspection endpoint."""
    forwarded = {"Origin": "https://spa.example", "Sec-Fetch-Site": "cross-site"}
    response = rp.browser.post("/oauth2/introspect", data={"token": "x"}, headers=rp.basic | forwarded)
    assert (response.status_code, response.get_json()) == (200, {"active": False})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_page_of_another_site_cannot_start_a_device_sign_in(app: Flask, services: Services) -> None:
    """RFC 8628, section 5.4: the user code of a public client would come from the network of the user."""
    key, _ = register(services, auth_method="none", grant_types=(GrantType.DEVICE_CODE, "authorization_code"))
    response = app.test_client().post(
        "/oauth2/device_authorization", data={"client_id": key}, headers={"Origin": "https://evil.example"}
    )
    assert (response.status_code, response.get_json()["error"]) == (403, "invalid_request")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_registration_needs_a_preflight_request(app: Flask, services: Services, content_type: str) -> None:
    """RFC 7591, section 3: browsers send application/json to other sites only after a preflight request."""
    before = count_clients(services)
    response = app.test_client().post(
        "/oauth2/register",
        data='{"redirect_uris": ["https://evil.example/cb"]}',
        content_type=content_type,
        headers={"Origin": "https://evil.example"},
    )
    assert response.status_code == 400
    assert count_clients(services) == before


def test_own_origin_is_compared_as_browsers_send_it(settings: Settings) -> None:
    """RFC 6454, section 6.2: lower case, and no default port."""
    with apps.own(settings.model_copy(update={"public_url": "https://Login.example.org:443/auth"})) as app:
        response = post(app, "/auth/oauth/requestKey", {"Origin": "https://login.example.org"}, KEY_REQUEST)
    assert response.status_code == 200


def test_refused_requests_are_in_diagnostics(app: Flask, services: Services) -> None:
    """An administrator sees which page sent the request."""
    for path, origin, cause in (
        ("/oauth/requestKey", "https://evil.example", "cross-site-request"),
        ("/oauth2/token", "https://spa.example", "origin-not-registered"),
        ("/oidc/userinfo", "null", "origin-not-registered"),
    ):
        error = recorded(services, post(app, path, {"Origin": origin}))
        assert (error.cause, error.received) == (cause, origin)
