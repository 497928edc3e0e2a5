"""RFC 6749, sections 2.3, 3.1, 3.2 and appendix B: the encoding of requests to machine endpoints."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.protocol.services import Services
from tests.support import assertions
from tests.support.assertions import Signer
from tests.support.device import GRANT
from tests.support.relying_party import RelyingParty, assert_error, register, response_parameters
from tests.support.sample_users import PASSWORD
from tests.support.table import table

FORM = {"grant_type": "refresh_token", "refresh_token": "x"}
TYPE = "application/x-www-form-urlencoded"
ENDPOINTS = ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/device_authorization"]


def is_accepted(response: TestResponse) -> None:
    """Return whether the request was parsed and the client accepted, so that the only error is the unknown refresh token."""
    assert_error(response, "invalid_grant")


def post(party: RelyingParty, query: str = "", **more: object) -> TestResponse:
    form = {name: value for name, value in (FORM | more).items() if value is not None}
    return party.browser.post(f"/oauth2/token{query}", data=form, headers=party.basic)


@table(
    "name",
    [
        "grant_type", "code", "refresh_token", "device_code", "username", "password", "client_id", "client_secret",
        "client_assertion", "client_assertion_type", "code_verifier", "redirect_uri", "scope", "resource",
    ],
)  # fmt: skip
def test_parameters_in_the_query_are_rejected(rp: RelyingParty, name: str) -> None:
    """3.2, 2.3.1, S11: parameters belong in the body. In the URL they are rejected and not ignored."""
    assert_error(post(rp, f"?{name}=x", **{name: None}), "invalid_request")
    assert_error(post(rp, f"?{name}=x"), "invalid_request")


@pytest.mark.parametrize("name", ["scope", "client_secret", "grant_type", "resource"])
def test_query_parameter_without_a_value_counts_as_omitted(rp: RelyingParty, name: str) -> None:
    """3.2: parameters sent without a value MUST be treated as if they were omitted from the request."""
    is_accepted(post(rp, f"?{name}="))


@table("name", ["scope", "grant_type", "refresh_token", "client_id"])
@table("place", [0, 1])
def test_parameter_without_a_value_is_not_a_repetition(rp: RelyingParty, name: str, place: int) -> None:
    """3.2: a parameter that is sent once with a value and once without one counts as sent once."""
    values = [{"scope": "openid", "client_id": rp.key, **FORM}[name]]
    values.insert(place, "")
    is_accepted(post(rp, **{name: values}))


@pytest.mark.parametrize("name", ["scope", "state", "redirect_uri", "client_id"])
def test_authorization_endpoint_ignores_parameter_without_a_value(rp: RelyingParty, name: str) -> None:
    """3.1: parameters sent without a value MUST be treated as if they were omitted from the request."""
    query = [*rp.request().items(), (name, "")]
    page = rp.follow(rp.browser.get("/oauth2/authorize", query_string=query))
    assert "code" in response_parameters(rp.allow(rp.sign_in(page)))


@pytest.mark.parametrize("name", ["scope", "client_id", "unheard_of"])
def test_only_resource_and_audience_may_be_repeated(rp: RelyingParty, name: str) -> None:
    """3.2: request parameters MUST NOT be included more than once."""
    assert_error(post(rp, **{name: ["a", "b"]}), "invalid_request")


def test_empty_secret_counts_as_omitted(public_rp: RelyingParty) -> None:
    """2.3.1: the client MAY omit client_secret if the secret is an empty string. An empty one counts as omitted."""
    is_accepted(public_rp.token({}, **FORM, client_id=public_rp.key, client_secret=""))


def test_empty_secret_is_not_a_second_method(rp: RelyingParty) -> None:
    """3.2: an omitted parameter is not a method of client authentication."""
    is_accepted(post(rp, client_secret="", client_assertion="", client_assertion_type=""))


def test_header_and_assertion_are_two_methods(rp: RelyingParty, app: Flask) -> None:
    """2.3: the client MUST NOT use more than one authentication method in each request."""
    signer = Signer.with_secret(app, rp.key, rp.secret)
    form = {"client_assertion_type": assertions.TYPE, "client_assertion": signer.assertion()}
    assert_error(post(rp, **form), "invalid_request")


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bAsIc"])
def test_scheme_is_not_case_sensitive(rp: RelyingParty, scheme: str) -> None:
    """RFC 7235, 2.1: the scheme is a case-insensitive token."""
    header = {"Authorization": rp.basic["Authorization"].replace("Basic", scheme)}
    is_accepted(rp.token(header, **FORM))


@pytest.mark.parametrize(
    "kind", [f"{TYPE}; charset=UTF-8", f"{TYPE};charset=utf-8", TYPE.upper(), f" {TYPE} "]
)
def test_content_type_is_parsed(rp: RelyingParty, kind: str) -> None:
    """Appendix B; RFC 9110, 8.3.1: type and subtype are case-insensitive, and parameters may follow."""
    body = "&".join(f"{name}={value}" for name, value in FORM.items())
    is_accepted(rp.browser.post("/oauth2/token", data=body, content_type=kind, headers=rp.basic))


@pytest.mark.parametrize("kind", ["Refresh_Token", "REFRESH_TOKEN", " refresh_token", GRANT.upper()])
def test_grant_types_are_case_sensitive(rp: RelyingParty, kind: str) -> None:
    """Section 1.4 and appendix A.10: a grant type is compared as a string."""
    assert_error(post(rp, grant_type=kind), "unsupported_grant_type")


@table("path", ENDPOINTS)
@table("method", ["client_secret_post", "client_secret_jwt", "private_key_jwt"])
def test_every_method_works_at_every_endpoint(app: Flask, services: Services, path: str, method: str) -> None:
    """2.3; RFC 8628, 3.1: the methods of the token endpoint work wherever clients authenticate."""
    key = assertions.generate()
    details = {"jwks": {"keys": [assertions.public(key)]}} if method == "private_key_jwt" else {}
    grants = ("refresh_token", "authorization_code", GRANT)
    client_key, secret = register(services, auth_method=method, details=details, grant_types=grants)
    signer = Signer(app, client_key, key)
    if method == "client_secret_jwt":
        signer = Signer.with_secret(app, client_key, secret)
    credentials = {"client_id": client_key, "client_secret": secret}
    if method != "client_secret_post":
        credentials = {"client_assertion_type": assertions.TYPE}
        credentials["client_assertion"] = signer.assertion(aud=f"http://localhost{path}")
    browser = app.test_client()
    good = browser.post(path, data=FORM | {"token": "x"} | credentials)
    if path == "/oauth2/token":
        is_accepted(good)
    else:
        assert good.status_code == 200
    bad = {
        name: f"{value}x" if name in {"client_secret", "client_assertion"} else value
        for name, value in credentials.items()
    }
    assert_error(browser.post(path, data=FORM | {"token": "x"} | bad), "invalid_client", 401)


def test_password_grant_accepts_resource(app: Flask, services: Services, sample_users: object) -> None:
    """RFC 8707, 2.2: resource is for every access token request, including the password grant."""
    api = "https://api.example/"
    registration: dict[str, Any] = {"grant_types": ("password",), "redirect_uris": (), "response_types": ()}
    party = RelyingParty(app, *register(services, details={"resources": [api]}, **registration))
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD, "scope": "openid"}
    token = party.token(**form, resource=api).get_json()["access_token"]
    assert party.userinfo(token).status_code == 401
    assert party.userinfo(party.token(**form).get_json()["access_token"]).status_code == 200
    assert_error(party.token(**form, resource="https://other.example/"), "invalid_target")
