"""RFC 9207: the issuer in every authorization response, so that a client cannot be made to mix two servers up."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from authserver.app import create_app
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import people as crowd
from tests.support.relying_party import RelyingParty, answered, claims, register

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
def party(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    """A client for every way in which an answer can come."""
    return RelyingParty(app, *register(services, response_types=TYPES))


def issuer(party: RelyingParty, path: str = "/.well-known/oauth-authorization-server") -> str:
    document = party.app.test_client().get(path).get_json()
    return str(document["issuer"])


@pytest.mark.parametrize(("response_type", "mode"), MODES)
def test_a_success_names_the_issuer(party: RelyingParty, response_type: str, mode: str) -> None:
    """2: the response MUST include iss, in the place where the other parameters are."""
    page = party.authorized(response_type=response_type, response_mode=mode)
    assert answered(page)["iss"] == issuer(party)
    if mode != "form_post":
        assert "iss=" in getattr(urlsplit(page.location), mode)


@pytest.mark.parametrize(("response_type", "mode"), MODES)
def test_an_error_names_the_issuer(party: RelyingParty, response_type: str, mode: str) -> None:
    """2: error responses MUST include iss as well."""
    page = party.authorize(response_type=response_type, response_mode=mode, prompt="none")
    answer = answered(page)
    assert (answer["error"], answer["iss"]) == ("login_required", issuer(party))
    if mode != "form_post":
        assert "iss=" in getattr(urlsplit(page.location), mode)


@pytest.mark.parametrize("error", ERRORS)
def test_every_kind_of_error_names_it(party: RelyingParty, error: str) -> None:
    """2: whatever is wrong."""
    answer = answered(party.authorize(**ERRORS[error]))
    assert (answer["error"], answer["iss"]) == (error, issuer(party))


def test_a_refusal_by_the_user_names_it(party: RelyingParty) -> None:
    """2: access_denied is an error response like the others."""
    answer = answered(party.deny(party.sign_in(party.authorize())))
    assert (answer["error"], answer["iss"]) == ("access_denied", issuer(party))


def test_a_repeated_parameter_cannot_replace_it(party: RelyingParty) -> None:
    """2: the value is the server's own, whatever the request says."""
    assert answered(party.authorized(iss="https://evil.example"))["iss"] == issuer(party)


def test_plain_oauth_gets_it_too(app: Flask, services: Services, people: dict[str, User]) -> None:
    """2: it does not take an ID token."""
    party = RelyingParty(app, *register(services, kind="oauth2", scopes=("profile",)))
    assert answered(party.authorized(scope="profile", nonce=None))["iss"] == issuer(party)


def test_it_is_the_id_token_s_issuer(party: RelyingParty) -> None:
    """2.4: where the response has an ID token, its iss MUST be the same, or the client rejects the response."""
    answer = answered(party.authorized(response_type="code id_token"))
    assert answer["iss"] == claims(answer["id_token"])["iss"]


@pytest.mark.parametrize(
    "path", ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
)
def test_the_metadata_say_so(party: RelyingParty, path: str) -> None:
    """2.3, 3: authorization_response_iss_parameter_supported MUST be true where it is sent."""
    document = party.app.test_client().get(path).get_json()
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["issuer"] == answered(party.authorized())["iss"]


@pytest.fixture
def below(settings: Settings) -> Iterator[RelyingParty]:
    """A client of a server whose issuer has a path."""
    app = create_app(settings.model_copy(update={"public_url": "http://localhost/authentication"}))
    services = app.extensions["authserver"]
    crowd.add(services.database, services.settings, "alice")
    yield RelyingParty(app, *register(services))
    services.database.engine.dispose()


@pytest.mark.only_on("sqlite")
def test_an_issuer_with_a_path_is_told_to_the_letter(below: RelyingParty) -> None:
    """2: identical to the issuer of the metadata, by simple string comparison."""
    request: dict[str, Any] = below.request(prompt="none")
    answer = answered(below.browser.get("/authentication/oauth2/authorize", query_string=request))
    path = "/.well-known/oauth-authorization-server/authentication"
    assert answer["iss"] == issuer(below, path) == "http://localhost/authentication"


@pytest.mark.parametrize("change", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/cb"}])
def test_what_is_not_answered_names_nothing(party: RelyingParty, change: dict[str, str]) -> None:
    """RFC 6749, 4.1.2.1: where nothing is redirected there is no response to name an issuer in."""
    page = party.authorize(**change)
    assert (page.status_code, "Location" in page.headers) == (400, False)
