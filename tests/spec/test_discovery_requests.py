"""OpenID Connect Discovery 3, RFC 8414 2: authorization requests work as the documents say."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain import scopes
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.spec.test_oidc_core_userinfo_claims import ALL_CLAIMS, CLAIMS_OF_SCOPE
from tests.support import groups
from tests.support.discovery import DOCUMENTS, OPENID_DOCUMENTS, Reader, kind_for
from tests.support.relying_party import claims, response_parameters

pytestmark = pytest.mark.only_on("sqlite")
UNLISTED_MODES = ("web_message", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt", "okta_post_message")
UNLISTED_TYPES = ("none", "device", "vp_token", "code vp_token")
every_document = pytest.mark.parametrize("path", DOCUMENTS)
every_openid_document = pytest.mark.parametrize("path", OPENID_DOCUMENTS)


@pytest.fixture
def reader(app: Flask, services: Services, sample_users: dict[str, User], path: str) -> Reader:
    """A client that reads its configuration from the document."""
    return Reader.new(app, services, path)


def mode_of(response: TestResponse) -> str:
    """Return the response mode of a response."""
    if response.status_code == 200:
        return "form_post" if "form-post-continue" in response.text else "a page"
    return "fragment" if urlsplit(response.location).fragment else "query"


@every_document
def test_listed_response_mode_works(reader: Reader) -> None:
    """response_modes_supported: the response uses the requested mode."""
    listed = reader.document["response_modes_supported"]
    responses = {mode: reader.authorize(response_mode=mode) for mode in listed}
    assert {mode: mode_of(response) for mode, response in responses.items()} == {
        mode: mode for mode in listed
    }
    assert all("code" in response_parameters(response) for response in responses.values())
    assert {"query", "fragment", "form_post"} <= set(listed)


@every_document
def test_unlisted_response_mode_is_rejected(reader: Reader) -> None:
    """response_modes_supported: other modes are errors."""
    for mode in set(UNLISTED_MODES) - set(reader.document["response_modes_supported"]):
        assert response_parameters(reader.authorize(response_mode=mode))["error"] == "invalid_request", mode


@every_document
def test_listed_response_type_works(
    app: Flask, services: Services, sample_users: dict[str, User], path: str
) -> None:
    """response_types_supported: a client of the right kind gets the values that the response type names."""
    names = {"code": "code", "id_token": "id_token", "token": "access_token"}
    readers = {kind: Reader.new(app, services, path, kind=kind) for kind in ("oauth2", "oidc")}
    for response_type in readers["oidc"].document["response_types_supported"]:
        reader = readers[kind_for(path, response_type)]
        response = response_parameters(reader.authorize(response_type=response_type))
        expected = {names[value] for value in response_type.split()}
        assert response.keys() & set(names.values()) == expected, response_type


@every_document
def test_unlisted_response_type_is_rejected(reader: Reader) -> None:
    """response_types_supported: other response types are errors."""
    for response_type in set(UNLISTED_TYPES) - set(reader.document["response_types_supported"]):
        error = response_parameters(reader.authorize(response_type=response_type))["error"]
        assert error == "unsupported_response_type", response_type


@every_document
def test_listed_scope_is_granted(
    app: Flask, services: Services, sample_users: dict[str, User], path: str
) -> None:
    """scopes_supported: the scopes of OpenID Connect and of the administrators, and no others."""
    with services.database.transaction() as db:
        scopes.add(db, SYSTEM, name="models.read", words="Read your models", is_open=True)
    reader = Reader.new(app, services, path)
    listed = reader.document["scopes_supported"]
    assert {"openid", *CLAIMS_OF_SCOPE, "offline_access", "models.read"} <= set(listed)
    granted = reader.tokens(scope=" ".join(listed))["scope"].split()
    assert sorted(granted) == sorted(listed)


@every_document
def test_listed_scope_returns_its_claims(app: Flask, services: Services, alice: User, path: str) -> None:
    """scopes_supported, Core 5.4: each scope returns its claims."""
    complete_profile(services, alice)
    reader = Reader.new(app, services, path)
    for scope in set(reader.document["scopes_supported"]) & set(CLAIMS_OF_SCOPE):
        token = reader.tokens(scope=f"openid {scope}")["access_token"]
        assert set(reader.rp.userinfo(token).get_json()) == {"sub"} | CLAIMS_OF_SCOPE[scope]


@every_openid_document
def test_listed_claims_are_returned(app: Flask, services: Services, alice: User, path: str) -> None:
    """claims_supported: userinfo or the ID token of a complete profile contains each of them, and no others."""
    complete_profile(services, alice)
    groups.add(services.database, "Engineering", "alice")
    reader = Reader.new(app, services, path, details={"roles": ["viewer=Engineering"]})
    request = {"response_type": "code id_token token", "scope": "openid profile email address phone groups"}
    response = response_parameters(reader.authorize(**request))
    told = (
        claims(response["id_token"]).keys() | reader.rp.userinfo(response["access_token"]).get_json().keys()
    )
    assert told == set(reader.document["claims_supported"])


@every_openid_document
def test_claims_have_the_listed_types(app: Flask, services: Services, alice: User, path: str) -> None:
    """claim_types_supported, Core 5.6: normal claims are members. Other types would need _claim_names."""
    complete_profile(services, alice)
    reader = Reader.new(app, services, path)
    requested = json.dumps({"userinfo": {"email": None}})
    document = reader.rp.userinfo(reader.tokens(claims=requested)["access_token"]).get_json()
    types = {"aggregated", "distributed"} if "_claim_names" in document else {"normal"}
    assert set(reader.document["claim_types_supported"]) == types


@every_openid_document
def test_claims_parameter_is_supported(reader: Reader) -> None:
    """claims_parameter_supported: claims outside the granted scopes are returned if they are requested by name."""
    requested = json.dumps({"userinfo": {"email": None}, "id_token": {"name": None}})
    tokens = reader.tokens(scope="openid", claims=requested)
    told = {"email"} & reader.rp.userinfo(tokens["access_token"]).get_json().keys()
    told |= {"name"} & claims(tokens["id_token"]).keys()
    assert reader.document["claims_parameter_supported"] is (told == {"email", "name"})


@every_openid_document
@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_request_objects_are_not_supported(reader: Reader, name: str) -> None:
    """request_parameter_supported and request_uri_parameter_supported are stated, because the latter defaults to true."""
    assert reader.document[f"{name}_parameter_supported"] is False
    response = response_parameters(reader.authorize(**{name: "https://rp.example/object"}))
    assert response["error"] == f"{name}_not_supported"


@every_document
def test_listed_challenge_methods_work(reader: Reader) -> None:
    """code_challenge_methods_supported: a client can use each of them, and no other."""
    listed = reader.document["code_challenge_methods_supported"]
    for method in listed:
        assert reader.tokens(code_challenge_method=method)["access_token"]
    for method in {"plain", "S512", None} - set(listed):
        response = response_parameters(reader.authorize(code_challenge_method=method))
        assert response["error"] == "invalid_request"


@every_document
def test_responses_contain_the_issuer(reader: Reader) -> None:
    """authorization_response_iss_parameter_supported (RFC 9207, 3)."""
    assert reader.document["authorization_response_iss_parameter_supported"] is True
    assert response_parameters(reader.authorize())["iss"] == reader.document["issuer"]


@every_openid_document
def test_listed_acr_values_are_the_supported_ones(reader: Reader) -> None:
    """acr_values_supported: a client can require each of them. Requests that require another value fail."""
    listed = reader.document["acr_values_supported"]
    assert claims(reader.tokens()["id_token"])["acr"] in listed

    def request_acr(name: str) -> TestResponse:
        return reader.authorize(claims=json.dumps({"id_token": {"acr": {"essential": True, "value": name}}}))

    for name in listed:
        response = request_acr(name)
        assert response.status_code == 303 or 'id="second-factor-set-up"' in response.text
    assert response_parameters(request_acr("phr"))["error"] == "unmet_authentication_requirements"


@every_document
def test_listed_languages_are_supported(
    app: Flask, services: Services, sample_users: dict[str, User], path: str
) -> None:
    """ui_locales_supported: the pages are available in each of them."""
    reader = Reader.new(app, services, path)
    for locale in reader.document["ui_locales_supported"]:
        page = reader.rp.authorize(ui_locales=locale)
        assert page.headers["Content-Language"] == locale
    assert reader.rp.authorize(ui_locales="tlh").headers["Content-Language"] == "en"


@every_openid_document
@pytest.mark.parametrize("prompt", ["none", "login", "consent", "select_account"])
def test_every_prompt_value_is_supported(reader: Reader, prompt: str) -> None:
    """Core, 3.1.2.1: all prompt values are mandatory, so prompt_values_supported is not listed."""
    assert "prompt_values_supported" not in reader.document
    page = reader.authorize(prompt=prompt)
    assert page.status_code == 200 or "invalid" not in response_parameters(page).get("error", "")


def complete_profile(services: Services, alice: User) -> None:
    profile_claims: dict[str, Any] = ALL_CLAIMS
    with services.database.transaction() as db:
        users.edit_claims(db, SYSTEM, users.get(db, alice.id), profile_claims)
