"""OpenID Connect Core, section 10.1.1: a client's keys at its jwks_uri, cached and fetched again for an unknown kid."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from authserver.app import create_app
from authserver.protocol import client_keys
from authserver.settings import Settings
from tests.support import assertions
from tests.support.assertions import Signer
from tests.support.documents import DocumentServer
from tests.support.relying_party import assert_error, register
from tests.support.table import table

CLIENT_CREDENTIALS: dict[str, Any] = {
    "kind": "oauth2",
    "grant_types": ("client_credentials",),
    "redirect_uris": (),
    "response_types": (),
}


@pytest.fixture
def key_server() -> Iterator[DocumentServer]:
    """The client's server for its JWK set."""
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


def signer(app: Flask, key_server: DocumentServer, kid: str = "one", path: str = "") -> Signer:
    key = assertions.generate()
    key_server.document = {"keys": [assertions.public(key, kid=kid)]}
    details = {"jwks_uri": f"{key_server.url}{path}", "token_endpoint_auth_signing_alg": "ES256"}
    services = app.extensions["authserver"]
    client_key, _ = register(services, auth_method="private_key_jwt", details=details, **CLIENT_CREDENTIALS)
    return Signer(app, client_key, key, header={"kid": kid})


def test_keys_are_fetched_once(app: Flask, key_server: DocumentServer) -> None:
    """10.1.1: the JWK set is cached while it contains the kid."""
    client = signer(app, key_server)
    assert [client.token().status_code for _ in range(3)] == [200] * 3
    assert key_server.request_count == 1


def test_unknown_kid_causes_a_new_fetch(
    app: Flask, key_server: DocumentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10.1.1: the verifier fetches the jwks_uri again when it sees an unfamiliar kid."""
    monkeypatch.setattr(client_keys, "MIN_REFETCH_SECONDS", 0)
    first = signer(app, key_server)
    assert first.token().status_code == 200
    following = assertions.generate()
    key_server.document["keys"].append(assertions.public(following, kid="two"))
    second = Signer(app, first.client_key, following, header={"kid": "two"})
    assert second.token().status_code == 200
    assert key_server.request_count == 2


def test_key_without_kid_is_used(app: Flask, key_server: DocumentServer) -> None:
    """10.1: kid distinguishes keys. A set with one key may omit it even if the assertion has one."""
    client = signer(app, key_server)
    key_server.document = {"keys": [assertions.public(client.key)]}
    assert client.token().status_code == 200


def test_key_with_kid_can_replace_one_without(
    app: Flask, key_server: DocumentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10.1.1: an unfamiliar kid causes a new fetch, even if the set has a key without kid that could match."""
    monkeypatch.setattr(client_keys, "MIN_REFETCH_SECONDS", 0)
    client = signer(app, key_server)
    key_server.document = {"keys": [assertions.public(assertions.generate())]}
    assert_error(client.token(), "invalid_client", 401)
    key_server.document = {"keys": [assertions.public(client.key, kid="one")]}
    assert client.token().status_code == 200


@pytest.mark.parametrize("padding", [b"", bytes(128)])
def test_short_rsa_key_is_not_used(app: Flask, key_server: DocumentServer, padding: bytes) -> None:
    """RFC 7518, 3.3: a key of 2048 bits or more MUST be used, however its modulus is encoded."""
    key = assertions.short_rsa_key()
    key_server.document = {"keys": [assertions.padded(key, padding)]}
    details = {"jwks_uri": key_server.url, "token_endpoint_auth_signing_alg": "RS256"}
    services = app.extensions["authserver"]
    client_key, _ = register(services, auth_method="private_key_jwt", details=details, **CLIENT_CREDENTIALS)
    assert_error(Signer(app, client_key, key, "RS256").token(), "invalid_client", 401)


def test_symmetric_key_is_ignored(app: Flask, key_server: DocumentServer) -> None:
    """S26: symmetric keys are ignored, even if they are too short."""
    client = signer(app, key_server)
    key_server.document["keys"].append({"kty": "oct", "k": "c2hvcnQ", "kid": "two"})
    assert_error(client.token(client.assertion({"kid": "two"})), "invalid_client", 401)
    assert client.token().status_code == 200


def test_unknown_kids_do_not_cause_many_fetches(app: Flask, key_server: DocumentServer) -> None:
    """S17, S28: an unknown kid causes one fetch in several seconds at most."""
    client = signer(app, key_server)
    assert client.token().status_code == 200
    for number in range(5):
        assert_error(client.token(client.assertion({"kid": f"invented {number}"})), "invalid_client", 401)
    assert key_server.request_count == 1


@table("document", [b"", b"[]", b"{", b'{"keys": 5}', b'{"keys": [5, null, {}]}', b"[" * 9999])
def test_malformed_jwk_set_is_invalid_client(app: Flask, key_server: DocumentServer, document: bytes) -> None:
    """S26: no response from a client causes a 5xx."""
    client = signer(app, key_server)
    key_server.document = document
    assert_error(client.token(), "invalid_client", 401)


def test_private_networks_are_not_contacted(settings: Settings, key_server: DocumentServer) -> None:
    """S17: the server contacts loopback only if the operator allows it."""
    app = running(settings, "")
    assert_error(signer(app, key_server).token(), "invalid_client", 401)
    assert key_server.request_count == 0
    app.extensions["authserver"].database.engine.dispose()


def test_slow_key_servers_block_few_threads(app: Flask, key_server: DocumentServer) -> None:
    """S28: while the limit of fetches is reached, another client gets 503 at once, and other requests are served."""
    slots = app.extensions["authserver"].settings.fetch_concurrency
    waiting, may_end = threading.Semaphore(0), threading.Event()

    def wait() -> None:
        waiting.release()
        may_end.wait(timeout=30)

    key_server.meanwhile = wait
    slow = [signer(app, key_server, path=f"/{number}") for number in range(slots + 1)]
    with ThreadPoolExecutor(slots) as pool:
        running = [pool.submit(client.token) for client in slow[1:]]
        assert all(waiting.acquire(timeout=30) for _ in running)
        refused = slow[0].token()
        assert_error(refused, "temporarily_unavailable", 503)
        assert int(refused.headers["Retry-After"]) > 0
        assert app.test_client().get("/jwks.json").status_code == 200
        may_end.set()
        assert [one.result().status_code for one in running] == [401] * (slots - 1) + [200]
    assert key_server.request_count == slots


def test_failed_fetch_is_not_repeated_at_once(app: Flask, key_server: DocumentServer) -> None:
    """S28: after a failure, the server waits before it contacts the key server again, whatever the kid."""
    client = signer(app, key_server)
    key_server.status = 500
    assert_error(client.token(), "invalid_client", 401)
    assert_error(client.token(client.assertion({"kid": "two"})), "invalid_client", 401)
    assert key_server.request_count == 1
