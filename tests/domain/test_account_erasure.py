"""Erased accounts keep no personal data, and are never used again; the audit trail stays intact."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from authserver.context import SYSTEM, Actor
from authserver.domain import account_erasure, audit_chain
from authserver.domain.audit import AuditEvent
from authserver.domain.authorizations.consents import Consent
from authserver.domain.clients.clients import Client
from authserver.domain.groups import group_changes
from authserver.domain.groups.groups import GroupMember
from authserver.domain.logout_notices import LogoutNotice
from authserver.domain.orm import Database
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import users
from authserver.domain.users.authenticator_apps import AuthenticatorApp
from authserver.domain.users.recovery_codes import RecoveryCode
from authserver.domain.users.users import User
from authserver.errors import Conflict
from authserver.protocol.services import Services
from tests.support import groups
from tests.support.relying_party import RelyingParty, register
from tests.support.second_factors import set_up

pytestmark = pytest.mark.both_databases


def erase(database: Database, user_id: int, actor: Actor = SYSTEM) -> User:
    with database.transaction() as db:
        user = db.get_one(User, user_id)
        account_erasure.erase(db, actor, user)
    return user


def count(database: Database, record: Any) -> int:
    with database.transaction(write=False) as db:
        return db.scalar(select(func.count()).select_from(record)) or 0


def test_no_personal_data_is_left(app: Flask, services: Services, alice: User) -> None:
    database = services.database
    rp = RelyingParty(app, *register(services))
    rp.tokens()
    set_up(app)
    with database.transaction() as db:
        user = db.get_one(User, alice.id)
        users.edit_claims(db, SYSTEM, user, {"nickname": "Al"})
    groups.add(database, "Engineering", "alice")
    groups.set_attributes(database, "alice", department="Research")
    erased = erase(database, alice.id)
    assert erased.username == erased.username_key == f"erased-{alice.id}"
    assert (erased.name, erased.email, erased.email_key, erased.profile) == ("", "", None, {})
    assert (erased.attributes, erased.group_names) == ({}, [])
    assert (erased.password_hash, erased.last_sign_in_at, erased.subject) == (None, None, alice.subject)
    assert not erased.is_active
    assert [count(database, record) for record in (Consent, RecoveryCode, AuthenticatorApp, GroupMember)] == [
        0
    ] * 4
    with database.transaction(write=False) as db:
        assert {(row.user_agent, row.address) for row in db.scalars(select(UserSession))} == {("", "")}


def test_tokens_stop_working_and_clients_are_notified(app: Flask, services: Services, alice: User) -> None:
    """S3: with the next request. The notice about the session names the same subject as before."""
    registration = {"backchannel_logout_uri": "https://rp.example/logout"}
    rp = RelyingParty(app, *register(services, **registration))
    tokens = rp.tokens(scope="openid offline_access", prompt="consent")
    erase(services.database, alice.id)
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert rp.refresh(tokens["refresh_token"]).status_code == 400
    assert rp.browser.get("/account").status_code == 303
    with services.database.transaction(write=False) as db:
        assert db.scalars(select(LogoutNotice)).one().user_id == alice.id


def test_the_audit_trail_stays_and_its_chain_is_intact(database: Database, alice: User) -> None:
    audit_chain.seal(database)
    events = count(database, AuditEvent)
    erase(database, alice.id)
    audit_chain.seal(database)
    with database.transaction(write=False) as db:
        assert audit_chain.first_broken(db) is None
        event = db.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
        assert event is not None
        assert (event.event, event.subject_name, event.user_id) == ("user:erase", "alice", alice.id)
    assert count(database, AuditEvent) == events + 1


def test_owned_clients_stay(services: Services, alice: User) -> None:
    key, _ = register(services)
    with services.database.transaction() as db:
        db.scalars(select(Client)).one().owner_id = alice.id
    erase(services.database, alice.id)
    with services.database.transaction(write=False) as db:
        assert db.scalars(select(Client.client_key)).one() == key


def test_the_name_becomes_free(database: Database, alice: User) -> None:
    with database.transaction() as db:
        users.add(db, SYSTEM, username=f"erased-{alice.id}", password_hash=None)
    assert erase(database, alice.id).username.startswith(f"erased-{alice.id}-")
    with database.transaction() as db:
        assert users.add(db, SYSTEM, username="alice", password_hash=None, email=alice.email).id != alice.id


def test_the_last_administrator_is_protected(database: Database, sample_users: dict[str, User]) -> None:
    with pytest.raises(Conflict, match="last administrator"):
        erase(database, sample_users["admin"].id)


def test_nobody_erases_their_own_account(database: Database, sample_users: dict[str, User]) -> None:
    with database.transaction() as db:
        users.grant(db, SYSTEM, db.get_one(User, sample_users["alice"].id), may_configure_server=True)
    admin = sample_users["admin"]
    with pytest.raises(Conflict, match="your own account"):
        erase(database, admin.id, Actor("admin", admin.id))


@pytest.mark.parametrize(
    "change",
    [
        "edit",
        "edit_claims",
        "edit_attributes",
        "add_member",
        "rename",
        "grant",
        "disable",
        "enable",
        "set_password",
        "erase",
    ],
)
def test_an_erased_account_cannot_be_changed(database: Database, alice: User, change: str) -> None:
    erase(database, alice.id)
    changes: dict[str, Any] = {
        "edit": lambda db, user: users.edit(db, SYSTEM, user, name="New", email=""),
        "edit_claims": lambda db, user: users.edit_claims(db, SYSTEM, user, {"nickname": "Al"}),
        "edit_attributes": lambda db, user: users.edit_attributes(db, SYSTEM, user, {"a": "b"}),
        "add_member": lambda db, user: group_changes.add_member(
            db, SYSTEM, group_changes.add(db, SYSTEM, name="Engineering"), user
        ),
        "rename": lambda db, user: users.rename(db, SYSTEM, user, "alice"),
        "grant": lambda db, user: users.grant(db, SYSTEM, user, may_configure_server=True),
        "disable": lambda db, user: users.disable(db, SYSTEM, user),
        "enable": lambda db, user: users.enable(db, SYSTEM, user),
        "set_password": lambda db, user: users.set_password(db, SYSTEM, user, "hash"),
        "erase": lambda db, user: account_erasure.erase(db, SYSTEM, user),
    }
    with database.transaction() as db:
        user = db.get_one(User, alice.id)
        if change == "disable":
            changes[change](db, user)  # It is already disabled.
        else:
            with pytest.raises(Conflict, match="was erased"):
                changes[change](db, user)
        assert user.is_erased
        assert not user.is_active


def test_refused_erasure_keeps_the_groups(database: Database, sample_users: dict[str, User]) -> None:
    """An error response commits the transaction, so the refusal must not remove the memberships."""
    groups.add(database, "Engineering", "admin")
    with database.transaction() as db, pytest.raises(Conflict):
        account_erasure.erase(db, SYSTEM, db.get_one(User, sample_users["admin"].id))
    assert count(database, GroupMember) == 1
