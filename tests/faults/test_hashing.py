"""Passwords and secrets are never hashed inside an open transaction, so that a busy process does not block writers."""

from contextlib import contextmanager

import pytest

from authserver.context import SYSTEM
from authserver.domain.clients import client_secrets
from authserver.domain.orm import Database
from authserver.domain.passwords import PasswordHasher
from authserver.domain.users import users
from tests.support.sample_users import PASSWORD, open_session
from tests.web.admin.console import Console

pytestmark = pytest.mark.only_on("sqlite")
SECRET = "a secret that a person chose"
TYPED = {"secret_choice": "typed", "secret": SECRET, "secret_again": SECRET}
TYPED_PASSWORD = {"password_choice": "typed", "password": SECRET, "password_again": SECRET}


@pytest.fixture
def console(app, client, services, sample_users):
    open_session(client, services, "admin")
    return Console(client, services)


@pytest.fixture
def registered(console):
    """A client that has a secret."""
    client = console.add_client()
    with console.services.database.transaction() as db:
        row = db.merge(client)
        client_secrets.generate(db, SYSTEM, console.services.vault, row)
    return console.client(client.client_key)


@pytest.fixture
def hashing(monkeypatch):
    """A list that grows by one value per hash: whether a transaction was open at that time."""
    opened, found = [], []
    begin, make, compare = Database.transaction, PasswordHasher.hash, PasswordHasher.verify

    @contextmanager
    def transaction(self, write=True):
        with begin(self, write) as db:
            opened.append(db)
            try:
                yield db
            finally:
                opened.remove(db)

    def recording_hash(self, password):
        found.append(bool(opened))
        return make(self, password)

    def recording_verify(self, *values):
        found.append(bool(opened))
        return compare(self, *values)

    monkeypatch.setattr(Database, "transaction", transaction)
    monkeypatch.setattr(PasswordHasher, "hash", recording_hash)
    monkeypatch.setattr(PasswordHasher, "verify", recording_verify)
    return found


def test_secret_of_a_new_client_is_hashed_outside_of_transactions(console, hashing):
    page = console.get("/admin/clients/new?kind=oidc")
    filled = {"name": "App", "redirect_uris": "https://app.example.org/cb", **TYPED}
    assert console.press(page, "Save", **filled).status_code == 200
    assert hashing == [False]


def test_additional_secret_is_hashed_outside_of_transactions(console, registered, hashing):
    page = console.get(f"/admin/clients/{registered.client_key}/secrets/new")
    assert console.press(page, "Save", **TYPED).status_code == 200
    assert hashing == [False]


def test_password_of_a_new_user_is_hashed_outside_of_transactions(console, hashing):
    page = console.get("/admin/users/new")
    assert console.press(page, "Save", username="dora", **TYPED_PASSWORD).status_code == 303
    assert hashing == [False]


def test_new_password_is_hashed_outside_of_transactions(console, hashing):
    with console.services.database.transaction(write=False) as db:
        alice = users.find(db, "alice")
    page = console.get(f"/admin/users/{alice.id}/password")
    assert console.press(page, "Set password", **TYPED_PASSWORD).status_code == 303
    assert hashing == [False]


def test_changed_own_password_is_hashed_outside_of_transactions(console, hashing):
    page = console.get("/account/password")
    typed = {"old_password": PASSWORD, "new_password": SECRET, "new_password_again": SECRET}
    assert console.press(page, "Change password", **typed).status_code == 303
    assert hashing == [False, False]


@pytest.mark.parametrize(
    "command",
    [
        "clients add --type oauth2 --name App --redirect-uri https://app.example.org/cb --secret-stdin",
        "clients secret {key} --secret-stdin",
        "users add dora --password-stdin",
        "users set-password alice --password-stdin",
    ],
)
def test_commands_hash_outside_of_transactions(console, registered, runner, hashing, command):
    runner.run(*command.format(key=registered.client_key).split(), stdin=f"{PASSWORD} and more\n")
    assert hashing == [False]
