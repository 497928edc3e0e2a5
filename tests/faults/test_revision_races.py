"""Several administrators change the same record at once: one change succeeds, the others get a conflict (S22)."""

from collections import Counter
from functools import partial

import pytest

from authserver.context import SYSTEM
from authserver.domain import scopes
from authserver.domain.orm import Database
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import Conflict
from tests.faults.test_registration_races import at_once

ROUNDS = 5
AT_ONCE = 6


def edit_scope(database: Database, revision: int, words: str) -> str:
    """Save a scope from a page that showed this revision."""
    try:
        with database.transaction() as db:
            row = scopes.get(db, "models.read")
            scopes.edit(db, SYSTEM, row, words=words, is_open=False, revision=revision)
    except Conflict:
        return "refused"
    return "done"


def edit_user(database: Database, user_id: int, revision: int, name: str) -> str:
    """Save an account from a page that showed this revision."""
    try:
        with database.transaction() as db:
            user = users.get(db, user_id)
            users.edit(db, SYSTEM, user, name=name, email=user.email, revision=revision)
    except Conflict:
        return "refused"
    return "done"


def test_scope_is_changed_once_per_revision(database: Database) -> None:
    with database.transaction() as db:
        scopes.add(db, SYSTEM, name="models.read", words="Read your models")
    for revision in range(1, ROUNDS + 1):
        calls = [partial(edit_scope, database, revision, f"Words {n} of {revision}") for n in range(AT_ONCE)]
        assert Counter(at_once(*calls)) == {"done": 1, "refused": AT_ONCE - 1}


def test_account_is_changed_once_per_revision(database: Database, sample_users: dict[str, User]) -> None:
    alice = sample_users["alice"].id
    for revision in range(1, ROUNDS + 1):
        calls = [
            partial(edit_user, database, alice, revision, f"Name {n} of {revision}") for n in range(AT_ONCE)
        ]
        assert Counter(at_once(*calls)) == {"done": 1, "refused": AT_ONCE - 1}


@pytest.mark.parametrize(
    "change", ["edit", "edit_claims", "edit_attributes", "grant", "disable", "set_password"]
)
def test_every_change_of_an_account_raises_its_revision(
    database: Database, sample_users: dict[str, User], change: str
) -> None:
    changes = {
        "edit": lambda db, user: users.edit(db, SYSTEM, user, name="New", email=""),
        "edit_claims": lambda db, user: users.edit_claims(db, SYSTEM, user, {"nickname": "Al"}),
        "edit_attributes": lambda db, user: users.edit_attributes(db, SYSTEM, user, {"team": "wing"}),
        "grant": lambda db, user: users.grant(db, SYSTEM, user, may_configure_server=True),
        "disable": lambda db, user: users.disable(db, SYSTEM, user),
        "set_password": lambda db, user: users.set_password(db, SYSTEM, user, "hash"),
    }
    with database.transaction() as db:
        user = users.get(db, sample_users["alice"].id)
        changes[change](db, user)
        assert user.revision == 2
