"""RFC 6749, section 2.3.1: a bearer token authenticates no client, and secrets must be form-encoded."""

import base64
from urllib.parse import quote_plus

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import entered_secrets
from tests.support.error_log import recorded
from tests.support.relying_party import RelyingParty, register
from tests.support.table import table

FORM = {"grant_type": "refresh_token", "refresh_token": "x"}
BEARERS = ["Bearer abc", "bearer abc", "BEARER", "Bearer  ", "Bearer a, Bearer b"]
SECRETS = ["plus+sign+in+it", "100%25 certain", "%41%42%43-not-ABC", "bytes%ff%fe-in-it", "mixed%zz+b%20c"]


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Allow only a few attempts."""
    return settings.model_copy(update={"client_secret_attempts": 3})


@table("header", BEARERS)
def test_bearer_token_does_not_prevent_authentication_in_the_body(
    app: Flask, services: Services, sample_users: dict[str, User], header: str
) -> None:
    """2.3.1: client_secret_post. HTTP libraries add the token of the user to every request."""
    key, secret = register(services, auth_method="client_secret_post")
    rp = RelyingParty(app, key, secret)
    response = rp.token({"Authorization": header}, **FORM, client_id=key, client_secret=secret)
    assert response.get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke", "/oauth2/device_authorization"])
def test_bearer_token_does_not_prevent_requests_of_public_clients(public_rp: RelyingParty, path: str) -> None:
    """3.2.1: a public client sends its client_id."""
    form = {"client_id": public_rp.key, "token": "x", **FORM}
    expected = public_rp.browser.post(path, data=form)
    response = public_rp.browser.post(path, data=form, headers={"Authorization": "Bearer abc"})
    assert response.status_code == expected.status_code != 401
    assert response.get_json(silent=True) is None or "reference" in response.text


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth/verify"])
def test_bearer_token_does_not_authenticate_a_client(rp: RelyingParty, path: str) -> None:
    """2.3: a confidential client MUST authenticate."""
    header = {"Authorization": f"Bearer {rp.tokens()['access_token']}"}
    response = rp.browser.post(path, data={"client_id": rp.key, "token": "x", **FORM}, headers=header)
    assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")
    assert response.headers["WWW-Authenticate"].startswith("Basic")


def test_bearer_token_does_not_matter_where_nobody_authenticates(app: Flask) -> None:
    """A consumer key, a registration and the documents need no authentication."""
    browser, header = app.test_client(), {"Authorization": "Bearer abc"}
    registration = {"redirect_uris": ["https://tool.example/cb"], "client_name": "Tool"}
    assert (
        browser.post("/oauth/requestKey", data='{"name": "T", "secret": "s3"}', headers=header).status_code
        == 200
    )
    assert browser.post("/oauth2/register", json=registration, headers=header).status_code == 201
    assert browser.get("/jwks.json", headers=header).status_code == 200
    assert browser.get("/rootservices", headers=header).status_code == 200
    assert browser.get("/oauth/whoami", headers=header).get_json()["error"] == "unauthorized"


def test_other_schemes_are_rejected(public_rp: RelyingParty) -> None:
    """5.2: the client attempted to authenticate with a scheme that the server does not support."""
    response = public_rp.token({"Authorization": "Digest x"}, **FORM, client_id=public_rp.key)
    assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")


@table("secret", SECRETS)
def test_secret_that_is_not_form_encoded_is_diagnosed(
    app: Flask, services: Services, sample_users: dict[str, User], secret: str
) -> None:
    """2.3.1 and appendix B: the error says what the client must change, so that nobody replaces a correct secret."""
    rp = entered_secrets.party(app, services, secret)
    response = rp.token(basic(rp.key, secret), **FORM)
    assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")
    assert "must be form-encoded" in response.get_json()["error_description"]
    error = recorded(services, response)
    assert (error.cause, error.client_id is not None) == ("secret-not-encoded", True)
    assert secret not in f"{error.received} {error.expected}"
    assert rp.token(basic(rp.key, quote_plus(secret)), **FORM).get_json()["error"] == "invalid_grant"


def test_plus_sign_in_the_body_is_diagnosed(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """Appendix B: in a form, a plus sign is a space."""
    rp = entered_secrets.party(app, services, "plus+sign+in+it", auth_method="client_secret_post")
    body = f"grant_type=refresh_token&refresh_token=x&client_id={rp.key}&client_secret=plus+sign+in+it"
    response = app.test_client().post(
        "/oauth2/token", data=body, content_type="application/x-www-form-urlencoded"
    )
    assert recorded(services, response).cause == "secret-not-encoded"


@table("sent", ["wrong+secret", "wrong%20", "wrong%ff", "%ff"])
def test_wrong_secret_is_not_called_correct(rp: RelyingParty, sent: str) -> None:
    response = rp.token(basic(rp.key, sent), **FORM)
    assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")
    assert "encoded" not in response.get_json()["error_description"]


@table("guess", ["wrong+secret", "wrong%ff"])
def test_guesses_are_limited_in_both_forms(
    app: Flask, services: Services, sample_users: dict[str, User], guess: str
) -> None:
    """2.3.1: the server MUST protect any endpoint that takes a client password against brute force attacks."""
    rp = entered_secrets.party(app, services, "a%ff secret+")
    statuses = [rp.token(basic(rp.key, f"{number}{guess}"), **FORM).status_code for number in range(4)]
    assert statuses == [401, 401, 401, 429]
