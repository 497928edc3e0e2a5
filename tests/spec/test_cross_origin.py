"""Cross-origin requests: which scripts may call the machine endpoints. They never use cookies."""

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from authserver.app import create_app
from authserver.context import SYSTEM
from authserver.domain.clients import clients, web_origins
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support.relying_party import RelyingParty, approve, disapprove, register
from tests.support.table import table

ALLOWED_ORIGIN, OTHER_ORIGIN = "https://rp.example", "https://evil.example"
POST_PATHS = [
    "/oauth2/token",
    "/api/oauth2/token",
    "/api/oidc/token",
    "/oauth2/device_authorization",
    "/api/oauth2/device_code",
    "/api/oidc/device_code",
    "/oauth2/revoke",
    "/oidc/userinfo",
]
DOCUMENTS = [
    "/jwks.json",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth2.0-configuration",
    "/.well-known/oidc-configuration",
]
REGISTRATION_PATHS = ["/oauth2/register", "/api/oauth2/register", "/api/oidc/register", "/oauth2/register/x"]
CLOSED_PATHS = [
    "/oauth2/introspect",
    "/oauth/requestKey",
    "/oauth/requestToken",
    "/oauth/accessToken",
    "/oauth/verify",
    "/oauth/whoami",
    "/rootservices",
    "/oidc/check_session",
    "/device/code.svg",
    "/livez",
    "/readyz",
    "/oauth2/authorize",
    "/oidc/authorize",
    "/oidc/end_session",
    "/sign-in",
    "/device",
    "/account",
    "/admin/",
    "/admin/clients",
]
UNKNOWN_ORIGINS = [
    OTHER_ORIGIN,
    "null",
    "",
    "*",
    "http://rp.example",
    "https://rp.example:8443",
    "https://rp.example:443",
    "https://RP.example",
    "HTTPS://rp.example",
    "https://rp.example/",
    "https://rp.example/cb",
    "https://rp.example.evil.example",
    "https://rp.exampl_",
    "https://rp%example",
    "https://user@rp.example",
    "https://rp.example, https://evil.example",
    "https://[",
    "https://a:99999",
    "rp.example",
]
ALLOW_ORIGIN = "Access-Control-Allow-Origin"


def preflight(app: Flask, path: str, origin: str, method: str = "POST") -> TestResponse:
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return app.test_client().options(path, headers=headers)


def read(app: Flask, path: str = DOCUMENTS[0], **headers: str) -> TestResponse:
    return app.test_client().get(path, headers=headers)


def is_allowed(app: Flask, origin: str) -> bool:
    """Return whether scripts of the origin may send a token request and read the response (both must agree)."""
    response = app.test_client().post(POST_PATHS[0], headers={"Origin": origin})
    preflight_response = preflight(app, POST_PATHS[0], origin)
    assert response.headers.get(ALLOW_ORIGIN) == preflight_response.headers.get(ALLOW_ORIGIN)
    return response.headers.get(ALLOW_ORIGIN) == origin


@pytest.mark.both_databases
@pytest.mark.parametrize("path", POST_PATHS)
def test_registered_origin_may_call(rp: RelyingParty, path: str) -> None:
    response = preflight(rp.app, path, ALLOWED_ORIGIN)
    assert (response.status_code, response.headers[ALLOW_ORIGIN], response.headers["Vary"]) == (
        204,
        ALLOWED_ORIGIN,
        "Origin",
    )
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("origin", [ALLOWED_ORIGIN, OTHER_ORIGIN, "null"])
def test_every_origin_may_read_documents(rp: RelyingParty, path: str, origin: str) -> None:
    """RFC 8414, section 3; Fetch, section 3.2.3: * allows every origin, without credentials."""
    response = read(rp.app, path, Origin=origin)
    assert (response.status_code, response.headers[ALLOW_ORIGIN]) == (200, "*")
    assert "Access-Control-Allow-Credentials" not in response.headers
    preflight_response = preflight(rp.app, path, origin, "GET")
    assert (preflight_response.status_code, preflight_response.headers[ALLOW_ORIGIN]) == (204, "*")
    assert preflight_response.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    # Browser clients of the Model Context Protocol send this header with discovery requests.
    assert "MCP-Protocol-Version" in preflight_response.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("path", REGISTRATION_PATHS)
def test_every_origin_may_register_a_client(app: Flask, path: str) -> None:
    """RFC 7591, section 3: scripts can send JSON and a bearer token, and can read results and errors."""
    methods = "GET, HEAD, PUT, DELETE" if path.endswith("/x") else "POST"
    response = preflight(app, path, OTHER_ORIGIN, methods.rpartition(" ")[2])
    assert (response.status_code, response.headers[ALLOW_ORIGIN]) == (204, "*")
    assert response.headers["Access-Control-Allow-Methods"] == methods
    assert response.headers["Access-Control-Allow-Headers"].startswith("Authorization, Content-Type")
    assert "Access-Control-Allow-Credentials" not in response.headers
    for body in ({"redirect_uris": [f"{OTHER_ORIGIN}/cb"]}, {}):
        method = "PUT" if path.endswith("/x") else "POST"
        answer = app.test_client().open(path, method=method, json=body, headers={"Origin": OTHER_ORIGIN})
        assert (answer.headers[ALLOW_ORIGIN], answer.is_json) == ("*", True)


def test_closed_registration_is_readable(settings: Settings) -> None:
    """Scripts can read why a registration is rejected."""
    app = create_app(settings.model_copy(update={"registration": "closed"}))
    response = app.test_client().post(REGISTRATION_PATHS[0], json={}, headers={"Origin": OTHER_ORIGIN})
    assert (response.status_code, response.headers[ALLOW_ORIGIN]) == (403, "*")
    app.extensions["authserver"].database.engine.dispose()


@table("origin", UNKNOWN_ORIGINS)
def test_other_origin_is_not_allowed(rp: RelyingParty, origin: str) -> None:
    """Origins are compared exactly, as browsers serialize them (RFC 6454, section 6.2)."""
    for path in POST_PATHS:
        response = preflight(rp.app, path, origin)
        assert (response.status_code, response.headers.get(ALLOW_ORIGIN), response.headers["Vary"]) == (
            204,
            None,
            "Origin",
        )
    assert not is_allowed(rp.app, origin)


@pytest.mark.parametrize("path", POST_PATHS)
def test_responses_vary_by_origin(rp: RelyingParty, path: str) -> None:
    """Fetch, section 3.2.5: Vary is sent even if there is no Origin."""
    plain = rp.app.test_client().post(path)
    assert (plain.headers["Vary"], plain.headers.get(ALLOW_ORIGIN)) == ("Origin", None)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_are_the_same_for_every_origin(rp: RelyingParty, path: str) -> None:
    """Fetch, section 3.2.5: a response with * does not vary by origin, so caches can share it."""
    plain = read(rp.app, path)
    assert (plain.headers.get("Vary"), plain.headers[ALLOW_ORIGIN]) == (None, "*")
    again = read(rp.app, path, Origin=ALLOWED_ORIGIN, **{"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.headers.get("Vary"), again.headers[ALLOW_ORIGIN]) == (304, None, "*")
    for response in (plain, again):
        assert response.headers["Cache-Control"] == "public, max-age=300"


def test_results_and_errors_carry_the_header(rp: RelyingParty) -> None:
    for form in ({}, {"grant_type": "refresh_token", "refresh_token": "x"}):
        response = rp.browser.post("/oauth2/token", data=form, headers=rp.basic | {"Origin": ALLOWED_ORIGIN})
        assert (response.status_code, response.headers[ALLOW_ORIGIN]) == (400, ALLOWED_ORIGIN)
    response = rp.browser.get("/oidc/userinfo", headers={"Origin": ALLOWED_ORIGIN})
    assert "WWW-Authenticate" in response.headers["Access-Control-Expose-Headers"]
    assert ALLOW_ORIGIN not in rp.browser.post("/oauth2/token", headers={"Origin": OTHER_ORIGIN}).headers


def test_errors_before_the_endpoint_carry_the_header(rp: RelyingParty) -> None:
    too_long = {"grant_type": "x" * 70_000}
    response = rp.browser.post("/oauth2/token", data=too_long, headers={"Origin": ALLOWED_ORIGIN})
    assert (response.status_code, response.headers[ALLOW_ORIGIN]) == (413, ALLOWED_ORIGIN)
    response = rp.browser.put("/oauth2/token", headers={"Origin": ALLOWED_ORIGIN})
    assert (response.status_code, response.headers[ALLOW_ORIGIN]) == (405, ALLOWED_ORIGIN)


@table("path", CLOSED_PATHS)
def test_other_endpoints_are_not_opened(rp: RelyingParty, path: str) -> None:
    for method in ("OPTIONS", "GET", "POST"):
        headers = {"Origin": ALLOWED_ORIGIN, "Access-Control-Request-Method": "POST"}
        response = rp.app.test_client().open(path, method=method, headers=headers)
        assert not [name for name, _ in response.headers if name.startswith("Access-Control-")], method


def test_options_without_preflight_returns_405(app: Flask) -> None:
    """RFC 9110, section 15.5.6: a 405 MUST carry Allow."""
    response = preflight(app, "/oauth2/introspect", ALLOWED_ORIGIN)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_pending_client_opens_nothing(app: Flask, services: Services, sample_users: dict[str, User]) -> None:
    """S4: the origins of a pending client do not count."""
    key, _ = register(services, is_approved=False)
    assert not is_allowed(app, ALLOWED_ORIGIN)
    approve(services, key)
    assert is_allowed(app, ALLOWED_ORIGIN)


def test_disapproved_client_loses_access_at_once(app: Flask, services: Services, rp: RelyingParty) -> None:
    """S3: disapproval takes effect with the next request."""
    assert is_allowed(app, ALLOWED_ORIGIN)
    disapprove(services, rp.key)
    assert not is_allowed(app, ALLOWED_ORIGIN)
    approve(services, rp.key)
    assert is_allowed(app, ALLOWED_ORIGIN)


def test_decision_on_another_node_takes_effect_at_once(
    app: Flask, settings: Settings, rp: RelyingParty
) -> None:
    """S3: disapproval takes effect on every node."""
    other = create_app(settings)
    assert is_allowed(app, ALLOWED_ORIGIN)
    disapprove(other.extensions["authserver"], rp.key)
    assert not is_allowed(app, ALLOWED_ORIGIN)
    other.extensions["authserver"].database.engine.dispose()


def test_origin_of_two_clients_needs_one_of_them(
    app: Flask, services: Services, rp: RelyingParty, other_rp: RelyingParty
) -> None:
    assert is_allowed(app, ALLOWED_ORIGIN)
    disapprove(services, rp.key)
    assert is_allowed(app, ALLOWED_ORIGIN)
    disapprove(services, other_rp.key)
    assert not is_allowed(app, ALLOWED_ORIGIN)


def test_origin_of_a_removed_client_is_unknown(app: Flask, services: Services, rp: RelyingParty) -> None:
    assert is_allowed(app, ALLOWED_ORIGIN)
    with services.database.transaction() as db:
        clients.remove(db, SYSTEM, clients.get(db, rp.key))
    assert not is_allowed(app, ALLOWED_ORIGIN)


def test_oauth1_consumer_opens_nothing(app: Flask, services: Services) -> None:
    register(services, kind="oauth1", grant_types=(), response_types=())
    assert not is_allowed(app, ALLOWED_ORIGIN)


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://app.example:8443/cb", "https://app.example:8443"),
        ("https://app.example:443/cb", "https://app.example"),
        ("https://App.Example/cb", "https://app.example"),
        ("http://localhost:3000/cb", "http://localhost:3000"),
        ("http://127.0.0.1/cb", "http://127.0.0.1"),
        ("http://[::1]:3000/cb", "http://[::1]:3000"),
    ],
)
def test_origin_is_derived_as_browsers_do(app: Flask, services: Services, uri: str, origin: str) -> None:
    """RFC 6454, section 6.2: lower case, and no default port."""
    register(services, redirect_uris=(uri,))
    assert is_allowed(app, origin)
    assert not is_allowed(app, f"{origin}1")


def test_operator_origins_are_allowed(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"cors_origins": ("https://spa.example",)}))
    assert is_allowed(app, "https://spa.example")
    app.extensions["authserver"].database.engine.dispose()


@pytest.mark.only_on("sqlite")
def test_documents_do_not_query_the_database(app: Flask, services: Services) -> None:
    """The documents are read very often."""
    statements: list[str] = []
    for path in DOCUMENTS:
        read(app, path)
    event.listen(
        services.database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2])
    )
    for path in DOCUMENTS:
        assert read(app, path).status_code == read(app, path, Origin=OTHER_ORIGIN).status_code == 200
    assert statements == []


@pytest.mark.only_on("sqlite")
def test_failed_lookup_after_the_request_allows_no_origin(
    rp: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I5: if in doubt, the browser gets no permission. Issued tokens are still returned to their client."""

    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    code = rp.code()
    monkeypatch.setattr(web_origins, "find_owner", fail)
    response = rp.redeem(code, headers=rp.basic | {"Origin": ALLOWED_ORIGIN})
    assert (response.status_code, response.headers.get(ALLOW_ORIGIN)) == (200, None)


@pytest.mark.only_on("sqlite")
def test_failed_lookup_before_the_request_does_not_use_the_code(
    rp: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I5: the server rejects a request of a web page whose origin it cannot check."""

    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    code = rp.code()
    with monkeypatch.context() as patch:
        patch.setattr(web_origins, "find_owner", fail)
        response = rp.redeem(code, headers={"Origin": ALLOWED_ORIGIN}, client_id=rp.key)
    assert (response.status_code, response.get_json()["error"]) == (503, "temporarily_unavailable")
    assert rp.redeem(code).status_code == 200
