"""Concurrent changes of groups: the copies in the rows of users stay right, and no tokens are left to users who left."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from authserver.context import SYSTEM
from authserver.domain.groups import group_changes
from authserver.domain.groups import groups as records
from authserver.domain.orm import Database
from authserver.errors import AuthserverError
from authserver.protocol.services import Services
from tests.faults.test_registration_races import at_once
from tests.support import groups
from tests.support.relying_party import RelyingParty, edit, register

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("sample_users")]
ROUNDS = 4


def attempt(call: Callable[[], object]) -> str:
    """Return whether a change succeeded. Changes of groups that another thread renamed or removed are rejected."""
    try:
        call()
    except AuthserverError:
        return "rejected"
    return "done"


def remove(database: Database, name: str) -> None:
    with database.transaction() as db:
        group_changes.remove(db, SYSTEM, records.get(db, name))


def test_copies_stay_right(database: Database, services: Services) -> None:
    """Memberships, renames and removals at the same time."""
    key, _ = register(services)
    for number in range(ROUNDS):
        names = [f"{number}-{letter}" for letter in "abc"]
        for name in names:
            groups.add(database, name, "bob")
        calls: list[Callable[[], object]] = [
            partial(groups.join, database, names[0], "alice"),
            partial(groups.join, database, names[1], "alice"),
            partial(groups.leave, database, names[0], "bob"),
            partial(groups.rename, database, names[1], f"{number}-renamed"),
            partial(remove, database, names[2]),
            partial(groups.join, database, names[2], "alice"),
            partial(edit, services, key, details={"allowed_groups": [names[0]]}),
        ]
        at_once(*(partial(attempt, call) for call in calls))
        with database.transaction(write=False) as db:
            assert records.users_with_wrong_copy(db) == []


def test_group_is_created_once(database: Database) -> None:
    results = at_once(
        *(partial(attempt, partial(groups.add, database, name)) for name in ("Wing", "WING", "wing"))
    )
    assert Counter(results) == {"done": 1, "rejected": 2}


def test_user_is_added_once(database: Database) -> None:
    groups.add(database, "wing")
    at_once(*(partial(groups.join, database, "wing", "alice") for _ in range(4)))
    with database.transaction(write=False) as db:
        assert groups.find_user(db, "alice").group_names == ["wing"]


def test_refresh_races_with_leaving_the_group(app: object, database: Database, services: Services) -> None:
    """S3: once the user has left, no token works, even if the refresh was first."""
    groups.add(database, "wing", "alice")
    party = RelyingParty(app, *register(services))  # type: ignore[arg-type]
    edit(services, party.key, allowed_groups=["wing"])
    for _ in range(ROUNDS):
        tokens = party.tokens()
        response, _left = at_once(
            partial(party.refresh, tokens["refresh_token"]), partial(groups.leave, database, "wing", "alice")
        )
        assert response.status_code in {200, 400}
        latest = response.get_json() if response.status_code == 200 else tokens
        assert party.userinfo(latest["access_token"]).status_code == 401
        assert party.refresh(latest["refresh_token"]).status_code == 400
        groups.join(database, "wing", "alice")
