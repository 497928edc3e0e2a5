"""Client authentication holds no database connection: hashing and fetching are slow, and the pool is small."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from authserver.app import create_app
from authserver.domain.clients.secret_verifier import SecretVerifier
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import assertions
from tests.support.assertions import Signer
from tests.support.documents import DocumentServer
from tests.support.relying_party import RelyingParty, register

GRANTS = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
)
REQUESTS: list[tuple[str, dict[str, str]]] = [
    ("/oauth2/token", {"grant_type": "authorization_code", "code": "x"}),
    ("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": "x"}),
    ("/oauth2/token", {"grant_type": "client_credentials"}),
    ("/oauth2/token", {"grant_type": "password", "username": "x", "password": "x"}),
    ("/oauth2/token", {"grant_type": GRANTS[-1], "device_code": "x"}),
    ("/oauth2/introspect", {"token": "x"}),
    ("/oauth2/revoke", {"token": "x"}),
    ("/oauth2/device_authorization", {}),
]


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An application that may fetch from loopback."""
    app = create_app(Settings(**settings.model_dump() | {"fetch_networks": "127.0.0.0/8"}))
    yield app
    app.extensions["authserver"].database.engine.dispose()


def connections_in_use(app: Flask) -> int:
    pool: Any = app.extensions["authserver"].database.engine.pool
    return int(pool.checkedout())


@pytest.mark.parametrize(("path", "form"), REQUESTS)
def test_no_connection_is_held_while_keys_are_fetched(app: Flask, path: str, form: dict[str, str]) -> None:
    key, seen = assertions.generate(), []
    with DocumentServer({"keys": [assertions.public(key)]}) as key_server:
        key_server.meanwhile = lambda: seen.append(connections_in_use(app))
        details = {"jwks_uri": key_server.url, "token_endpoint_auth_signing_alg": "ES256"}
        services = app.extensions["authserver"]
        client_key, _ = register(services, auth_method="private_key_jwt", grant_types=GRANTS, details=details)
        proof = {"client_assertion_type": assertions.TYPE}
        proof["client_assertion"] = Signer(app, client_key, key).assertion(aud="http://localhost")
        assert app.test_client().post(path, data=form | proof).status_code < 500
    assert seen == [0]


@pytest.mark.parametrize(("path", "form"), REQUESTS)
def test_no_connection_is_held_while_a_secret_is_verified(
    app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch, path: str, form: dict[str, str]
) -> None:
    seen: list[int] = []
    party = RelyingParty(app, *register(services, grant_types=GRANTS))
    check = SecretVerifier.verify

    def verify(self: SecretVerifier, *arguments: Any) -> bool:
        seen.append(connections_in_use(app))
        return check(self, *arguments)

    monkeypatch.setattr(SecretVerifier, "verify", verify)
    assert app.test_client().post(path, data=form, headers=party.basic).status_code < 500
    assert seen == [0]
