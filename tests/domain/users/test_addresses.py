"""E-mail addresses and user names: each belongs to one account, and only administrators verify addresses."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert, select, text

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain import schema
from authserver.domain.orm import Database
from authserver.domain.users import profiles, user_search, users
from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from tests.faults.test_registration_races import at_once

pytestmark = pytest.mark.both_databases

TAKEN = "This e-mail address is taken. Enter another one."
NAME_TAKEN = "This user name is taken. Choose another one."
ALICE = "alice@example.org"


def add(database: Database, username: str, email: str = "", **more: Any) -> None:
    with database.transaction() as db:
        users.add(db, SYSTEM, username=username, password_hash=None, email=email, **more)


def edit(database: Database, username: str, email: str, **more: Any) -> User:
    with database.transaction() as db:
        user = db.scalars(select(User).where(User.username == username)).one()
        users.edit(db, SYSTEM, user, name=user.name, email=email, **more)
    return user


def rename(database: Database, username: str, new_name: str) -> User:
    with database.transaction() as db:
        user = db.scalars(select(User).where(User.username == username)).one()
        users.rename(db, SYSTEM, user, new_name)
    return user


@pytest.mark.parametrize("spelling", [ALICE, "ALICE@Example.org", "\uff41lice@example.org"])
def test_an_address_belongs_to_one_account(database: Database, sample_users: Any, spelling: str) -> None:
    for change in (partial(add, database, "dora", spelling), partial(edit, database, "bob", spelling)):
        with pytest.raises(InvalidInput) as refused:
            change()
        assert refused.value.fields == {"email": TAKEN}


def test_a_user_name_is_not_the_address_of_another_account(database: Database, sample_users: Any) -> None:
    for change in (partial(add, database, "Alice@example.org"), partial(rename, database, "bob", ALICE)):
        with pytest.raises(InvalidInput) as refused:
            change()
        assert refused.value.fields == {"username": NAME_TAKEN}


def test_an_address_is_not_the_user_name_of_another_account(database: Database, sample_users: Any) -> None:
    add(database, "Dora@example.org")
    for change in (
        partial(add, database, "erin", "dora@example.org"),
        partial(edit, database, "bob", "dora@example.org"),
    ):
        with pytest.raises(InvalidInput) as refused:
            change()
        assert refused.value.fields == {"email": TAKEN}


def test_a_user_name_may_be_the_own_address(database: Database, sample_users: Any) -> None:
    assert rename(database, "alice", ALICE).username == ALICE
    assert edit(database, ALICE, "").email_key is None
    assert edit(database, ALICE, ALICE).email_key == ALICE


def test_of_concurrent_changes_to_one_address_one_succeeds(database: Database, sample_users: Any) -> None:
    def change(username: str) -> str:
        try:
            edit(database, username, "shared@example.org")
        except InvalidInput as error:
            return error.fields["email"]
        return "done"

    def create() -> str:
        try:
            add(database, "dora", "SHARED@example.org")
        except InvalidInput as error:
            return error.fields["email"]
        return "done"

    outcomes = at_once(*(partial(change, name) for name in ("alice", "bob", "charlie")), create)
    assert Counter(outcomes) == {"done": 1, TAKEN: 3}


def test_of_concurrent_renames_to_one_name_one_succeeds(database: Database, sample_users: Any) -> None:
    def change(username: str) -> str:
        try:
            rename(database, username, "zoe@example.org")
        except InvalidInput as error:
            return error.fields["username"]
        return "done"

    def address() -> str:
        try:
            edit(database, "charlie", "zoe@example.org")
        except InvalidInput as error:
            return error.fields["email"]
        return "done"

    outcomes = Counter(at_once(partial(change, "alice"), partial(change, "bob"), address))
    assert outcomes["done"] == 1
    assert outcomes[NAME_TAKEN] + outcomes[TAKEN] == 2


def test_a_new_address_is_unverified_without_the_mark(database: Database, sample_users: Any) -> None:
    assert edit(database, "alice", ALICE, email_verified=True).email_verified
    assert edit(database, "alice", ALICE).email_verified
    assert not edit(database, "alice", "other@example.org").email_verified
    assert edit(database, "alice", "third@example.org", email_verified=True).email_verified
    assert not edit(database, "alice", "third@example.org", email_verified=False).email_verified


@pytest.mark.only_on("sqlite")
def test_no_address_cannot_be_verified(database: Database, sample_users: Any) -> None:
    for change in (
        partial(add, database, "dora", email_verified=True),
        partial(edit, database, "alice", "", email_verified=True),
    ):
        with pytest.raises(InvalidInput) as refused:
            change()
        assert refused.value.fields == {"email": "Enter the e-mail address that is verified."}
    assert not edit(database, "alice", "").email_verified


@pytest.mark.parametrize(
    ("field", "values"),
    [("username", ("\ufdfa" * 100, "")), ("email", ("dora", "\ufdfa" * 60 + "@example.org"))],
)
def test_characters_with_a_long_normal_form_are_an_error(
    database: Database, field: str, values: tuple[str, str]
) -> None:
    """S26: the databases do not differ, and no input is an internal error."""
    with pytest.raises(InvalidInput) as refused:
        add(database, *values)
    assert set(refused.value.fields) == {field}


def test_a_user_name_wins_over_an_address(database: Database, sample_users: Any) -> None:
    # Versions before addresses were unique could store this.
    with database.transaction() as db:
        db.execute(
            insert(User).values(
                subject="s", username=ALICE, username_key=ALICE, profile={}, created_at=clock.now(),
                updated_at=clock.now(),
            )
        )  # fmt: skip
        found = users.find_for_sign_in(db, "ALICE@example.org")
        assert found is not None
        assert found.username == ALICE
        assert users.find_for_sign_in(db, "bob@example.org") == users.find(db, "bob")
        assert users.find_for_sign_in(db, "nobody@example.org") is None
        assert users.find_for_sign_in(db, "") is None


@pytest.mark.own_app
def test_the_migration_gives_each_address_to_one_account(database: Database, sample_users: Any) -> None:
    """The verified account wins, then an active one, then the oldest; a user name wins over an address."""
    add(database, "named@example.org")
    for name in ("one", "two", "three", "four"):
        add(database, name)
    changes = {
        "alice": {"email": "verified@example.org"},
        "bob": {"email": "Verified@example.org", "email_verified": True},
        "charlie": {"email": "active@example.org", "is_active": False},
        "one": {"email": "ACTIVE@example.org"},
        "two": {"email": "active@example.org"},
        "three": {"email": "named@example.org", "email_verified": True},
        "four": {"email": "single@example.org"},
    }
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with schema.rebuilding(database) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0020")
        for name, values in changes.items():
            columns = ", ".join(f"{column} = :{column}" for column in values)
            connection.execute(
                text(f"UPDATE users SET {columns} WHERE username = :name"), values | {"name": name}
            )
        command.upgrade(config, "head")
    with database.transaction(write=False) as db:
        rows = {user.username: user for user in db.scalars(select(User))}
        without = user_search.without_address_key(db)
    keys = {name: rows[name].email_key for name in changes}
    assert keys == {
        "alice": None, "bob": "verified@example.org", "charlie": None, "one": "active@example.org", "two": None,
        "three": None, "four": "single@example.org",
    }  # fmt: skip
    assert without == ["alice", "charlie", "three", "two"]
    assert [name for name, user in rows.items() if user.email_verified] == ["bob"]
    assert rows["two"].email == "active@example.org"


@pytest.mark.only_on("sqlite")
def test_an_address_that_becomes_free_can_be_claimed(database: Database, sample_users: Any) -> None:
    with database.transaction() as db:
        bob = db.get_one(User, sample_users["bob"].id)
        bob.email, bob.email_key = ALICE, None
    with pytest.raises(InvalidInput):
        edit(database, "bob", ALICE, email_verified=True)
    with database.transaction() as db:
        holder = users.find_holder_of_address(db, db.get_one(User, sample_users["bob"].id))
        assert holder is not None
        assert holder.username == "alice"
    edit(database, "alice", "new@example.org")
    assert edit(database, "bob", ALICE, email_verified=True).email_key == ALICE


@pytest.mark.only_on("sqlite")
def test_a_phone_number_is_verified_only_by_the_mark(database: Database, sample_users: Any) -> None:
    def change(claims: dict[str, Any]) -> Any:
        with database.transaction() as db:
            user = db.get_one(User, sample_users["alice"].id)
            users.edit_claims(db, SYSTEM, user, claims)
            return user.profile.get(profiles.VERIFIED)

    assert change({"phone_number": "+49 30 1111", "phone_number_verified": True}) is True
    assert change({"nickname": "Al"}) is True
    assert change({"phone_number": "+49 30 2222"}) is False
    with pytest.raises(InvalidInput) as refused:
        change({"phone_number": "", "phone_number_verified": True})
    assert refused.value.fields == {"phone_number": "Enter the phone number that is verified."}
