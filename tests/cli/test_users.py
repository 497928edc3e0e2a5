"""`authserver users`: accounts that are created on the command line can sign in."""

import json
import os
import pty
import subprocess

import pytest
from sqlalchemy import select

from authserver.context import SYSTEM
from authserver.domain.audit import AuditEvent
from authserver.domain.users import second_factors, setup, users
from tests.support.databases import COMMAND, environment
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import set_up
from tests.web.browser_session import sign_in


def add(runner, name, *options, password=PASSWORD):
    return runner.run("users", "add", name, "--password-stdin", *options, stdin=f"{password}\n")


def test_added_account_has_the_given_values(runner, services):
    add(runner, "ada", "--email", "ada@example.org", "--name", "Ada Lovelace", "--grant", "configure_server")
    with services.database.transaction(write=False) as db:
        user = users.find(db, "ADA")
    assert (user.email, user.name, user.may_configure_server) == ("ada@example.org", "Ada Lovelace", True)
    assert services.passwords.verify(user.password_hash, PASSWORD)


@pytest.mark.only_on("sqlite")
def test_audit_event_names_the_command_line(runner, database):
    add(runner, "ada")
    with database.transaction(write=False) as db:
        event = db.scalars(select(AuditEvent).where(AuditEvent.event == "user:create")).one()
    assert event.channel == "command"
    assert event.actor_name.startswith("command line (")
    assert PASSWORD not in json.dumps(event.after)


@pytest.mark.only_on("sqlite")
def test_adding_an_administrator_closes_the_setup(runner, database, settings):
    with database.transaction() as db:
        assert setup.issue(db, settings) is not None
    add(runner, "ada", "--grant", "configure_server")
    with database.transaction() as db:
        assert setup.issue(db, settings) is None


@pytest.mark.only_on("sqlite")
def test_list_is_json_or_a_table(runner):
    add(runner, "bob")
    add(runner, "ada", "--grant", "configure_server")
    rows = runner.run_json("users", "list")
    assert [(row["username"], row["active"], row["configure_server"]) for row in rows] == [
        ("ada", True, True),
        ("bob", True, False),
    ]
    table = runner.run("users", "list", "--search", "ad")
    assert "ada" in table
    assert "bob" not in table
    assert runner.run("users", "list", "--search", "zzz") == "There are no users.\n"


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("name", "password", "options", "field"),
    [
        ("ada", "short", [], "password"),
        ("ada", "password1234", [], "password"),
        ("ada-lovelace-1815", "ada-lovelace-1815", [], "password"),
        ("", PASSWORD, [], "username"),
        ("a\0b", PASSWORD, [], "username"),
        ("ada", PASSWORD, ["--email", "not an address"], "email"),
    ],
)
def test_invalid_account_is_rejected(runner, name, password, options, field):
    result = runner.invoke("users", "add", name, "--password-stdin", *options, "--json", stdin=password)
    assert result.exit_code == 1
    assert list(json.loads(result.stdout)["fields"]) == [field]
    assert runner.run_json("users", "list") == []


def test_duplicate_user_name_is_rejected(runner):
    add(runner, "Ada")
    result = runner.invoke("users", "add", "ADA", "--password-stdin", stdin=PASSWORD)
    assert result.exit_code == 1
    assert result.stderr == "authserver: This user name is taken. Choose another one.\n"


@pytest.mark.only_on("sqlite")
def test_password_is_read_from_a_file(runner, services, tmp_path):
    file = tmp_path / "password"
    file.write_text("correct horse battery staple\r\n")
    runner.run("users", "add", "ada", "--password-file", str(file))
    with services.database.transaction(write=False) as db:
        assert services.passwords.verify(users.find(db, "ada").password_hash, PASSWORD)


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("options", "stdin", "message"),
    [
        (["--password-stdin"], "", "The password must be exactly one line."),
        (["--password-stdin"], "one\ntwo\n", "The password must be exactly one line."),
        (["--password-stdin", "--password-file", __file__], "x", "not both"),
        ([], "", "There is no terminal for a prompt"),
        (["--password", PASSWORD], "", "No such option"),
    ],
)
def test_password_options_exclude_each_other(runner, options, stdin, message):
    result = runner.invoke("users", "add", "ada", *options, stdin=stdin)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.only_on("sqlite")
def test_terminal_prompts_twice_without_echo(settings, services):
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "users", "add", "ada"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env=environment(database_url=settings.database_url, keys_dir=str(settings.keys_dir)),
    )
    os.close(terminal)
    shown = answer(controller, b"Password: ") + answer(controller, b"Repeat: ") + rest(controller)
    assert process.wait(30) == 0, shown
    assert b"Created the user ada." in shown
    assert PASSWORD.encode() not in shown
    with services.database.transaction(write=False) as db:
        assert users.find(db, "ada") is not None


def answer(controller, prompt):
    shown = b""
    while prompt not in shown:
        shown += os.read(controller, 1000)
    os.write(controller, f"{PASSWORD}\n".encode())
    return shown


def rest(controller):
    shown = b""
    try:
        while more := os.read(controller, 1000):
            shown += more
    except OSError:
        pass  # reading from a closed pseudo-terminal raises
    finally:
        os.close(controller)
    return shown


def test_disable_and_enable(runner, database):
    add(runner, "ada")
    assert runner.run_json("users", "disable", "ada")["active"] is False
    with database.transaction(write=False) as db:
        disabled = users.find(db, "ada")
    assert (disabled.is_active, disabled.epoch) == (False, 1)
    assert runner.run_json("users", "enable", "ada")["active"] is True


def test_last_administrator_cannot_be_removed(runner):
    add(runner, "ada", "--grant", "configure_server")
    add(runner, "bob")
    for arguments in (["revoke", "ada", "configure_server"], ["disable", "ada"]):
        result = runner.invoke("users", *arguments)
        assert result.exit_code == 1
        assert "last administrator" in result.stderr
    assert runner.run_json("users", "grant", "bob", "configure_server")["configure_server"] is True
    assert runner.run_json("users", "revoke", "ada", "configure_server")["configure_server"] is False


@pytest.mark.only_on("sqlite")
def test_unknown_permission_is_a_usage_error(runner):
    assert runner.invoke("users", "grant", "ada", "everything").exit_code == 2


def test_new_password_ends_sessions(runner, services, sample_users):
    runner.run("users", "set-password", "alice", "--password-stdin", stdin="another horse, another staple\n")
    with services.database.transaction(write=False) as db:
        user = users.find(db, "alice")
    assert user.epoch == sample_users["alice"].epoch + 1
    assert services.passwords.verify(user.password_hash, "another horse, another staple")
    assert not services.passwords.verify(user.password_hash, PASSWORD)


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    "verb", [["disable"], ["enable"], ["grant", "configure_server"], ["revoke", "configure_server"]]
)
def test_unknown_user_is_named(runner, verb):
    result = runner.invoke("users", verb[0], "nobody", *verb[1:])
    assert result.exit_code == 1
    assert (
        result.stderr
        == "authserver: There is no user with the name nobody. To list all users, run: authserver users list\n"
    )


@pytest.mark.only_on("sqlite")
def test_long_list_is_complete(runner, database, monkeypatch):
    monkeypatch.setattr("authserver.cli.users._PAGE", 2)
    with database.transaction() as db:
        for name in "abcde":
            users.add(db, SYSTEM, username=name, password_hash=None)
    assert [row["username"] for row in runner.run_json("users", "list")] == list("abcde")


def test_second_factor_is_reset(runner, app, services, sample_users):
    totp_app = set_up(app)
    rows = {row["username"]: row["second_factor"] for row in runner.run_json("users", "list")}
    assert rows == {"admin": False, "alice": True, "bob": False, "charlie": False}
    printed = runner.run("users", "reset-second-factor", "Alice")
    assert printed == "alice now signs in with the password only.\n"
    with services.database.transaction() as db:
        user_id = sample_users["alice"].id
        assert not second_factors.is_enrolled(db, user_id)
        assert second_factors.redeem(db, services.vault, user_id, totp_app.recovery_codes[0]) is None
        event = db.scalars(select(AuditEvent).where(AuditEvent.event == "user:remove-second-factor")).one()
        assert (event.channel, event.user_id) == ("command", user_id)


@pytest.mark.only_on("sqlite")
def test_reset_reports_whether_there_was_a_second_factor(runner, app, sample_users):
    set_up(app)
    first = runner.run_json("users", "reset-second-factor", "alice")
    again = runner.run_json("users", "reset-second-factor", "alice")
    assert [(facts["username"], facts["second_factor"], facts["removed"]) for facts in (first, again)] == [
        ("alice", False, True),
        ("alice", False, False),
    ]
    assert "Nothing was changed" in runner.run("users", "reset-second-factor", "alice")
    assert runner.invoke("users", "reset-second-factor", "nobody").exit_code == 1


def test_sign_in_limit_is_lifted(runner, app, services, sample_users):
    for _ in range(services.settings.sign_in_attempts):
        sign_in(app.test_client(), "alice", "wrong")
    assert sign_in(app.test_client(), "alice").status_code == 429
    assert runner.run("users", "unlock", "Alice") == "alice can try to sign in again.\n"
    assert sign_in(app.test_client(), "alice").status_code == 303
    with services.database.transaction(write=False) as db:
        event = db.scalars(select(AuditEvent).where(AuditEvent.event == "user:lift-limit")).one()
    assert (event.channel, event.subject_name) == ("command", "alice")


@pytest.mark.only_on("sqlite")
def test_unlock_reports_whether_a_limit_was_reached(runner, sample_users):
    assert runner.run_json("users", "unlock", "alice")["lifted"] is False
    assert "Nothing was changed" in runner.run("users", "unlock", "alice")
    assert runner.invoke("users", "unlock", "nobody").exit_code == 1
