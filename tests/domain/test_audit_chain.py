"""Events are sealed in the order of their commits, and changed or deleted events are found."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, select, update

from authserver.context import SYSTEM
from authserver.domain import audit, audit_chain
from authserver.domain.audit import AuditEvent, Event

pytestmark = pytest.mark.both_databases


def record(database, *names):
    with database.transaction() as db:
        for name in names:
            audit.record(db, SYSTEM, Event.SCOPE_ADD, subject_name=name)


def chain(database):
    with database.transaction(write=False) as db:
        rows = db.scalars(select(AuditEvent).where(AuditEvent.position.is_not(None)).order_by("position"))
        return [row.subject_name for row in rows]


def broken(database):
    with database.transaction(write=False) as db:
        return audit_chain.first_broken(db)


def unsealed(database):
    with database.transaction(write=False) as db:
        return audit_chain.unsealed(db)


@pytest.fixture
def trail(database):
    """The database with three sealed events, and nothing else in the trail."""
    with database.transaction() as db:
        db.execute(delete(AuditEvent))
    record(database, "one", "two", "three")
    assert audit_chain.seal(database) == 3
    return database


def id_of(database, name):
    with database.transaction(write=False) as db:
        return db.scalar(select(AuditEvent.id).where(AuditEvent.subject_name == name))


def test_new_events_are_unsealed_until_they_are_sealed(trail):
    assert unsealed(trail).count == 0
    record(trail, "four")
    assert (unsealed(trail).count, unsealed(trail).oldest_at is not None) == (1, True)
    assert audit_chain.seal(trail) == 1
    assert chain(trail) == ["one", "two", "three", "four"]
    assert broken(trail) is None


def test_sealing_without_new_events_does_nothing(trail):
    assert audit_chain.seal(trail) == 0


def test_more_events_than_a_batch_are_sealed(trail):
    names = [str(number) for number in range(1100)]
    record(trail, *names)
    assert audit_chain.seal(trail) == 1100
    assert chain(trail)[3:] == names
    assert broken(trail) is None


@pytest.mark.parametrize(
    "change",
    [
        update(AuditEvent).where(AuditEvent.subject_name == "two").values(actor_name="nobody"),
        update(AuditEvent).where(AuditEvent.subject_name == "two").values(seal=bytes(32)),
        update(AuditEvent).where(AuditEvent.subject_name == "two").values(after={"forged": True}),
    ],
)
def test_changed_event_is_found(trail, change):
    expected = id_of(trail, "two")
    with trail.transaction() as db:
        db.execute(change)
    assert broken(trail) == expected


def test_deleted_event_is_found(trail):
    expected = id_of(trail, "three")
    with trail.transaction() as db:
        db.execute(delete(AuditEvent).where(AuditEvent.subject_name == "two"))
    assert broken(trail) == expected


def test_swapped_events_are_found(trail):
    with trail.transaction() as db:
        first, second = (
            db.scalars(select(AuditEvent).where(AuditEvent.subject_name == name)).one()
            for name in ("one", "two")
        )
        first.position, second.position = None, first.position
        db.flush()
        first.position = second.position + 1
    assert broken(trail) is not None


@pytest.mark.only_on("postgresql")
def test_event_of_a_long_transaction_is_sealed_after_its_commit(trail):
    """Its id is lower than those of events that were committed earlier."""
    with trail.transaction() as db:
        audit.record(db, SYSTEM, Event.SCOPE_ADD, subject_name="long")
        record(trail, "short")
        assert audit_chain.seal(trail) == 1
    assert audit_chain.seal(trail) == 1
    assert chain(trail)[3:] == ["short", "long"]
    assert broken(trail) is None


@pytest.mark.only_on("postgresql")
def test_recording_does_not_wait_for_other_transactions(trail):
    """Sign-ins must not wait for each other, so recording takes no lock."""
    with trail.transaction() as db:
        audit.record(db, SYSTEM, Event.SCOPE_ADD, subject_name="open")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(record, trail, "other").result(timeout=10)


def test_concurrent_sealers_build_one_chain(trail):
    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(record, trail, *map(str, range(20))) for _ in range(10)]
        sealers = [pool.submit(audit_chain.seal, trail) for _ in range(20)]
        for task in (*writers, *sealers):
            task.result()
    audit_chain.seal(trail)
    assert len(chain(trail)) == 203
    assert broken(trail) is None


def test_servers_seal_within_seconds(live_nodes):
    """Two processes seal the events of one database."""
    database = live_nodes.services.database
    record(database, *map(str, range(20)))
    deadline = time.monotonic() + 20
    while unsealed(database).count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert broken(database) is None
