"""The per-process cache of signing keys: it reloads outside of transactions and drops retired private keys."""

import gc
import weakref
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from authserver.context import SYSTEM
from authserver.domain.keys import signing_keys
from tests.support.relying_party import RelyingParty, register


@pytest.fixture
def rp(app, services, alice):
    return RelyingParty(app, *register(services))


def rotate(services):
    with services.database.transaction() as db:
        return signing_keys.rotate(db, SYSTEM, services.vault, is_urgent=True).kid


def test_keys_are_read_while_no_other_connection_is_held(rp, services, moving_clock, monkeypatch):
    held = []
    pool, read = services.database.engine.pool, signing_keys.all_keys

    def reading(db):
        held.append(pool.checkedout())
        return read(db)

    rp.tokens()
    monkeypatch.setattr(signing_keys, "all_keys", reading)
    code = rp.code(prompt="login")
    moving_clock.advance(timedelta(seconds=11))
    assert rp.redeem(code).status_code == 200
    moving_clock.advance(timedelta(seconds=11))
    assert rp.browser.get("/account").status_code == 200
    moving_clock.advance(timedelta(seconds=11))
    services.logout_notifier.deliver()
    assert held == [0, 0, 0]


def test_rotation_by_another_process_is_seen_within_seconds(services, moving_clock):
    services.key_ring.refresh()
    following = rotate(services)
    moving_clock.advance(timedelta(seconds=11))
    services.key_ring.refresh()
    assert services.key_ring.signer().kid == following


@pytest.mark.only_on("sqlite")
def test_retired_private_key_is_dropped(services):
    retired = weakref.ref(services.key_ring.signer())
    rotate(services)
    services.key_ring.invalidate()
    services.key_ring.refresh()
    gc.collect()
    assert retired() is None


@pytest.mark.only_on("sqlite")
def test_unchanged_key_is_not_imported_again(services):
    before = services.key_ring.signer("ES256")
    rotate(services)
    services.key_ring.invalidate()
    services.key_ring.refresh()
    assert services.key_ring.signer("ES256") is before


@pytest.mark.only_on("sqlite")
def test_cached_keys_are_served_while_the_database_is_unavailable(
    client, services, moving_clock, monkeypatch
):
    published = client.get("/jwks.json").get_json()

    def fail(_session):
        raise OperationalError("SELECT", {}, Exception("it is away"))

    monkeypatch.setattr(signing_keys, "all_keys", fail)
    moving_clock.advance(timedelta(seconds=11))
    assert client.get("/jwks.json").get_json() == published
    assert client.get("/livez").status_code == 200
