"""A client assertion works once (I1): fifty uses of one ``jti`` at once, on two server processes."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from tests.support import assertions
from tests.support.assertions import Signer
from tests.support.relying_party import register
from tests.support.servers import LiveServer

AT_ONCE = 50
ROUNDS = 3


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
def test_assertion_is_accepted_once(live_nodes: LiveServer, method: str) -> None:
    """Exactly one of fifty requests succeeds. The others get invalid_client, and none a 5xx."""
    signer = _signer(live_nodes, method)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(ROUNDS):
            assert sorted(_send_all(pool, live_nodes.nodes, signer.form())) == [200] + [401] * (AT_ONCE - 1)


def _signer(server: LiveServer, method: str) -> Signer:
    key = assertions.generate()
    metadata = {
        "kind": "oauth2",
        "grant_types": ("client_credentials",),
        "redirect_uris": (),
        "response_types": (),
        "auth_method": method,
    }
    details = {"jwks": {"keys": [assertions.public(key)]}} if method == "private_key_jwt" else {}
    client_key, secret = register(server.services, details=details, **metadata)
    if method == "private_key_jwt":
        return Signer(server.app, client_key, key, issuer=server.url)
    signer = Signer.with_secret(server.app, client_key, secret)
    signer.issuer = server.url
    return signer


def _send_all(pool: ThreadPoolExecutor, nodes: list[str], form: dict[str, str]) -> list[int]:
    barrier = Barrier(AT_ONCE)

    def send(number: int) -> int:
        barrier.wait(timeout=30)
        url = f"{nodes[number % len(nodes)]}/oauth2/token"
        return requests.post(url, data=form, timeout=30).status_code

    return list(pool.map(send, range(AT_ONCE)))
