"""OpenID Connect Discovery, RFC 8414, and the documents of the legacy server: every statement is true.

``test_discovery_requests`` and ``test_discovery_endpoints`` check the statements about requests and endpoints.
"""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from authserver.app import create_app
from authserver.settings import Settings
from tests.support.discovery import DOCUMENTS
from tests.support.relying_party import RelyingParty, claims


@pytest.mark.parametrize("path", DOCUMENTS)
def test_document_is_public_json(client: FlaskClient, path: str) -> None:
    """RFC 8414, 3.2: a JSON object with issuer and the endpoints, cacheable."""
    response = client.get(path)
    document = response.get_json()
    assert response.status_code == 200
    assert document["issuer"] == "http://localhost"
    second = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (second.status_code, second.data) == (304, b"")


@pytest.mark.parametrize("written", ["{tag}", "W/{tag}", '"other", {tag}', '"other",W/{tag}', "*", " * "])
def test_matching_etag_returns_304(client: FlaskClient, written: str) -> None:
    """RFC 9110, 13.1.2: the tag, a weak tag, a list, or *. 8.6: no Content-Length other than that of the 200 response."""
    tag = client.get("/jwks.json").headers["ETag"]
    second = client.get("/jwks.json", headers={"If-None-Match": written.format(tag=tag)})
    assert (second.status_code, second.headers["ETag"]) == (304, tag)
    assert "Content-Length" not in second.headers


@pytest.mark.parametrize("written", ["", '"other"', "**", "{bare}", "x{tag}", '"*"'])
def test_other_etag_returns_the_document(client: FlaskClient, written: str) -> None:
    """RFC 9110, 13.1.2: the condition is true if it does not list the current tag."""
    tag = client.get("/jwks.json").headers["ETag"]
    condition = written.format(tag=tag, bare=tag.strip('"'))
    assert client.get("/jwks.json", headers={"If-None-Match": condition}).status_code == 200


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_endpoint_exists(client: FlaskClient, path: str) -> None:
    """Discovery, 3: no advertised URL returns 404."""
    document = client.get(path).get_json()
    urls = {name: url for name, url in document.items() if name.endswith(("_endpoint", "_uri", "_iframe"))}
    assert {"authorization_endpoint", "token_endpoint", "jwks_uri"} <= urls.keys()
    for name, url in urls.items():
        response = client.open(url.removeprefix("http://localhost"), method="GET")
        assert response.status_code != 404, name


def test_required_members_are_present(client: FlaskClient) -> None:
    """Discovery, 3: the REQUIRED members, RS256 among the algorithms, and the features that are not supported."""
    document = client.get(DOCUMENTS[0]).get_json()
    assert document["id_token_signing_alg_values_supported"][0] == "RS256"
    assert "public" in document["subject_types_supported"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["request_parameter_supported"] is False
    assert document["request_uri_parameter_supported"] is False
    assert {"openid", "profile", "email"} <= set(document["scopes_supported"])


@pytest.mark.parametrize("path", DOCUMENTS)
def test_content_type_is_json(client: FlaskClient, path: str) -> None:
    """Discovery, 4.2, RFC 8414, 3.2: 200 with application/json."""
    response = client.get(path)
    assert (response.status_code, response.content_type) == (200, "application/json")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_no_member_is_empty(client: FlaskClient, path: str) -> None:
    """Discovery, 4.2, RFC 8414, 3.2: claims with zero elements MUST be omitted."""
    assert [name for name, value in client.get(path).get_json().items() if value in ([], "", None, {})] == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_algorithm_none_is_not_listed(client: FlaskClient, path: str) -> None:
    """Discovery, 3: none MUST NOT be used for client authentication, or for ID tokens from the authorization endpoint."""
    document = client.get(path).get_json()
    lists = [value for name, value in document.items() if "alg_values" in name]
    assert lists
    assert not any("none" in algorithms for algorithms in lists)


def test_issuer_matches_id_tokens(rp: RelyingParty) -> None:
    """Discovery, 3 and 4.3: issuer MUST be identical to the iss of ID tokens and to the prefix of the document's URL."""
    document = rp.browser.get(DOCUMENTS[0]).get_json()
    assert document["issuer"] == claims(rp.tokens()["id_token"])["iss"]
    assert not set("?#") & set(document["issuer"])


def test_required_values_are_supported(client: FlaskClient) -> None:
    """Discovery, 3: openid MUST be among the scopes. Dynamic OpenID Providers MUST support these response types."""
    document = client.get(DOCUMENTS[0]).get_json()
    assert "openid" in document["scopes_supported"]
    assert {"code", "id_token", "id_token token"} <= set(document["response_types_supported"])
    assert {"authorization_code", "implicit"} <= set(document["grant_types_supported"])


def test_check_session_iframe_is_listed(client: FlaskClient) -> None:
    """Session Management, 3.3: check_session_iframe, with the same origin as the issuer."""
    document = client.get(DOCUMENTS[0]).get_json()
    assert document["check_session_iframe"].startswith(f"{document['issuer']}/")


def test_legacy_endpoints_work(rp: RelyingParty) -> None:
    """The paths of the legacy server are aliases of the same endpoints."""
    oidc_document = rp.browser.get("/.well-known/oidc-configuration").get_json()
    assert oidc_document["authorization_endpoint"] == "http://localhost/oidc/authorize"
    assert oidc_document["token_endpoint"] == "http://localhost/api/oidc/token"
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


def test_issuer_with_a_path(settings: Settings) -> None:
    """RFC 8414, 3.1: with a path in the issuer, the well-known path works before and after it, and nowhere else."""
    path_app: Flask = create_app(
        settings.model_copy(update={"public_url": "http://localhost/authentication"})
    )
    client = path_app.test_client()
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
    path_app.extensions["authserver"].database.engine.dispose()


def test_host_header_is_ignored(client: FlaskClient) -> None:
    """S25: the issuer and external URLs come from the settings."""
    document = client.get(DOCUMENTS[0], headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil" not in document.text
