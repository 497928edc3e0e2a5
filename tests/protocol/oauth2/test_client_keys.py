"""The JWK set of a client's jwks_uri is fetched by one request at a time, and no more often than documented."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest

from authserver.domain.fetcher import Fetched, FetchFailed
from authserver.errors import Busy
from authserver.protocol import client_keys
from authserver.protocol.client_keys import (
    CACHE_SECONDS,
    FIRST_RETRY_SECONDS,
    MAX_RETRY_SECONDS,
    MAX_STALE_SECONDS,
    MIN_REFETCH_SECONDS,
    ClientKeySets,
)
from tests.support import assertions

AT_ONCE = 8


class Keys:
    """A client with a jwks_uri, a fetcher that counts, and a clock that the test moves."""

    def __init__(self) -> None:
        self.id, self.revision = 1, 1
        self.details: dict[str, Any] = {"jwks_uri": "https://rp.example/jwks"}
        self.document: Any = {"keys": [assertions.public(assertions.generate(), kid="one")]}
        self.fetches = 0
        self.now = 1000.0
        self.meanwhile: Callable[[], object] = lambda: None
        self.known = ClientKeySets(self, lambda: self.now)  # type: ignore[arg-type]

    def get(self, uri: str) -> Fetched:
        self.fetches += 1
        self.meanwhile()
        return Fetched(200, {}, json.dumps(self.document).encode())

    def find(self, kid: str = "one") -> int:
        return len(self.known.find(self, kid, "EC"))  # type: ignore[arg-type]


@pytest.fixture
def keys() -> Keys:
    return Keys()


def test_concurrent_requests_fetch_once(keys: Keys) -> None:
    barrier = Barrier(AT_ONCE)

    def find(number: int) -> int:
        barrier.wait(timeout=30)
        return keys.find(f"invented {number}" if number else "one")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert sorted(pool.map(find, range(AT_ONCE))) == [0] * (AT_ONCE - 1) + [1]
    assert keys.fetches == 1


def test_requests_do_not_wait_for_the_fetch_of_another_kid(keys: Keys) -> None:
    keys.find()
    keys.now += MIN_REFETCH_SECONDS
    found: list[int] = []
    keys.meanwhile = lambda: found.extend([keys.find("another"), keys.find("one")])
    assert keys.find("invented") == 0
    assert (found, keys.fetches) == ([0, 1], 2)


def test_expired_jwk_set_is_fetched_again(keys: Keys) -> None:
    keys.find()
    keys.now += CACHE_SECONDS
    keys.document = {"keys": []}
    assert (keys.find(), keys.fetches) == (0, 2)


def test_registered_keys_do_not_depend_on_the_cache_size(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_keys, "_MAX_CACHED_SETS", 0)
    keys.details = {"jwks": keys.document}
    assert [keys.find() for _ in range(3)] == [1] * 3


def fail() -> None:
    raise FetchFailed("Nobody is there.")


def be_busy() -> None:
    raise Busy(3)


def test_failure_is_cached_twice_as_long_each_time(keys: Keys) -> None:
    keys.meanwhile = fail
    for number in range(1, 7):
        wait = min(FIRST_RETRY_SECONDS * 2 ** (number - 1), MAX_RETRY_SECONDS)
        for kid in ("one", "invented", "one"):
            with pytest.raises(FetchFailed, match=rf"^Nobody is there\. .* after {wait} seconds\.$"):
                keys.find(kid)
        assert keys.fetches == number
        keys.now += wait


def test_success_ends_the_waiting_after_failures(keys: Keys) -> None:
    keys.meanwhile = fail
    with pytest.raises(FetchFailed):
        keys.find()
    keys.now += FIRST_RETRY_SECONDS
    keys.meanwhile = lambda: None
    assert (keys.find(), keys.find(), keys.fetches) == (1, 1, 2)
    keys.now += CACHE_SECONDS
    assert (keys.find(), keys.fetches) == (1, 3)


def test_waiting_of_one_url_does_not_affect_another(keys: Keys) -> None:
    keys.meanwhile = fail
    with pytest.raises(FetchFailed):
        keys.find()
    keys.meanwhile = lambda: None
    keys.details = {"jwks_uri": "https://other.example/jwks"}
    assert keys.find() == 1


def test_known_keys_survive_a_failure_for_a_limited_time(keys: Keys) -> None:
    keys.find()
    keys.meanwhile = fail
    keys.now += CACHE_SECONDS
    assert (keys.find(), keys.find(), keys.fetches) == (1, 1, 2)
    keys.now += MAX_STALE_SECONDS - CACHE_SECONDS
    with pytest.raises(FetchFailed):
        keys.find()


def test_busy_fetcher_is_not_a_failure(keys: Keys) -> None:
    keys.meanwhile = be_busy
    for _ in range(2):
        with pytest.raises(Busy):
            keys.find()
    assert keys.fetches == 2
    keys.meanwhile = lambda: None
    assert keys.find() == 1
    keys.meanwhile = be_busy
    keys.now += CACHE_SECONDS
    assert keys.find() == 1
    with pytest.raises(Busy):
        keys.find("another")


def test_request_waits_only_a_moment_for_the_fetch_of_another(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_keys, "_MAX_WAIT_SECONDS", 0.05)
    is_fetching, may_end = Event(), Event()

    def wait() -> None:
        is_fetching.set()
        may_end.wait(timeout=30)

    keys.meanwhile = wait
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(keys.find)
        is_fetching.wait(timeout=30)
        with pytest.raises(Busy):
            keys.find()
        may_end.set()
        assert (first.result(), keys.fetches) == (1, 1)
