"""OpenID Connect Core, section 10.1.1: keys of clients at an address, kept, and fetched again for an unknown kid."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from authserver.app import create_app
from authserver.protocol.oauth2 import client_keys
from authserver.settings import Settings
from tests.support import assertions
from tests.support.assertions import Signer
from tests.support.documents import DocumentServer
from tests.support.relying_party import refused, register
from tests.support.table import table

ALONE: dict[str, Any] = {
    "kind": "oauth2",
    "grant_types": ("client_credentials",),
    "redirect_uris": (),
    "response_types": (),
}


@pytest.fixture
def key_server() -> Iterator[DocumentServer]:
    """A client's own key server."""
    with DocumentServer({"keys": []}) as server:
        yield server


def running(settings: Settings, networks: str) -> Flask:
    values = settings.model_dump() | {"fetch_networks": networks}
    return create_app(Settings(**values))


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An application that may fetch from loopback."""
    app = running(settings, "127.0.0.0/8")
    yield app
    app.extensions["authserver"].database.engine.dispose()


def signer(app: Flask, key_server: DocumentServer, kid: str = "one") -> Signer:
    key = assertions.generate()
    key_server.document = {"keys": [assertions.public(key, kid=kid)]}
    details = {"jwks_uri": key_server.url, "token_endpoint_auth_signing_alg": "ES256"}
    services = app.extensions["authserver"]
    client_key, _ = register(services, auth_method="private_key_jwt", details=details, **ALONE)
    return Signer(app, client_key, key, header={"kid": kid})


def test_keys_are_fetched_once(app: Flask, key_server: DocumentServer) -> None:
    """10.1.1: the set is kept while it knows the kid."""
    client = signer(app, key_server)
    assert [client.token().status_code for _ in range(3)] == [200] * 3
    assert key_server.asked == 1


def test_an_unknown_kid_has_them_fetched_again(
    app: Flask, key_server: DocumentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10.1.1: the verifier knows to go back to the jwks_uri when it sees an unfamiliar kid."""
    monkeypatch.setattr(client_keys, "REFETCH_SECONDS", 0)
    first = signer(app, key_server)
    assert first.token().status_code == 200
    following = assertions.generate()
    key_server.document["keys"].append(assertions.public(following, kid="two"))
    second = Signer(app, first.client_key, following, header={"kid": "two"})
    assert second.token().status_code == 200
    assert key_server.asked == 2


def test_a_key_without_an_id_is_found(app: Flask, key_server: DocumentServer) -> None:
    """10.1: kid is for keys to be told apart; the set may do without where the assertion's header has one."""
    client = signer(app, key_server)
    key_server.document = {"keys": [assertions.public(client.key)]}
    assert client.token().status_code == 200


def test_a_key_with_an_id_follows_one_without(
    app: Flask, key_server: DocumentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10.1.1: an unfamiliar kid has the set fetched again, though a key without an id might have been meant."""
    monkeypatch.setattr(client_keys, "REFETCH_SECONDS", 0)
    client = signer(app, key_server)
    key_server.document = {"keys": [assertions.public(assertions.generate())]}
    refused(client.token(), "invalid_client", 401)
    key_server.document = {"keys": [assertions.public(client.key, kid="one")]}
    assert client.token().status_code == 200


@pytest.mark.parametrize("padding", [b"", bytes(128)])
def test_a_short_rsa_key_is_not_used(app: Flask, key_server: DocumentServer, padding: bytes) -> None:
    """RFC 7518, 3.3: a key of size 2048 bits or larger MUST be used, however its modulus is written."""
    key = assertions.short_rsa_key()
    key_server.document = {"keys": [assertions.padded(key, padding)]}
    details = {"jwks_uri": key_server.url, "token_endpoint_auth_signing_alg": "RS256"}
    services = app.extensions["authserver"]
    client_key, _ = register(services, auth_method="private_key_jwt", details=details, **ALONE)
    refused(Signer(app, client_key, key, "RS256").token(), "invalid_client", 401)


def test_a_secret_in_the_set_is_no_key(app: Flask, key_server: DocumentServer) -> None:
    """S26: symmetric keys are left out, those that are too short too."""
    client = signer(app, key_server)
    key_server.document["keys"].append({"kty": "oct", "k": "c2hvcnQ", "kid": "two"})
    refused(client.token(client.assertion({"kid": "two"})), "invalid_client", 401)
    assert client.token().status_code == 200


def test_invented_kids_do_not_make_us_fetch(app: Flask, key_server: DocumentServer) -> None:
    """S17, S28: an unknown kid is looked for at most every few seconds."""
    client = signer(app, key_server)
    assert client.token().status_code == 200
    for number in range(5):
        refused(client.token(client.assertion({"kid": f"invented {number}"})), "invalid_client", 401)
    assert key_server.asked == 1


@table("document", [b"", b"[]", b"{", b'{"keys": 5}', b'{"keys": [5, null, {}]}', b"[" * 9999])
def test_a_broken_set_is_invalid_client(app: Flask, key_server: DocumentServer, document: bytes) -> None:
    """S26: what a client serves never makes a 5xx."""
    client = signer(app, key_server)
    key_server.document = document
    refused(client.token(), "invalid_client", 401)


def test_private_addresses_are_not_fetched(settings: Settings, key_server: DocumentServer) -> None:
    """S17: loopback is fetched from only where the operator said so."""
    app = running(settings, "")
    refused(signer(app, key_server).token(), "invalid_client", 401)
    assert key_server.asked == 0
    app.extensions["authserver"].database.engine.dispose()
