"""`authserver users`: verified addresses, renaming, erasing and exporting accounts."""

import json
from typing import Any

import pytest
from flask import Flask

from authserver.domain.orm import Database
from authserver.domain.users import users
from authserver.domain.users.users import User
from tests.support.command import Runner
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import set_up


def find(database: Database, username: str) -> User | None:
    with database.transaction(write=False) as db:
        return users.find(db, username)


def test_address_is_verified_when_the_user_is_added(runner: Runner) -> None:
    facts = runner.run_json(
        "users", "add", "ada", "--password-stdin", "--email", "ada@example.org", "--email-verified",
        stdin=PASSWORD,
    )  # fmt: skip
    assert (facts["email"], facts["email_verified"]) == ("ada@example.org", True)


def test_mark_of_the_address_is_set_and_removed(runner: Runner, sample_users: Any) -> None:
    def edit(*options: str) -> tuple[str, bool]:
        facts = runner.run_json("users", "edit", "alice", *options)
        return facts["email"], facts["email_verified"]

    assert edit("--email-verified") == ("alice@example.org", True)
    assert edit("--name", "Alice B") == ("alice@example.org", True)
    assert edit("--email", "new@example.org") == ("new@example.org", False)
    assert edit("--email", "third@example.org", "--email-verified") == ("third@example.org", True)
    assert edit("--no-email-verified") == ("third@example.org", False)


@pytest.mark.parametrize(
    ("arguments", "field", "sentence"),
    [
        (["edit", "alice", "--email", "BOB@example.org"], "email", "This e-mail address is taken."),
        (["edit", "alice", "--email", "", "--email-verified"], "email", "Enter the e-mail address"),
        (["rename", "alice", "bob"], "username", "This user name is taken."),
        (["rename", "alice", "bob@example.org"], "username", "This user name is taken."),
        (["rename", "alice", ""], "username", "Enter the user name."),
        (["edit", "alice", "--claim", "phone_number_verified=perhaps"], "phone_number_verified", "true or false"),
        (["edit", "alice", "--claim", "phone_number_verified=true"], "phone_number", "Enter the phone number"),
    ],
)  # fmt: skip
@pytest.mark.only_on("sqlite")
def test_invalid_changes_are_errors(
    runner: Runner, database: Database, sample_users: Any, arguments: list[str], field: str, sentence: str
) -> None:
    result = runner.invoke("users", *arguments, "--json")
    assert result.exit_code == 1
    assert sentence in json.loads(result.stdout)["fields"][field]
    alice = find(database, "alice")
    assert alice is not None
    assert (alice.email, alice.profile) == ("alice@example.org", {})


def test_user_is_renamed(runner: Runner, database: Database, alice: User) -> None:
    assert runner.run("users", "rename", "alice", "Alicia") == "Renamed alice to Alicia.\n"
    renamed = find(database, "alicia")
    assert renamed is not None
    assert (renamed.id, renamed.subject, renamed.epoch) == (alice.id, alice.subject, alice.epoch)


def test_user_is_erased(runner: Runner, database: Database, alice: User) -> None:
    facts = runner.run_json("users", "erase", "alice", "--yes")
    assert (facts["username"], facts["active"], facts["email"]) == (f"erased-{alice.id}", False, "")
    assert facts["erased_at"]
    assert find(database, "alice") is None
    again = runner.invoke("users", "enable", f"erased-{alice.id}")
    assert again.exit_code == 1
    assert "This account was erased." in again.stderr


@pytest.mark.only_on("sqlite")
def test_erasing_needs_a_confirmation(runner: Runner, database: Database, sample_users: Any) -> None:
    result = runner.invoke("users", "erase", "alice")
    assert result.exit_code == 2
    assert "There is no terminal for a confirmation. Use --yes." in result.stderr
    assert find(database, "alice") is not None


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(("typed", "code"), [("bob", 1), ("ALICE", 0)])
def test_typed_name_confirms(
    runner: Runner,
    database: Database,
    sample_users: Any,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    code: int,
) -> None:
    monkeypatch.setattr("authserver.cli.users._ask_for_name", lambda _name: typed)
    assert runner.invoke("users", "erase", "alice").exit_code == code
    assert (find(database, "alice") is None) == (code == 0)


@pytest.mark.only_on("sqlite")
def test_last_administrator_is_not_erased(runner: Runner, database: Database, sample_users: Any) -> None:
    result = runner.invoke("users", "erase", "admin", "--yes")
    assert result.exit_code == 1
    assert "last administrator" in result.stderr
    assert find(database, "admin") is not None


def test_data_is_printed_as_json(runner: Runner, app: Flask, sample_users: Any) -> None:
    totp = set_up(app)
    printed = runner.run("users", "export", "alice")
    data = json.loads(printed)
    assert data["account"]["username"] == "alice"
    assert data["audit_events"][0]["event"] == "user:export"
    assert data == runner.run_json("users", "export", "alice") | {"audit_events": data["audit_events"]}
    assert [secret for secret in (totp.seed, *totp.recovery_codes) if secret in printed] == []
