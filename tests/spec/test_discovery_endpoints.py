"""OpenID Connect Discovery 3, RFC 8414 2: the machine endpoints do what the documents say about them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import OctKey

from authserver.app import create_app
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import assertions
from tests.support import sample_users as samples
from tests.support.assertions import Signer
from tests.support.discovery import DOCUMENTS, OPENID_DOCUMENTS, Reader, kind_for
from tests.support.relying_party import RelyingParty, assert_error, claims, register, response_parameters
from tests.support.sample_users import PASSWORD
from tests.support.verifier import Verifier

pytestmark = pytest.mark.only_on("sqlite")
UNLISTED_GRANTS = (
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:openid:params:grant-type:ciba",
    "urb:ietf:params:oauth:grant-type:device_code",
)
UNLISTED_METHODS = (
    "client_secret",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "attest_jwt_client_auth",
)
ENDPOINTS = ("token", "revocation", "introspection")
every_document = pytest.mark.parametrize("path", DOCUMENTS)
every_openid_document = pytest.mark.parametrize("path", OPENID_DOCUMENTS)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Let everybody register without a limit."""
    return settings.model_copy(update={"registration": "approved", "registrations": 1000})


@pytest.fixture
def reader(app: Flask, services: Services, sample_users: dict[str, User], path: str) -> Reader:
    """A client that reads its configuration from the document."""
    return Reader.new(app, services, path)


@every_document
def test_listed_grant_type_is_supported(reader: Reader) -> None:
    """grant_types_supported: the token endpoint of the document supports it. implicit does not use that endpoint."""
    listed = reader.document["grant_types_supported"]
    for grant in set(listed) - {"implicit"}:
        response = reader.post("token_endpoint", {"grant_type": grant})
        assert response.get_json().get("error") != "unsupported_grant_type", grant
    types = reader.document["response_types_supported"]
    assert ("implicit" in listed) is any("code" not in one.split() for one in types)


@every_document
def test_unlisted_grant_type_is_not_supported(reader: Reader) -> None:
    """RFC 6749, 5.2: unsupported_grant_type for all others."""
    for grant in set(UNLISTED_GRANTS) - set(reader.document["grant_types_supported"]):
        assert_error(reader.post("token_endpoint", {"grant_type": grant}), "unsupported_grant_type")


@every_document
def test_each_listed_grant_type_issues_tokens(reader: Reader) -> None:
    """grant_types_supported: a client that is registered for a grant type gets tokens with it."""
    tokens = reader.tokens(scope="openid offline_access")
    device = reader.post("device_authorization_endpoint", {"scope": "openid"}).get_json()
    forms: dict[str, dict[str, str]] = {
        "refresh_token": {"refresh_token": tokens["refresh_token"]},
        "password": {"username": "alice", "password": PASSWORD},
        "client_credentials": {},
    }
    for grant, form in forms.items():
        response = reader.post("token_endpoint", {"grant_type": grant} | form)
        assert response.status_code == 200, response.text
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    response = reader.post("token_endpoint", {"grant_type": grant, "device_code": device["device_code"]})
    assert_error(response, "authorization_pending")
    listed = set(reader.document["grant_types_supported"])
    assert listed == {"authorization_code", *forms, grant, "implicit"}


class Authentication:
    """Client authentication: for each method, a client that uses it and the parameters and headers that it sends."""

    def __init__(self, app: Flask, services: Services, reader: Reader, kind: str) -> None:
        self._app, self._services, self._reader, self._kind = app, services, reader, kind

    def form(self, method: str, algorithm: str) -> tuple[dict[str, str], dict[str, str]]:
        """Return the parameters and headers with which a new client authenticates."""
        key, details = assertions.generate(algorithm), {}
        if method == "private_key_jwt":
            details = {
                "jwks": {"keys": [assertions.public(key)]},
                "token_endpoint_auth_signing_alg": algorithm,
            }
        client_key, secret = register(self._services, kind=self._kind, auth_method=method, details=details)
        if method == "client_secret_basic":
            return {}, RelyingParty(self._app, client_key, secret).basic
        if method in {"none", "client_secret_post"}:
            return {"client_id": client_key} | ({"client_secret": secret} if secret else {}), {}
        signer = Signer(self._app, client_key, key if details else OctKey.import_key(secret), algorithm)
        form = signer.form(signer.assertion(aud=self._reader.document["issuer"]))
        return {name: value for name, value in form.items() if name != "grant_type"}, {}

    def is_accepted(self, endpoint: str, method: str, algorithm: str) -> bool:
        """Return whether an endpoint accepts the authentication of such a client."""
        credentials, headers = self.form(method, algorithm)
        request = {"grant_type": "authorization_code", "code": "x"} if endpoint == "token" else {"token": "x"}
        response = self._reader.post(f"{endpoint}_endpoint", request | credentials, headers)
        if response.status_code != 401:
            assert response.status_code == 200 or response.get_json()["error"] == "invalid_grant", (
                response.text
            )
        return response.status_code != 401


@pytest.fixture
def authentication(app: Flask, services: Services, reader: Reader, path: str) -> Authentication:
    """The authentication methods for the document's kind of client."""
    return Authentication(app, services, reader, kind_for(path))


@every_document
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_listed_authentication_methods_work(
    reader: Reader, authentication: Authentication, endpoint: str
) -> None:
    """*_endpoint_auth_methods_supported: each listed method works there, and no other does."""
    listed = set(reader.document[f"{endpoint}_endpoint_auth_methods_supported"])
    every = {"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"}
    algorithms = {"client_secret_jwt": "HS256"}
    working = {
        method
        for method in every
        if authentication.is_accepted(endpoint, method, algorithms.get(method, "ES256"))
    }
    assert listed == working


@every_document
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_listed_assertion_algorithms_work(
    reader: Reader, authentication: Authentication, endpoint: str
) -> None:
    """*_endpoint_auth_signing_alg_values_supported: each listed algorithm works there."""
    for algorithm in reader.document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]:
        method = "client_secret_jwt" if algorithm.startswith("HS") else "private_key_jwt"
        assert authentication.is_accepted(endpoint, method, algorithm), algorithm


def metadata(**more: Any) -> dict[str, Any]:
    return {"redirect_uris": ["https://client.example/cb"], "client_name": "A Client"} | more


@every_document
def test_unlisted_value_cannot_be_registered(reader: Reader, path: str) -> None:
    """RFC 7591, 2: a client cannot register a value that no document lists."""
    unlisted: dict[str, tuple[str, ...]] = {
        "token_endpoint_auth_method": UNLISTED_METHODS,
        "token_endpoint_auth_signing_alg": ("none", "ES512", "HS1"),
    }
    if path in OPENID_DOCUMENTS:
        unlisted |= {
            "subject_type": ("ephemeral",),
            "id_token_signed_response_alg": ("none", "HS256", "ES384", "PS512"),
            "userinfo_signed_response_alg": ("none", "HS256", "ES384"),
        }
    for name, values in unlisted.items():
        for value in values:
            request = metadata(**{name: value})
            response = reader.rp.browser.post(reader.at("registration_endpoint"), json=request)
            assert_error(response, "invalid_client_metadata")


def signed_with(app: Flask, services: Services, path: str, **details: str) -> tuple[Reader, dict[str, Any]]:
    reader = Reader.new(app, services, path, details=details)
    return reader, reader.tokens()


@every_openid_document
def test_listed_subject_types_differ(app: Flask, services: Services, alice: User, path: str) -> None:
    """subject_types_supported: a client of each type gets that type of sub (Core, 8)."""
    listed = Reader.new(app, services, path).document["subject_types_supported"]
    told = {
        kind: claims(signed_with(app, services, path, subject_type=kind)[1]["id_token"])["sub"]
        for kind in listed
    }
    assert told.pop("public") == alice.subject
    assert told.pop("pairwise") != alice.subject
    assert not told


@every_openid_document
@pytest.mark.parametrize("kind", ["id_token", "userinfo"])
def test_listed_algorithms_sign(app: Flask, services: Services, alice: User, path: str, kind: str) -> None:
    """*_signing_alg_values_supported: each listed algorithm signs, with a key of the document's JWK set."""
    listed = Reader.new(app, services, path).document[f"{kind}_signing_alg_values_supported"]
    assert listed[0] == "RS256"
    verifier = Verifier(app)
    for algorithm in listed:
        reader, tokens = signed_with(app, services, path, **{f"{kind}_signed_response_alg": algorithm})
        token = tokens["id_token"] if kind == "id_token" else reader.rp.userinfo(tokens["access_token"]).text
        assert verifier.header(token)["alg"] == algorithm
        assert verifier.claims(token)["iss"] == reader.document["issuer"]


@every_document
def test_jwk_set_matches_the_listed_algorithms(reader: Reader) -> None:
    """jwks_uri: one key for each signing algorithm, and no others."""
    keys = reader.rp.browser.get(reader.at("jwks_uri")).get_json()["keys"]
    openid = reader.rp.browser.get(OPENID_DOCUMENTS[0]).get_json()
    for kind in ("id_token", "userinfo"):
        assert {key["alg"] for key in keys} == set(openid[f"{kind}_signing_alg_values_supported"])


ReaderAt = Callable[[str, str], Reader]


@pytest.fixture
def reader_at(settings: Settings) -> Iterator[ReaderAt]:
    """Read a document of a server at a public URL."""
    apps: list[Flask] = []

    def read(public_url: str, path: str) -> Reader:
        app = create_app(settings.model_copy(update={"public_url": public_url}))
        apps.append(app)
        services = app.extensions["authserver"]
        samples.add(services.database, services.settings, "alice")
        prefix = public_url.removeprefix("http://localhost")
        return Reader.new(app, services, f"{prefix}{path}", kind=kind_for(path))

    yield read
    for app in apps:
        app.extensions["authserver"].database.engine.dispose()


@every_document
@pytest.mark.parametrize("public_url", ["http://localhost", "http://localhost/authentication"])
def test_every_endpoint_is_used(reader_at: ReaderAt, path: str, public_url: str) -> None:
    """RFC 8414, 2: the URLs of a document work for a complete sign-in, also if the issuer has a path."""
    reader = reader_at(public_url, path)
    urls = [value for name, value in reader.document.items() if name.endswith(("_endpoint", "_uri"))]
    assert all(url.startswith(f"{public_url}/") for url in urls)
    tokens = reader.tokens()
    told = reader.post("introspection_endpoint", {"token": tokens["access_token"]}).get_json()
    assert (told["active"], told["iss"]) == (True, public_url)
    if "userinfo_endpoint" in reader.document:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        response = reader.rp.browser.get(reader.at("userinfo_endpoint"), headers=headers)
        assert response.get_json()["name"] == "Alice Adams"
    assert reader.post("revocation_endpoint", {"token": tokens["access_token"]}).status_code == 200
    device = reader.post("device_authorization_endpoint", {"scope": "openid"}).get_json()
    assert device["verification_uri"] == f"{public_url}/device"
    registered = reader.rp.browser.post(reader.at("registration_endpoint"), json=metadata()).get_json()
    assert registered["registration_client_uri"].startswith(f"{public_url}/")
    assert "code" in response_parameters(reader.authorize())


@every_document
def test_each_document_registers_its_kind(reader: Reader) -> None:
    """registration_endpoint: it registers clients for the response types that the document lists, and no others."""
    listed = reader.document["response_types_supported"]
    for response_type in ("code", "token", "id_token"):
        request = metadata(response_types=[response_type])
        response = reader.rp.browser.post(reader.at("registration_endpoint"), json=request)
        assert (response.status_code == 201) is (response_type in listed), response_type
