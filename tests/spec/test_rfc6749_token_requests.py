"""RFC 6749, sections 2.3, 3.1, 3.2 and appendix B: how a request to a machine endpoint is written."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.protocol.services import Services
from tests.support import assertions
from tests.support.assertions import Signer
from tests.support.device import GRANT
from tests.support.people import PASSWORD
from tests.support.relying_party import RelyingParty, answered, refused, register
from tests.support.table import table

FORM = {"grant_type": "refresh_token", "refresh_token": "x"}
TYPE = "application/x-www-form-urlencoded"
ENDPOINTS = ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/device_authorization"]


def passes(answer: TestResponse) -> None:
    """The request was read and its client accepted; the made-up refresh token was not."""
    refused(answer, "invalid_grant")


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
def test_nothing_is_read_from_the_query(rp: RelyingParty, name: str) -> None:
    """3.2, 2.3.1, S11: parameters are in the body; what is sent in the address is refused, not ignored."""
    refused(post(rp, f"?{name}=x", **{name: None}), "invalid_request")
    refused(post(rp, f"?{name}=x"), "invalid_request")


@pytest.mark.parametrize("name", ["scope", "client_secret", "grant_type", "resource"])
def test_what_has_no_value_in_the_query_is_omitted(rp: RelyingParty, name: str) -> None:
    """3.2: parameters sent without a value MUST be treated as if they were omitted from the request."""
    passes(post(rp, f"?{name}="))


@table("name", ["scope", "grant_type", "refresh_token", "client_id"])
@table("place", [0, 1])
def test_what_has_no_value_is_not_repeated(rp: RelyingParty, name: str, place: int) -> None:
    """3.2: a parameter with a value, and once more without one, is there once."""
    values = [{"scope": "openid", "client_id": rp.key, **FORM}[name]]
    values.insert(place, "")
    passes(post(rp, **{name: values}))


@pytest.mark.parametrize("name", ["scope", "state", "redirect_uri", "client_id"])
def test_the_authorization_endpoint_counts_alike(rp: RelyingParty, name: str) -> None:
    """3.1: the same rule at the other endpoint."""
    query = [*rp.request().items(), (name, "")]
    page = rp.follow(rp.browser.get("/oauth2/authorize", query_string=query))
    assert "code" in answered(rp.allow(rp.sign_in(page)))


@pytest.mark.parametrize("name", ["scope", "audience", "client_id", "unheard_of"])
def test_nothing_but_the_resource_is_repeated(rp: RelyingParty, name: str) -> None:
    """3.2: request parameters MUST NOT be included more than once."""
    refused(post(rp, **{name: ["a", "b"]}), "invalid_request")


def test_an_empty_secret_is_none(public_rp: RelyingParty) -> None:
    """2.3.1: the client MAY omit the parameter if the client secret is an empty string; sent empty it is omitted."""
    passes(public_rp.token({}, **FORM, client_id=public_rp.key, client_secret=""))


def test_an_empty_secret_is_no_second_method(rp: RelyingParty) -> None:
    """3.2: what is omitted is no method of client authentication."""
    passes(post(rp, client_secret="", client_assertion="", client_assertion_type=""))


def test_a_header_and_an_assertion_are_two_methods(rp: RelyingParty, app: Flask) -> None:
    """2.3: the client MUST NOT use more than one authentication method in each request."""
    signer = Signer.with_secret(app, rp.key, rp.secret)
    form = {"client_assertion_type": assertions.TYPE, "client_assertion": signer.assertion()}
    refused(post(rp, **form), "invalid_request")


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bAsIc"])
def test_the_scheme_s_case_does_not_matter(rp: RelyingParty, scheme: str) -> None:
    """RFC 7235, 2.1: the scheme is a case-insensitive token."""
    header = {"Authorization": rp.basic["Authorization"].replace("Basic", scheme)}
    passes(rp.token(header, **FORM))


@pytest.mark.parametrize(
    "kind", [f"{TYPE}; charset=UTF-8", f"{TYPE};charset=utf-8", TYPE.upper(), f" {TYPE} "]
)
def test_the_content_type_is_read_as_one(rp: RelyingParty, kind: str) -> None:
    """Appendix B; RFC 9110, 8.3.1: type and subtype are case-insensitive, and parameters may follow."""
    body = "&".join(f"{name}={value}" for name, value in FORM.items())
    passes(rp.browser.post("/oauth2/token", data=body, content_type=kind, headers=rp.basic))


@pytest.mark.parametrize("kind", ["Refresh_Token", "REFRESH_TOKEN", " refresh_token", GRANT.upper()])
def test_grant_types_are_case_sensitive(rp: RelyingParty, kind: str) -> None:
    """Section 1.4 and appendix A.10: a grant type is a name, compared as a string."""
    refused(post(rp, grant_type=kind), "unsupported_grant_type")


@table("path", ENDPOINTS)
@table("method", ["client_secret_post", "client_secret_jwt", "private_key_jwt"])
def test_every_method_holds_at_every_endpoint(app: Flask, services: Services, path: str, method: str) -> None:
    """2.3; RFC 8628, 3.1: the methods of the token endpoint hold wherever clients authenticate."""
    key = assertions.generate()
    details = {"jwks": {"keys": [assertions.public(key)]}} if method == "private_key_jwt" else {}
    grants = ("refresh_token", "authorization_code", GRANT)
    client_key, secret = register(services, auth_method=method, details=details, grant_types=grants)
    signer = Signer(app, client_key, key)
    if method == "client_secret_jwt":
        signer = Signer.with_secret(app, client_key, secret)
    proof = {"client_id": client_key, "client_secret": secret}
    if method != "client_secret_post":
        proof = {"client_assertion_type": assertions.TYPE}
        proof["client_assertion"] = signer.assertion(aud=f"http://localhost{path}")
    browser = app.test_client()
    good = browser.post(path, data=FORM | {"token": "x"} | proof)
    if path == "/oauth2/token":
        passes(good)
    else:
        assert good.status_code == 200
    bad = {
        name: f"{value}x" if name in {"client_secret", "client_assertion"} else value
        for name, value in proof.items()
    }
    refused(browser.post(path, data=FORM | {"token": "x"} | bad), "invalid_client", 401)


def test_a_password_client_names_its_resource(app: Flask, services: Services, people: object) -> None:
    """RFC 8707, 2.2: resource is for every access token request, the password grant's too."""
    api = "https://api.example/"
    asked: dict[str, Any] = {"grant_types": ("password",), "redirect_uris": (), "response_types": ()}
    party = RelyingParty(app, *register(services, details={"resources": [api]}, **asked))
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD, "scope": "openid"}
    token = party.token(**form, resource=api).get_json()["access_token"]
    assert party.userinfo(token).status_code == 401
    assert party.userinfo(party.token(**form).get_json()["access_token"]).status_code == 200
    refused(party.token(**form, resource="https://other.example/"), "invalid_target")
