"""OpenID Connect Discovery, RFC 8414, and the replaced system's own documents: every statement is true."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from authserver.app import create_app
from authserver.settings import Settings
from tests.support.relying_party import RelyingParty

DOCUMENTS = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth2.0-configuration",
    "/.well-known/oidc-configuration",
)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_it_is_json_for_everybody(client: FlaskClient, path: str) -> None:
    """RFC 8414, 3.2: a JSON object with issuer and the endpoints; cacheable."""
    answer = client.get(path)
    document = answer.get_json()
    assert answer.status_code == 200
    assert document["issuer"] == "http://localhost"
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_endpoint_exists(client: FlaskClient, path: str) -> None:
    """Discovery, 3: what is advertised is there: no address answers 404."""
    document = client.get(path).get_json()
    addresses = {
        name: url for name, url in document.items() if name.endswith(("_endpoint", "_uri", "_iframe"))
    }
    assert {"authorization_endpoint", "token_endpoint", "jwks_uri"} <= addresses.keys()
    for name, url in addresses.items():
        answer = client.open(url.removeprefix("http://localhost"), method="GET")
        assert answer.status_code != 404, name


def test_it_has_what_discovery_requires(client: FlaskClient) -> None:
    """Discovery, 3: the REQUIRED members, RS256 among the algorithms, and the explicit refusals."""
    document = client.get(DOCUMENTS[0]).get_json()
    assert document["id_token_signing_alg_values_supported"][0] == "RS256"
    assert "public" in document["subject_types_supported"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["request_parameter_supported"] is False
    assert document["request_uri_parameter_supported"] is False
    assert {"openid", "profile", "email"} <= set(document["scopes_supported"])


def test_the_lanes_lead_to_working_endpoints(rp: RelyingParty) -> None:
    """The replaced system's addresses are aliases of the same endpoints."""
    lane = rp.browser.get("/.well-known/oidc-configuration").get_json()
    assert lane["authorization_endpoint"] == "http://localhost/oidc/authorize"
    assert lane["token_endpoint"] == "http://localhost/api/oidc/token"
    rp.authorized()
    code_page = rp.browser.get("/oidc/authorize", query_string=rp.request())
    code = code_page.location.partition("code=")[2].partition("&")[0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": rp.redirect_uri,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "client_id": rp.key,
    }
    assert rp.browser.post("/api/oidc/token", data=form, headers=rp.basic).status_code == 200


def test_a_public_path_is_part_of_everything(settings: Settings) -> None:
    """RFC 8414, 3.1: with a path in the issuer, the document is before and behind it; nothing is served outside."""
    below: Flask = create_app(settings.model_copy(update={"public_url": "http://localhost/authentication"}))
    client = below.test_client()
    paths = (
        "/.well-known/oauth-authorization-server/authentication",
        "/authentication/.well-known/openid-configuration",
    )
    for path in paths:
        document = client.get(path).get_json()
        assert document["issuer"] == "http://localhost/authentication"
        assert document["token_endpoint"] == "http://localhost/authentication/oauth2/token"
    assert client.get("/.well-known/openid-configuration").status_code == 404
    assert client.get("/livez").status_code == 200
    below.extensions["authserver"].database.engine.dispose()


def test_the_host_header_changes_nothing(client: FlaskClient) -> None:
    """S25: issuer and external URLs come from configuration."""
    document = client.get(DOCUMENTS[0], headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil" not in document.text
