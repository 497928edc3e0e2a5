"""A client is removed while it sends requests. Each request succeeds or gets invalid_client, never a 5xx (S5, S26)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask

from authserver.context import SYSTEM
from authserver.domain.clients import clients
from authserver.protocol.services import Services
from tests.support.device import GRANT
from tests.support.relying_party import RelyingParty, register

AT_ONCE = 8
ROUNDS = 10
ALONE = {
    "kind": "oauth2",
    "grant_types": ("client_credentials", GRANT),
    "redirect_uris": (),
    "response_types": (),
    "scopes": ("read",),
}


def remove(services: Services, key: str) -> None:
    with services.database.transaction() as db:
        clients.remove(db, SYSTEM, clients.get(db, key))


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/device_authorization"])
def test_concurrent_removal_causes_no_server_error(app: Flask, services: Services, path: str) -> None:
    """Requests before the removal succeed. Later requests get invalid_client."""
    form = {"scope": "read"} | ({"grant_type": "client_credentials"} if path == "/oauth2/token" else {})
    for _ in range(ROUNDS):
        party = RelyingParty(app, *register(services, **ALONE))
        barrier = Barrier(AT_ONCE)

        def act(number: int, party: RelyingParty = party, barrier: Barrier = barrier) -> int:
            barrier.wait(timeout=30)
            if number == 0:
                remove(services, party.key)
                return 401
            return app.test_client().post(path, data=form, headers=party.basic).status_code

        with ThreadPoolExecutor(AT_ONCE) as pool:
            assert set(pool.map(act, range(AT_ONCE))) <= {200, 401}
