"""Registration management races with decisions: only what the administrator saw is approved (S2), without a 5xx (S26)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from authserver.context import SYSTEM
from authserver.domain.clients import clients, pending_clients, self_registration
from authserver.domain.clients.clients import Client
from authserver.domain.clients.redirect_uris import STRICT
from authserver.errors import Conflict, NotFound
from authserver.protocol.services import Services
from tests.support.registrant import Registrant, find_pending_change
from tests.support.relying_party import approve, stored

ROUNDS = 10
SEEN, NEW = "https://client.example/seen", "https://evil.example/new"


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call functions at the same time and return their results."""
    barrier = Barrier(len(calls))

    def start(call: Callable[[], Any]) -> Any:
        barrier.wait(timeout=30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(start, calls))


def decide(services: Services, key: str, revision: int, verb: str) -> str:
    """Decide from a page that showed this revision."""
    try:
        with services.database.transaction() as db:
            client = clients.get(db, key)
            if verb == "approve":
                clients.approve(db, SYSTEM, client, revision=revision)
            elif verb == "approve-change":
                self_registration.approve_change(
                    db, SYSTEM, services.vault, client, STRICT, revision=revision
                )
            else:
                self_registration.discard_change(db, SYSTEM, client, revision=revision)
    except (Conflict, NotFound):
        return "refused"
    return "done"


def with_proposed_change(app: Flask, services: Services) -> tuple[Registrant, int]:
    """Return an approved client with a proposed change, and the revision of the page that shows it."""
    registrant = Registrant.new(app)
    approve(services, registrant.key)
    assert registrant.put(redirect_uris=[SEEN]).status_code == 200
    return registrant, stored(services, registrant.key).revision


def test_proposed_change_is_decided_once(app: Flask, services: Services) -> None:
    """Eight administrators at once: one decision succeeds, the others get a conflict."""
    verbs = ["approve-change", "discard-change"] * 4
    for _ in range(ROUNDS // 2):
        registrant, revision = with_proposed_change(app, services)
        calls = [partial(decide, services, registrant.key, revision, verb) for verb in verbs]
        assert Counter(at_once(*calls)) == {"done": 1, "refused": 7}
        assert find_pending_change(services, registrant.key) is None


def test_approval_applies_only_to_the_change_that_was_shown(app: Flask, services: Services) -> None:
    """The client proposes another change during the approval. Only the change that was shown takes effect."""
    outcomes: Counter[str] = Counter()
    for _ in range(ROUNDS):
        registrant, revision = with_proposed_change(app, services)
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


def test_approval_of_a_pending_client_applies_to_one_revision(app: Flask, services: Services) -> None:
    """S2: an approval applies to one revision. An earlier change makes it fail, a later change waits for approval."""
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


def test_concurrent_changes_leave_one_proposal(app: Flask, services: Services) -> None:
    registrant, _ = with_proposed_change(app, services)
    names = [f"Name {number}" for number in range(8)]
    responses = at_once(*(partial(registrant.put, client_name=name) for name in names))
    assert [response.status_code for response in responses] == [200] * 8
    change = find_pending_change(services, registrant.key)
    assert change is not None
    assert change.after["name"] in names


def test_deletion_races_with_changes_and_decisions(app: Flask, services: Services) -> None:
    """RFC 7592, 2.3: one deletion succeeds, the others do not find the client, and it does not reappear."""
    for _ in range(ROUNDS // 2):
        registrant, revision = with_proposed_change(app, services)
        calls = [lambda: registrant.manage("DELETE").status_code] * 4  # noqa: B023
        others = [
            lambda: registrant.put(redirect_uris=[NEW]).status_code,  # noqa: B023
            lambda: decide(services, registrant.key, revision, "approve-change"),  # noqa: B023
        ]
        *deleted, put, _ = at_once(*calls, *others)
        assert Counter(deleted) == {204: 1, 401: 3}
        assert put in {200, 401}
        assert registrant.manage("GET").status_code == 401


@pytest.mark.parametrize("path", ["/oauth2/register", "/oauth/requestKey"])
def test_concurrent_registrations_share_a_full_waiting_list(
    app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """S28: registrations from many networks at once all succeed, and the list does not exceed its limit."""
    monkeypatch.setattr(pending_clients, "MAX_PENDING", 4)
    body = {"name": "Tool", "secret": "s3cret", "redirect_uris": ["https://client.example/cb"]}

    def register(number: int) -> int:
        address = {"REMOTE_ADDR": f"192.0.{number}.1"}
        return app.test_client().post(path, json=body, environ_base=address).status_code

    for first in range(0, 24, 8):
        statuses = at_once(*(partial(register, number) for number in range(first, first + 8)))
        assert set(statuses) <= {200, 201}
        with services.database.transaction(write=False) as db:
            assert db.scalar(select(func.count()).select_from(Client)) == 4


def test_client_that_is_being_approved_is_not_replaced(
    app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2: an approval and a registration at a full list race. The client is approved, or the approval is refused."""
    monkeypatch.setattr(pending_clients, "MAX_PENDING", 1)
    for _ in range(ROUNDS):
        registrant = Registrant.new(app)
        revision = stored(services, registrant.key).revision
        outcome, added = at_once(
            partial(decide, services, registrant.key, revision, "approve"), partial(Registrant.new, app)
        )
        with services.database.transaction(write=False) as db:
            found = clients.find(db, registrant.key)
        assert (outcome == "done") == (found is not None and found.is_approved)
        assert stored(services, added.key).status == "pending"
