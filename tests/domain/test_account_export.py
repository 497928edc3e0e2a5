"""The export of an account is complete, contains no secret, and nothing about other users."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from authserver.context import SYSTEM, Actor
from authserver.domain import account_export
from authserver.domain.audit import AuditEvent
from authserver.domain.orm import Base
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, register
from tests.support.second_factors import set_up

pytestmark = pytest.mark.both_databases


def export(services: Services, user_id: int) -> dict[str, Any]:
    with services.database.transaction() as db:
        found = account_export.export(db, SYSTEM, db.get_one(User, user_id))
    parsed: dict[str, Any] = json.loads(json.dumps(found))
    assert parsed == found
    return parsed


def test_export_contains_everything_about_the_user(app: Flask, services: Services, alice: User) -> None:
    rp = RelyingParty(app, *register(services, name="Grafana"))
    rp.tokens()
    set_up(app)
    with services.database.transaction() as db:
        users.edit_claims(db, SYSTEM, db.get_one(User, alice.id), {"nickname": "Al"})
    data = export(services, alice.id)
    assert data["account"]["username"] == "alice"
    assert data["account"]["subject"] == alice.subject
    assert data["claims"] == {
        "name": "Alice Adams", "email": "alice@example.org", "email_verified": False, "nickname": "Al",
    }  # fmt: skip
    assert data["second_factor"]["authenticator_app"] is True
    assert data["second_factor"]["unused_recovery_codes"] == 10
    assert data["sessions"][0]["acr"]
    assert data["consents"][0]["client_name"] == "Grafana"
    assert data["authorizations"][0]["scope"]
    events = [event["event"] for event in data["audit_events"]]
    assert events[0] == "user:export"
    assert {"session:start", "authorization:grant", "user:add-second-factor", "user:create"} <= set(events)


def test_export_contains_no_secret_and_no_digest(app: Flask, services: Services, alice: User) -> None:
    """I7: nothing in the file can be used to sign in, not even the digests and the encrypted values of the database."""
    rp = RelyingParty(app, *register(services))
    tokens = rp.tokens(scope="openid offline_access", prompt="consent")
    totp = set_up(app)
    cookie = rp.browser.get_cookie("authserver_session")
    text = json.dumps(export(services, alice.id))
    assert cookie is not None
    secrets = [cookie.value, totp.seed, *totp.recovery_codes, tokens["access_token"], tokens["refresh_token"]]
    assert [secret for secret in secrets if secret in text] == []
    assert not re.search(r"digest|hash|sealed|seed|\"sid\"", text)
    assert [value for value in stored_secrets(services) if value in text] == []


def stored_secrets(services: Services) -> list[str]:
    """Return the digests and encrypted values of all tables."""
    found = []
    with services.database.transaction(write=False) as db:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if re.search("digest|sealed|hash|seed", column.name):
                    values = db.scalars(select(column).where(column.is_not(None))).all()
                    found += [value if isinstance(value, str) else value.hex() for value in values]
    return [value for value in found if value]


def test_export_contains_no_personal_data_of_other_users(
    services: Services, sample_users: dict[str, User]
) -> None:
    admin, bob = sample_users["admin"], sample_users["bob"]
    actor = Actor("admin", admin.id, "198.51.100.77", "browser")
    with services.database.transaction() as db:
        users.edit(db, actor, db.get_one(User, bob.id), name="Bobby", email=bob.email)
    assert "Bobby" not in json.dumps(export(services, admin.id))
    assert "198.51.100.77" in json.dumps(export(services, admin.id))
    assert "198.51.100.77" not in json.dumps(export(services, bob.id))
    assert "Alice" not in json.dumps(export(services, bob.id))


@pytest.mark.only_on("sqlite")
def test_the_newest_rows_are_exported(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    monkeypatch.setattr(account_export, "MAX_ROWS", 2)
    rp = RelyingParty(app, *register(services))
    for _ in range(3):
        rp.browser = app.test_client()
        rp.tokens()
    data = export(services, alice.id)
    assert [len(data[name]) for name in ("sessions", "authorizations", "audit_events")] == [2, 2, 2]
    with services.database.transaction(write=False) as db:
        newest = db.scalars(select(UserSession).order_by(UserSession.id.desc())).first()
        assert db.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first() is not None
    assert newest is not None
    assert data["sessions"][0]["created_at"] == newest.created_at.isoformat(timespec="seconds")
