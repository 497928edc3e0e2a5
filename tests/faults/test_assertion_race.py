"""A client's assertion is honoured once (I1): fifty uses of one ``jti`` at once, over two server processes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import requests
from flask import Flask

from authserver.app import create_app
from authserver.settings import Settings
from tests.support import assertions, servers
from tests.support.assertions import Signer
from tests.support.relying_party import register

AT_ONCE = 50
ROUNDS = 3


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
def test_an_assertion_is_used_once(database_url: str, keys_dir: Path, tmp_path: Path, method: str) -> None:
    """Exactly one of fifty succeeds, the others are told invalid_client, and nobody gets a 5xx."""
    is_sqlite = database_url.startswith("sqlite")
    nodes, workers = (1, 2) if is_sqlite else (2, 1)
    with servers.serve(database_url, keys_dir, tmp_path, nodes=nodes, workers=workers) as server:
        app = create_app(Settings(**server.settings, password_hash_memory=64, password_hash_rounds=1))
        signer = _signer(app, server.url, method)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in range(ROUNDS):
                assert sorted(_send_all(pool, server.nodes, signer.form())) == [200] + [401] * (AT_ONCE - 1)
        app.extensions["authserver"].database.engine.dispose()


def _signer(app: Flask, issuer: str, method: str) -> Signer:
    key = assertions.generate()
    asked = {
        "kind": "oauth2",
        "grant_types": ("client_credentials",),
        "redirect_uris": (),
        "response_types": (),
        "auth_method": method,
    }
    details = {"jwks": {"keys": [assertions.public(key)]}} if method == "private_key_jwt" else {}
    client_key, secret = register(app.extensions["authserver"], details=details, **asked)
    if method == "private_key_jwt":
        return Signer(app, client_key, key, issuer=issuer)
    signer = Signer.with_secret(app, client_key, secret)
    signer.issuer = issuer
    return signer


def _send_all(pool: ThreadPoolExecutor, nodes: list[str], form: dict[str, str]) -> list[int]:
    barrier = Barrier(AT_ONCE)

    def send(number: int) -> int:
        barrier.wait(timeout=30)
        url = f"{nodes[number % len(nodes)]}/oauth2/token"
        return requests.post(url, data=form, timeout=30).status_code

    return list(pool.map(send, range(AT_ONCE)))
