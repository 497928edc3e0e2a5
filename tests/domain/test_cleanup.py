"""The cleanup deletes expired records and keeps those that revocation still needs."""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from authserver import clock
from authserver.cli import housekeeping
from authserver.context import SYSTEM
from authserver.domain import cleanup, user_sessions
from authserver.domain.authorizations import authorizations
from authserver.domain.authorizations.authorizations import (
    Authorization,
    NewAuthorization,
    UserAuthentication,
)
from authserver.domain.clients import clients
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.tokens import codes
from authserver.domain.tokens.codes import Code
from authserver.domain.tokens.tokens import AccessToken, RefreshTokenFamily
from authserver.domain.user_sessions import UserSession

SOON = timedelta(minutes=15)
LONG = timedelta(days=90)


@pytest.fixture
def registered_client(database):
    with database.transaction() as db:
        registration = ClientMetadata(kind="oidc", name="App", redirect_uris=("https://app.example.org/cb",))
        return clients.register(db, SYSTEM, registration, source="console")


@pytest.fixture
def grant(database, settings, registered_client, alice):
    """Return a function that adds an authorization of alice, with a code and, if redeemed, its tokens."""

    def make(*, access=SOON, refresh=None, redeemed=True, own_key=None):
        with database.transaction() as db:
            started = user_sessions.start(db, SYSTEM, settings, alice, is_remembered=False, user_agent="test")
            row = authorizations.add(
                db,
                SYSTEM,
                NewAuthorization(
                    registered_client.id, 0, "App", "authorization_code", "openid", own_key=own_key,
                    user=UserAuthentication(alice.id, session_id=started.session.id),
                ),
            )  # fmt: skip
            codes.add(db, settings, row, redirect_uri="", code_challenge="")
            if redeemed:
                code = db.scalars(select(Code).where(Code.authorization_id == row.id)).one()
                code.consumed_at = clock.now()
                db.add(token(row, access))
            if refresh:
                db.add(family(row, refresh))
            return row.id

    return make


def token(authorization, lifetime):
    now = clock.now()
    return AccessToken(
        digest=secrets.token_bytes(32), authorization_id=authorization.id, scope="openid", issued_at=now,
        expires_at=now + lifetime,
    )  # fmt: skip


def family(authorization, lifetime):
    now = clock.now()
    return RefreshTokenFamily(
        seed=secrets.token_bytes(16), pepper_id="a", authorization_id=authorization.id, generation=1, rotated_at=now,
        idle_expires_at=now + lifetime, expires_at=now + lifetime,
    )  # fmt: skip


@pytest.fixture
def rows(database):
    """Return a function that counts the rows of each table."""

    def count():
        models = (Authorization, Code, AccessToken, RefreshTokenFamily, UserSession)
        with database.transaction(write=False) as db:
            return [db.scalar(select(func.count()).select_from(model)) for model in models]

    return count


def purge(services):
    counts = {}
    for name, count in cleanup.purge(services.database, services.settings):
        counts[name] = counts.get(name, 0) + count
    return {name: count for name, count in counts.items() if count}


def test_valid_records_are_kept(services, grant, rows):
    grant(refresh=LONG)
    assert purge(services) == {}
    assert rows() == [1, 1, 1, 1, 1]


def test_expired_records_are_deleted_with_their_dependents(services, grant, rows, moving_clock):
    grant(redeemed=True)
    grant(redeemed=False)
    moving_clock.advance(timedelta(days=3))
    deleted = purge(services)
    assert deleted == {"access tokens": 1, "codes": 1, "authorizations": 2, "sessions": 2}
    assert rows() == [0, 0, 0, 0, 0]


def test_code_and_session_of_a_valid_refresh_token_are_kept(services, grant, rows, moving_clock):
    grant(refresh=LONG)
    moving_clock.advance(timedelta(days=30))
    assert purge(services) == {"access tokens": 1}
    assert rows() == [1, 1, 0, 1, 1], "a replay of the code must still find what to revoke"


def test_ended_session_is_kept_while_an_authorization_refers_to_it(
    services, database, grant, rows, moving_clock
):
    authorization_id = grant(refresh=LONG)
    with database.transaction() as db:
        row = db.get(Authorization, authorization_id)
        db.get(UserSession, row.session_id).ended_at = clock.now()
    moving_clock.advance(timedelta(days=30))
    purge(services)
    assert rows()[4] == 1, "without the row, the session would no longer count as ended"


def test_authorization_without_a_user_is_kept(services, grant, rows, moving_clock):
    grant(own_key=b"x" * 32)
    moving_clock.advance(timedelta(days=30))
    purge(services)
    assert rows()[0] == 1


def test_many_rows_are_deleted_in_batches(services, grant, rows, moving_clock, monkeypatch):
    monkeypatch.setattr(cleanup, "_BATCH", 2)
    monkeypatch.setattr(cleanup, "_PAUSE_SECONDS", 0)
    for _ in range(5):
        grant()
    moving_clock.advance(timedelta(days=3))
    fresh = grant()
    assert purge(services)["access tokens"] == 5
    with services.database.transaction(write=False) as db:
        assert list(db.scalars(select(Authorization.id))) == [fresh]


@pytest.mark.only_on("sqlite")
def test_housekeeping_deletes_expired_records(services, grant, moving_clock):
    grant()
    moving_clock.advance(timedelta(days=3))
    assert housekeeping.clean(services) == 3
    assert housekeeping.clean(services) == 0


@pytest.mark.only_on("postgresql")
@pytest.mark.own_app
def test_housekeeping_survives_a_database_error(services, database):
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE access_tokens CASCADE")
    assert housekeeping.clean(services) == 0


def test_one_authorization_per_client_is_kept_for_an_ended_session(
    services, database, settings, registered_client, alice, rows, moving_clock
):
    with database.transaction() as db:
        started = user_sessions.start(db, SYSTEM, settings, alice, is_remembered=True, user_agent="test")
        for _ in range(3):
            authorizations.add(
                db,
                SYSTEM,
                NewAuthorization(
                    registered_client.id, 0, "App", "authorization_code", "openid",
                    user=UserAuthentication(alice.id, session_id=started.session.id),
                ),
            )  # fmt: skip
    moving_clock.advance(timedelta(days=5))
    assert purge(services) == {"authorizations": 2}
    moving_clock.advance(timedelta(days=5))
    assert purge(services) == {"authorizations": 1, "sessions": 1}
