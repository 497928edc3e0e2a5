"""Cross-origin requests: scripts of registered origins may call the machine endpoints, and never with cookies."""

import pytest
from flask import Flask

from authserver.domain.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, register

OURS, THEIRS = "https://rp.example", "https://evil.example"
CALLED = ["/oauth2/token", "/api/oauth2/token", "/api/oidc/token", "/oauth2/revoke", "/oidc/userinfo"]
PUBLIC = ["/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
CLOSED = ["/oauth2/introspect", "/oauth2/device_authorization", "/oauth/requestToken", "/livez"]
ALLOW = "Access-Control-Allow-Origin"


def preflight(app: Flask, path: str, origin: str) -> object:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return app.test_client().options(path, headers=headers)


@pytest.mark.parametrize("path", CALLED)
def test_a_registered_origin_may_call(rp: RelyingParty, path: str) -> None:
    answer = preflight(rp.app, path, OURS)
    assert (answer.status_code, answer.headers[ALLOW], answer.headers["Vary"]) == (204, OURS, "Origin")
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", CALLED)
@pytest.mark.parametrize(
    "origin", [THEIRS, "null", "https://rp.example.evil.example", "http://rp.example", ""]
)
def test_another_origin_may_not(rp: RelyingParty, path: str, origin: str) -> None:
    assert ALLOW not in preflight(rp.app, path, origin).headers


def test_answers_and_errors_carry_it(rp: RelyingParty) -> None:
    for form in ({}, {"grant_type": "refresh_token", "refresh_token": "x"}):
        answer = rp.browser.post("/oauth2/token", data=form, headers=rp.basic | {"Origin": OURS})
        assert (answer.status_code, answer.headers[ALLOW]) == (400, OURS)
    answer = rp.browser.get("/oidc/userinfo", headers={"Origin": OURS})
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
    assert ALLOW not in rp.browser.post("/oauth2/token", headers={"Origin": THEIRS}).headers


@pytest.mark.parametrize("path", PUBLIC)
def test_public_documents_are_for_every_origin(app: Flask, path: str) -> None:
    assert app.test_client().get(path, headers={"Origin": THEIRS}).headers[ALLOW] == "*"
    assert preflight(app, path, THEIRS).headers[ALLOW] == "*"


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_else_is_opened(rp: RelyingParty, path: str) -> None:
    answer = preflight(rp.app, path, OURS)
    assert answer.status_code == 405
    assert ALLOW not in answer.headers


def test_a_pending_clients_origin_is_not_registered(
    app: Flask, services: Services, people: dict[str, User]
) -> None:
    register(services, is_approved=False, redirect_uris=("https://pending.example/cb",))
    assert ALLOW not in preflight(app, "/oauth2/token", "https://pending.example").headers
