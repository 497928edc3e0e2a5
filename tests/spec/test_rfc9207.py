"""RFC 9207: every authorization response contains the issuer, which prevents mix-up attacks."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from authserver.app import create_app
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import sample_users as samples
from tests.support.relying_party import RelyingParty, claims, register, response_parameters

TYPES = ("code", "code id_token", "id_token token")
MODES = [
    ("code", "query"),
    ("code", "fragment"),
    ("code", "form_post"),
    ("code id_token", "fragment"),
    ("code id_token", "form_post"),
    ("id_token token", "fragment"),
    ("id_token token", "form_post"),
]
ERRORS: dict[str, dict[str, str | None]] = {
    "login_required": {"prompt": "none"},
    "invalid_scope": {"scope": "nonsense"},
    "invalid_request": {"max_age": "soon"},
    "invalid_target": {"resource": "https://unknown.example/"},
    "request_not_supported": {"request": "x"},
}


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client for all response types."""
    return RelyingParty(app, *register(services, response_types=TYPES))


def issuer(party: RelyingParty, path: str = "/.well-known/oauth-authorization-server") -> str:
    document = party.app.test_client().get(path).get_json()
    return str(document["issuer"])


@pytest.mark.parametrize(("response_type", "mode"), MODES)
def test_success_contains_the_issuer(party: RelyingParty, response_type: str, mode: str) -> None:
    """2: the response MUST include iss, together with the other parameters."""
    page = party.authorized(response_type=response_type, response_mode=mode)
    assert response_parameters(page)["iss"] == issuer(party)
    if mode != "form_post":
        assert "iss=" in getattr(urlsplit(page.location), mode)


@pytest.mark.parametrize(("response_type", "mode"), MODES)
def test_error_contains_the_issuer(party: RelyingParty, response_type: str, mode: str) -> None:
    """2: error responses MUST include iss too."""
    page = party.authorize(response_type=response_type, response_mode=mode, prompt="none")
    response = response_parameters(page)
    assert (response["error"], response["iss"]) == ("login_required", issuer(party))
    if mode != "form_post":
        assert "iss=" in getattr(urlsplit(page.location), mode)


@pytest.mark.parametrize("error", ERRORS)
def test_every_type_of_error_contains_the_issuer(party: RelyingParty, error: str) -> None:
    """2: every type of error response includes iss."""
    response = response_parameters(party.authorize(**ERRORS[error]))
    assert (response["error"], response["iss"]) == (error, issuer(party))


def test_denial_contains_the_issuer(party: RelyingParty) -> None:
    """2: access_denied is an error response like the others."""
    response = response_parameters(party.deny(party.sign_in(party.authorize())))
    assert (response["error"], response["iss"]) == ("access_denied", issuer(party))


def test_request_parameter_cannot_replace_the_issuer(party: RelyingParty) -> None:
    """2: the value comes from the server, never from the request."""
    assert response_parameters(party.authorized(iss="https://evil.example"))["iss"] == issuer(party)


def test_plain_oauth_response_contains_the_issuer(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """2: the response to a plain OAuth 2.0 request includes iss too."""
    party = RelyingParty(app, *register(services, kind="oauth2", scopes=("profile",)))
    assert response_parameters(party.authorized(scope="profile", nonce=None))["iss"] == issuer(party)


def test_issuer_matches_the_id_token(party: RelyingParty) -> None:
    """2.4: if the response has an ID token, its iss MUST be the same, or the client rejects the response."""
    response = response_parameters(party.authorized(response_type="code id_token"))
    assert response["iss"] == claims(response["id_token"])["iss"]


@pytest.mark.parametrize(
    "path", ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
)
def test_metadata_announce_the_parameter(party: RelyingParty, path: str) -> None:
    """2.3, 3: authorization_response_iss_parameter_supported MUST be true if the server sends iss."""
    document = party.app.test_client().get(path).get_json()
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["issuer"] == response_parameters(party.authorized())["iss"]


@pytest.fixture
def rp_with_path(settings: Settings) -> Iterator[RelyingParty]:
    """A client of a server with a path in its issuer."""
    app = create_app(settings.model_copy(update={"public_url": "http://localhost/authentication"}))
    services = app.extensions["authserver"]
    samples.add(services.database, services.settings, "alice")
    yield RelyingParty(app, *register(services))
    services.database.engine.dispose()


@pytest.mark.only_on("sqlite")
def test_issuer_with_a_path_is_exact(rp_with_path: RelyingParty) -> None:
    """2: iss MUST be identical to the issuer of the metadata, by simple string comparison."""
    request: dict[str, Any] = rp_with_path.request(prompt="none")
    response = response_parameters(
        rp_with_path.browser.get("/authentication/oauth2/authorize", query_string=request)
    )
    path = "/.well-known/oauth-authorization-server/authentication"
    assert response["iss"] == issuer(rp_with_path, path) == "http://localhost/authentication"


@pytest.mark.parametrize("change", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/cb"}])
def test_error_page_contains_no_issuer(party: RelyingParty, change: dict[str, str]) -> None:
    """RFC 6749, 4.1.2.1: without a redirect there is no response to the client."""
    page = party.authorize(**change)
    assert (page.status_code, "Location" in page.headers) == (400, False)
