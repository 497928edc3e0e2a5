"""Clients and administrators at the same moment: what is approved is what was seen (S2), and nothing is a 5xx (S26)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

from flask import Flask

from authserver.context import SYSTEM
from authserver.domain.clients import clients, self_registration
from authserver.errors import Conflict, NotFound
from authserver.protocol.services import Services
from tests.support.registrant import Registrant, find_pending_change
from tests.support.relying_party import approve, stored

ROUNDS = 10
SEEN, NEW = "https://client.example/seen", "https://evil.example/new"


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Do things in the same moment and return what came of each."""
    barrier = Barrier(len(deeds))

    def start(deed: Callable[[], Any]) -> Any:
        barrier.wait(timeout=30)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(start, deeds))


def decide(services: Services, key: str, revision: int, verb: str) -> str:
    """Decide as a page does that showed this revision."""
    try:
        with services.database.transaction() as db:
            client = clients.get(db, key)
            if verb == "approve":
                clients.approve(db, SYSTEM, client, revision=revision)
            elif verb == "approve-change":
                self_registration.approve_change(db, SYSTEM, services.vault, client, revision=revision)
            else:
                self_registration.discard_change(db, SYSTEM, client, revision=revision)
    except (Conflict, NotFound):
        return "refused"
    return "done"


def asking(app: Flask, services: Services) -> tuple[Registrant, int]:
    """An approved client that has asked for a change, and the revision of the page that shows it."""
    registrant = Registrant.new(app)
    approve(services, registrant.key)
    assert registrant.put(redirect_uris=[SEEN]).status_code == 200
    return registrant, stored(services, registrant.key).revision


def test_a_change_is_decided_once(app: Flask, services: Services) -> None:
    """Eight administrators at once: one of them approves or discards, the others are told that it changed."""
    verbs = ["approve-change", "discard-change"] * 4
    for _ in range(ROUNDS // 2):
        registrant, revision = asking(app, services)
        deeds = [partial(decide, services, registrant.key, revision, verb) for verb in verbs]
        assert Counter(at_once(*deeds)) == {"done": 1, "refused": 7}
        assert find_pending_change(services, registrant.key) is None


def test_a_change_cannot_slip_under_an_approval(app: Flask, services: Services) -> None:
    """The client asks for something else while its change is approved: what becomes live is what was seen."""
    outcomes: Counter[str] = Counter()
    for _ in range(ROUNDS):
        registrant, revision = asking(app, services)
        put, outcome = at_once(
            lambda: registrant.put(redirect_uris=[NEW]).status_code,  # noqa: B023
            lambda: decide(services, registrant.key, revision, "approve-change"),  # noqa: B023
        )
        outcomes[outcome] += 1
        row, change = stored(services, registrant.key), find_pending_change(services, registrant.key)
        assert put == 200
        assert row.redirect_uris == (
            [SEEN] if outcome == "done" else registrant.registration["redirect_uris"]
        )
        assert change is not None
        assert change.after["redirect_uris"] == [NEW]
    assert sum(outcomes.values()) == ROUNDS


def test_a_pending_client_cannot_change_under_its_approval(app: Flask, services: Services) -> None:
    """S2: approval belongs to a revision: a change that comes first wins, one that comes later waits."""
    for _ in range(ROUNDS):
        registrant = Registrant.new(app, redirect_uris=[SEEN])
        revision = stored(services, registrant.key).revision
        put, outcome = at_once(
            lambda: registrant.put(redirect_uris=[NEW]).status_code,  # noqa: B023
            lambda: decide(services, registrant.key, revision, "approve"),  # noqa: B023
        )
        row, change = stored(services, registrant.key), find_pending_change(services, registrant.key)
        assert put == 200
        if outcome == "done":
            assert (row.status, row.redirect_uris, change is None) == ("approved", [SEEN], False)
        else:
            assert (row.status, row.redirect_uris, change) == ("pending", [NEW], None)


def test_many_changes_at_once_leave_one_waiting(app: Flask, services: Services) -> None:
    registrant, _ = asking(app, services)
    names = [f"Name {number}" for number in range(8)]
    answers = at_once(*(partial(registrant.put, client_name=name) for name in names))
    assert [answer.status_code for answer in answers] == [200] * 8
    change = find_pending_change(services, registrant.key)
    assert change is not None
    assert change.after["name"] in names


def test_deleting_races_with_everything_else(app: Flask, services: Services) -> None:
    """RFC 7592, 2.3: one deletion succeeds, the others find nothing; nothing comes back to life."""
    for _ in range(ROUNDS // 2):
        registrant, revision = asking(app, services)
        deeds = [lambda: registrant.manage("DELETE").status_code] * 4  # noqa: B023
        others = [
            lambda: registrant.put(redirect_uris=[NEW]).status_code,  # noqa: B023
            lambda: decide(services, registrant.key, revision, "approve-change"),  # noqa: B023
        ]
        *deleted, put, _ = at_once(*deeds, *others)
        assert Counter(deleted) == {204: 1, 401: 3}
        assert put in {200, 401}
        assert registrant.manage("GET").status_code == 401
