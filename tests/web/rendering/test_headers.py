"""The security headers of every page."""

import re

import pytest

from authserver.app import create_app
from authserver.settings import Settings
from tests.web.browser_session import sign_in

PAGES = ["/sign-in", "/sign-out", "/no-such-page", "/setup"]


def policy(response):
    parts = (part.strip().partition(" ") for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


@pytest.mark.parametrize("path", PAGES)
def test_security_headers_of_every_page(client, path):
    page = client.get(path)
    rules = policy(page)
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["base-uri"] == "'none'"
    assert page.headers.getlist("X-Frame-Options") == ["DENY"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"
    assert "camera=()" in page.headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in page.headers


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_frames_are_forbidden_in_both_forms(app, client, sample_users, is_signed_in):
    """RFC 9700, section 4.16: X-Frame-Options is for browsers that do not know frame-ancestors."""
    if is_signed_in:
        sign_in(client, "admin")
    for rule in app.url_map.iter_rules():
        page = client.get(re.sub("<[^>]*>", "7", rule.rule))
        assert policy(page)["frame-ancestors"] == "'none'", rule
        assert page.headers.getlist("X-Frame-Options") == ["DENY"], rule


@pytest.mark.parametrize("path", ["/jwks.json", "/oauth2/token", "/oidc/userinfo", "/oidc/check_session"])
def test_machine_endpoints_send_no_referrer(client, path):
    response = client.get(path)
    assert response.headers.getlist("Referrer-Policy") == ["no-referrer"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in response.headers


@pytest.mark.parametrize("path", ["/account", "/account/password", "/admin", "/admin/clients"])
def test_account_and_console_have_a_stricter_policy(client, sample_users, path):
    sign_in(client, "admin")
    page = client.get(path)
    rules = policy(page)
    assert page.status_code == 200
    assert rules["form-action"] == "'self'"
    assert rules["connect-src"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in",
        "/sign-in/code",
        "/oauth2/authorize",
        "/oidc/authorize",
        "/oauth2/continue",
        "/oauth2/cancel",
        "/oauth/cancel",
        "/consent",
    ],
)
def test_pages_that_redirect_to_clients_allow_it(client, path):
    page = client.get(path)
    assert "form-action" not in policy(page)
    assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"


@pytest.mark.parametrize("path", ["/sign-out", "/setup", "/no-such-page"])
def test_other_forms_may_only_post_to_this_site(client, path):
    assert policy(client.get(path))["form-action"] == "'self'"


def test_scripts_have_the_nonce_of_their_page(client):
    one, other = client.get("/sign-in"), client.get("/sign-in")
    nonces = [
        re.search(r"'nonce-([^']+)'", page.headers["Content-Security-Policy"])[1] for page in (one, other)
    ]
    assert nonces[0] != nonces[1]
    assert f'nonce="{nonces[0]}"' in one.text


def test_tls_adds_secure_cookies_and_hsts(settings, sample_users):
    secure = Settings(**settings.model_dump() | {"public_url": "https://login.example.org"})
    app = create_app(secure)
    browser = app.test_client()
    response = browser.get("/sign-in", base_url="https://login.example.org")
    machine = browser.get("/jwks.json", base_url="https://login.example.org")
    app.extensions["authserver"].database.engine.dispose()
    for one in (response, machine):
        assert "max-age=" in one.headers["Strict-Transport-Security"]
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"))
    assert "Domain" not in cookie


def test_host_headers_are_ignored(client, sample_users):
    response = client.get("/account", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert response.location == "/sign-in?next=/account"
    assert "evil" not in client.get("/sign-in", headers={"Host": "evil.example"}).text
