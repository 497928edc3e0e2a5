"""S16, S28: clients that wait for approval. One network cannot fill the waiting lists and keep the others out."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from authserver.domain.clients import clients, pending_clients
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support.relying_party import approve, disapprove

pytestmark = pytest.mark.both_databases

SHARE = 3
FLOODING, OTHER, THIRD = "198.51.100.{}", "192.0.2.{}", "203.0.113.{}"
LANES = {
    "/oauth/requestKey": ({"name": "Tool", "secret": "s3cret"}, "key"),
    "/oauth2/register": ({"redirect_uris": ["https://client.example/cb"]}, "client_id"),
}
Register = Callable[..., str]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A small share, and no limit on the registrations per hour."""
    limits = {"pending_clients_per_network": SHARE, "registrations": 1000, "consumer_requests": 1000}
    return settings.model_copy(update=limits)


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest) -> str:
    """The path of an endpoint where anonymous clients register."""
    return str(request.param)


@pytest.fixture
def add(app: Flask, lane: str) -> Register:
    """Register a client from an address; return its key."""

    def register(network: str, host: int = 1, path: str = lane) -> str:
        body, name = LANES[path]
        address = {"REMOTE_ADDR": network.format(host)}
        response = app.test_client().post(path, json=body, environ_base=address)
        assert response.status_code in {200, 201}, response.text
        document: dict[str, Any] = response.get_json()
        return str(document[name])

    return register


def remaining(services: Services, keys: list[str]) -> list[str]:
    with services.database.transaction(write=False) as db:
        return [key for key in keys if clients.find(db, key) is not None]


def test_network_has_a_share_of_the_waiting_list(services: Services, add: Register) -> None:
    """A network that exceeds its share replaces its own oldest client, and no client of another network."""
    other = add(OTHER)
    keys = [add(FLOODING, host) for host in range(SHARE + 2)]
    assert remaining(services, [other, *keys]) == [other, *keys[2:]]


def test_full_waiting_list_accepts_a_client_of_another_network(
    services: Services, add: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the list is full, the oldest client of the network with the most clients makes room."""
    monkeypatch.setattr(pending_clients, "MAX_PENDING", SHARE + 1)
    oldest = add(OTHER)
    keys = [add(FLOODING, host) for host in range(SHARE)]
    new = add(THIRD)
    assert remaining(services, [oldest, *keys, new]) == [oldest, *keys[1:], new]


def test_new_client_counts_for_its_own_network(
    services: Services, add: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the new client gives its network the most clients, it replaces one of them."""
    monkeypatch.setattr(pending_clients, "MAX_PENDING", 2)
    keys = [add(OTHER), add(FLOODING), add(FLOODING)]
    assert remaining(services, keys) == [keys[0], keys[2]]


def test_among_equal_networks_the_oldest_client_makes_room(
    services: Services, add: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no network has more clients than another, the client that has waited longest is replaced."""
    monkeypatch.setattr(pending_clients, "MAX_PENDING", 2)
    keys = [add(OTHER), add(FLOODING), add(THIRD)]
    assert remaining(services, keys) == keys[1:]


@pytest.mark.parametrize("decide", [approve, disapprove])
def test_decided_clients_are_not_replaced(
    services: Services, add: Register, decide: Callable[[Services, str], None]
) -> None:
    """A client that an administrator has decided about has no place in the list, and is kept."""
    decided = add(FLOODING)
    decide(services, decided)
    keys = [add(FLOODING) for _ in range(SHARE + 1)]
    assert remaining(services, [decided, *keys]) == [decided, *keys[1:]]


def test_addresses_of_one_ipv6_network_share(services: Services, add: Register) -> None:
    """An IPv6 /64 is one network."""
    keys = [add("2001:db8::{}", host) for host in range(1, SHARE + 2)]
    other = add("2001:db8:0:1::{}")
    assert remaining(services, [*keys, other]) == [*keys[1:], other]


def test_waiting_lists_are_separate(services: Services, add: Register, lane: str) -> None:
    """A flood at one endpoint does not replace the clients of the other."""
    (path,) = LANES.keys() - {lane}
    other = add(FLOODING, path=path)
    for _ in range(SHARE + 1):
        add(FLOODING)
    assert remaining(services, [other]) == [other]
