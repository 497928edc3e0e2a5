"""Codes and refresh tokens under concurrency (I1, S5): fifty clients at once, on two server processes and both databases."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, local
from typing import Any

import pytest
import requests

from authserver.domain.clients import clients
from authserver.domain.users import users
from authserver.protocol.services import Services
from tests.support import grants
from tests.support.relying_party import REDIRECT_URI, VERIFIER, register
from tests.support.servers import LiveServer

AT_ONCE = 50
ROUNDS = 20


class ConcurrentClients:
    """Fifty clients, each with its own connection, that send the same form at the same time."""

    def __init__(self, server: LiveServer, key: str, secret: str) -> None:
        self._server = server
        self._auth = (key, secret)
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._own = local()

    def send(self, form: dict[str, str]) -> list[requests.Response]:
        """Return the fifty responses."""
        barrier = Barrier(AT_ONCE)
        return list(self._pool.map(lambda number: self._send_one(barrier, number, form), range(AT_ONCE)))

    def _send_one(self, barrier: Barrier, number: int, form: dict[str, str]) -> requests.Response:
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
        node = self._server.nodes[number % len(self._server.nodes)]
        barrier.wait(timeout=30)
        response: requests.Response = self._own.session.post(
            f"{node}/oauth2/token", data=form, auth=self._auth, timeout=30
        )
        return response

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def services(live_nodes: LiveServer) -> Services:
    """The services of the same installation in this process."""
    live_nodes.add_user("alice")
    return live_nodes.services


def new_code(services: Services, key: str) -> str:
    """Return a code as the authorization endpoint would create it."""
    with services.database.transaction() as db:
        client, user = clients.get(db, key), users.find(db, "alice")
        assert user is not None
        return grants.add_code(db, services.settings, client, user.id)


def redemption(code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }


def successes(answers: list[requests.Response]) -> list[dict[str, Any]]:
    """Return the bodies of the successful responses. All others must be invalid_grant."""
    failures = [response for response in answers if response.status_code != 200]
    assert {(response.status_code, response.json()["error"]) for response in failures} <= {
        (400, "invalid_grant")
    }
    return [response.json() for response in answers if response.status_code == 200]


def test_code_is_redeemed_once(live_nodes: LiveServer, services: Services) -> None:
    """Every round has exactly one successful redemption and no 5xx."""
    key, secret = register(services)
    callers = ConcurrentClients(live_nodes, key, secret)
    for _ in range(ROUNDS):
        assert len(successes(callers.send(redemption(new_code(services, key))))) == 1
    callers.close()


def test_refresh_token_has_one_successor(live_nodes: LiveServer, services: Services) -> None:
    """Fifty refreshes within the grace window get the same successor, so that the family does not fork."""
    key, secret = register(services)
    callers = ConcurrentClients(live_nodes, key, secret)
    first = requests.post(
        f"{live_nodes.url}/oauth2/token",
        data=redemption(new_code(services, key)),
        auth=(key, secret),
        timeout=30,
    )
    token = first.json()["refresh_token"]
    for _ in range(ROUNDS):
        responses = successes(callers.send({"grant_type": "refresh_token", "refresh_token": token}))
        assert len(responses) == AT_ONCE
        [successor] = {response["refresh_token"] for response in responses}
        assert successor != token
        token = successor
    callers.close()
