"""Throttle buckets admit as many attempts as their limit, also under concurrency."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from authserver.domain import throttles
from authserver.domain.throttles import Throttle
from authserver.errors import Throttled
from tests.support.moving_clock import MovingClock

WINDOW = timedelta(minutes=15)


@pytest.fixture
def narrow(services):
    return throttles.bucket(services.vault, "test", "narrow", limit=3, window=WINDOW)


@pytest.fixture
def wide(services):
    return throttles.bucket(services.vault, "test", "wide", limit=5, window=WINDOW)


def charge(database, *buckets):
    with database.transaction() as db:
        return throttles.charge(db, buckets)


def is_admitted(database, *buckets):
    try:
        charge(database, *buckets)
    except Throttled:
        return False
    return True


def test_attempts_over_the_limit_are_throttled(database, narrow):
    assert [is_admitted(database, narrow) for _ in range(5)] == [True, True, True, False, False]


def test_last_attempt_is_marked(database, narrow):
    assert [charge(database, narrow)[0].is_last for _ in range(3)] == [False, False, True]


def test_error_contains_the_waiting_time(database, narrow, monkeypatch):
    clock = MovingClock(monkeypatch)
    for _ in range(3):
        charge(database, narrow)
    clock.advance(timedelta(minutes=5))
    with pytest.raises(Throttled) as error:
        charge(database, narrow)
    assert (
        timedelta(minutes=9) < timedelta(seconds=error.value.retry_after) <= timedelta(minutes=10, seconds=1)
    )


def test_new_window_starts_empty(database, narrow, monkeypatch):
    clock = MovingClock(monkeypatch)
    for _ in range(3):
        charge(database, narrow)
    clock.advance(WINDOW, seconds=1)
    assert [is_admitted(database, narrow) for _ in range(4)] == [True, True, True, False]


def test_full_narrow_bucket_does_not_charge_the_wide_one(database, narrow, wide):
    assert [is_admitted(database, narrow, wide) for _ in range(20)].count(True) == 3
    assert [is_admitted(database, wide) for _ in range(3)] == [True, True, False]


def test_full_wide_bucket_does_not_charge_the_narrow_one(database, narrow, wide):
    for _ in range(5):
        charge(database, wide)
    assert not is_admitted(database, narrow, wide)
    assert [is_admitted(database, narrow) for _ in range(4)] == [True, True, True, False]


def test_attempt_can_be_refunded(database, narrow):
    for _ in range(10):
        charges = charge(database, narrow)
        with database.transaction() as db:
            throttles.refund(db, charges)
    assert [is_admitted(database, narrow) for _ in range(4)] == [True, True, True, False]


def test_refund_does_not_apply_to_a_later_window(database, narrow, monkeypatch):
    clock = MovingClock(monkeypatch)
    old = charge(database, narrow)
    clock.advance(WINDOW, seconds=1)
    for _ in range(3):
        charge(database, narrow)
    with database.transaction() as db:
        throttles.refund(db, old)
    assert not is_admitted(database, narrow)


def test_fifty_threads_share_one_limit(database, services):
    bucket = throttles.bucket(services.vault, "test", "parallel", limit=10, window=WINDOW)
    with ThreadPoolExecutor(50) as threads:
        admitted = list(threads.map(lambda _: is_admitted(database, bucket), range(50)))
    assert admitted.count(True) == 10


def test_purge_deletes_only_old_windows(database, narrow, wide, monkeypatch):
    clock = MovingClock(monkeypatch)
    charge(database, narrow)
    clock.advance(WINDOW, seconds=1)
    charge(database, wide)
    with database.transaction() as db:
        assert throttles.purge(db, window=WINDOW) == 1
        assert [bytes(key) for key in db.scalars(select(Throttle.key))] == [wide.key]


def test_bucket_keys_are_unambiguous(services):
    one = throttles.bucket(services.vault, "a", "bc", limit=1, window=WINDOW)
    other = throttles.bucket(services.vault, "ab", "c", limit=1, window=WINDOW)
    assert one.key != other.key


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.17", "192.0.2.0/24"),
        ("192.0.2.200", "192.0.2.0/24"),
        ("::ffff:192.0.2.17", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("not an address", "not an address"),
    ],
)
def test_addresses_of_one_network_share_a_bucket(address, network):
    assert throttles.network_of(address) == network
