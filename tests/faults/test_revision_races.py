"""Administrators at the same moment: of several who looked at the same thing one changes it, the others are told (S22)."""

from collections import Counter
from functools import partial

import pytest

from authserver.context import SYSTEM
from authserver.domain import scopes, users
from authserver.domain.db import Database
from authserver.domain.users import User
from authserver.errors import Conflict
from tests.faults.test_registration_races import at_once

ROUNDS = 5
AT_ONCE = 6


def edit_scope(database: Database, revision: int, words: str) -> str:
    """Save a scope as a page does that showed this revision."""
    try:
        with database.transaction() as session:
            row = scopes.get(session, "models.read")
            scopes.edit(session, SYSTEM, row, words=words, is_open=False, revision=revision)
    except Conflict:
        return "refused"
    return "done"


def edit_user(database: Database, user_id: int, revision: int, name: str) -> str:
    """Save an account as a page does that showed this revision."""
    try:
        with database.transaction() as session:
            user = users.get(session, user_id)
            users.edit(session, SYSTEM, user, name=name, email=user.email, revision=revision)
    except Conflict:
        return "refused"
    return "done"


def test_a_scope_is_changed_once_for_each_revision(database: Database) -> None:
    with database.transaction() as session:
        scopes.add(session, SYSTEM, name="models.read", words="Read your models")
    for revision in range(1, ROUNDS + 1):
        deeds = [partial(edit_scope, database, revision, f"Words {n} of {revision}") for n in range(AT_ONCE)]
        assert Counter(at_once(*deeds)) == {"done": 1, "refused": AT_ONCE - 1}


def test_an_account_is_changed_once_for_each_revision(database: Database, people: dict[str, User]) -> None:
    alice = people["alice"].id
    for revision in range(1, ROUNDS + 1):
        deeds = [
            partial(edit_user, database, alice, revision, f"Name {n} of {revision}") for n in range(AT_ONCE)
        ]
        assert Counter(at_once(*deeds)) == {"done": 1, "refused": AT_ONCE - 1}


@pytest.mark.parametrize("change", ["edit", "edit_claims", "grant", "disable", "set_password"])
def test_every_change_of_an_account_is_a_revision(
    database: Database, people: dict[str, User], change: str
) -> None:
    changes = {
        "edit": lambda session, user: users.edit(session, SYSTEM, user, name="New", email=""),
        "edit_claims": lambda session, user: users.edit_claims(session, SYSTEM, user, {"nickname": "Al"}),
        "grant": lambda session, user: users.grant(session, SYSTEM, user, may_configure_server=True),
        "disable": lambda session, user: users.disable(session, SYSTEM, user),
        "set_password": lambda session, user: users.set_password(session, SYSTEM, user, "hash"),
    }
    with database.transaction() as session:
        user = users.get(session, people["alice"].id)
        changes[change](session, user)
        assert user.revision == 2
