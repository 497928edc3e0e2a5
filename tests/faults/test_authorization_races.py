"""An administrator's decision races with a sign-in to the client (S1, S3), on PostgreSQL.

On SQLite one transaction waits until the other has ended, so that the race cannot occur.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain import user_sessions
from authserver.domain.authorizations import consents
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.orm import Database
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support import consumer as consumers
from tests.support import forms
from tests.support.relying_party import RelyingParty, change, register, response_parameters
from tests.support.sample_users import PASSWORD

pytestmark = pytest.mark.only_on("postgresql")
Change = Callable[[Session, Client], None]


@pytest.fixture
def rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    return RelyingParty(app, *register(services))


def disapprove(db: Session, client: Client) -> None:
    clients.disapprove(db, SYSTEM, client, revision=client.revision)


def disable_alice(db: Session, _client: Client) -> None:
    alice = users.find(db, "alice")
    assert alice is not None
    users.disable(db, SYSTEM, alice)


def sign_alice_out(db: Session, _client: Client) -> None:
    alice = users.find(db, "alice")
    assert alice is not None
    user_sessions.end_others(db, SYSTEM, alice, keep=None)


@contextmanager
def during_request(
    database: Database, key: str, change_record: Change, request: Callable[[], TestResponse]
) -> Iterator[Future[TestResponse]]:
    """Make a request read the client before the change and write after it. Both transactions lock the client's row."""
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as db:
            client = clients.get(db, key)
            db.execute(text("SELECT 1 FROM clients WHERE id = :id FOR NO KEY UPDATE"), {"id": client.id})
            response = pool.submit(request)
            wait_for_blocked_transaction(database)
            change_record(db, client)
        yield response


def wait_for_blocked_transaction(database: Database) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(5000):
        with database.reading() as connection:
            if connection.scalar(waiting):
                return
    raise AssertionError("the request did not wait")


def count_authorizations(database: Database) -> int:
    with database.transaction(write=False) as db:
        return db.query(Authorization).count()


@pytest.mark.parametrize("needs_consent", [False, True])
def test_client_disapproved_during_the_request_gets_nothing(
    rp: RelyingParty, database: Database, needs_consent: bool
) -> None:
    if needs_consent:
        request = partial(rp.allow, rp.sign_in(rp.authorize()))
    else:
        rp.authorized()
        request = rp.authorize
    before = count_authorizations(database)
    with during_request(database, rp.key, disapprove, request) as response:
        assert response.result().status_code == 403
        assert "Location" not in response.result().headers
    assert count_authorizations(database) == before


def test_redirect_uri_removed_during_the_request_gets_nothing(rp: RelyingParty, database: Database) -> None:
    rp.authorized()
    elsewhere = partial(change, redirect_uris=("https://other.example/cb",))
    with during_request(database, rp.key, elsewhere, rp.authorize) as answer:
        assert "redirect_uri is not registered" in answer.result().text
    assert count_authorizations(database) == 1


def test_scope_removed_during_the_request_is_rejected(rp: RelyingParty, database: Database) -> None:
    rp.authorized()
    with during_request(database, rp.key, partial(change, scopes=("openid",)), rp.authorize) as response:
        assert response_parameters(response.result())["error"] == "invalid_scope"


def test_unrelated_change_does_not_disturb_the_request(rp: RelyingParty, database: Database) -> None:
    """The user notices nothing, and the tokens work."""
    rp.authorized()
    with during_request(database, rp.key, partial(change, is_trusted=True), rp.authorize) as response:
        assert rp.redeem(response_parameters(response.result())["code"]).status_code == 200


@pytest.mark.parametrize("change_record", [disable_alice, sign_alice_out])
def test_authorization_of_a_signed_out_or_disabled_user_is_void(
    rp: RelyingParty, database: Database, change_record: Change
) -> None:
    """The authorization stores the account's epoch and the session that the request read."""
    rp.authorized()
    with during_request(database, rp.key, change_record, rp.authorize) as response:
        page = response.result()
    assert page.status_code == 200 or rp.redeem(response_parameters(page)["code"]).status_code == 400


def test_consumer_disapproved_during_the_request_gets_nothing(
    app: Flask, services: Services, sample_users: dict[str, User], database: Database
) -> None:
    """The same race for OAuth 1.0a."""
    consumer = consumers.register(services, app)
    consumer = consumer.with_token(consumer.request_token())
    page = consumer.follow(consumer.browser.get(f"/oauth/authorize?oauth_token={consumer.token}"))
    page = consumer.follow(
        forms.submit(consumer.browser, page, "login-submit", username="alice", password=PASSWORD)
    )
    allow = partial(forms.submit, consumer.browser, page, "consent-allow")
    with during_request(database, consumer.key, disapprove, allow) as response:
        assert response.result().status_code == 409
    assert count_authorizations(database) == 0


def test_two_concurrent_consents_are_both_recorded(rp: RelyingParty, database: Database) -> None:
    """The second transaction waits for the first, and adds to the scopes that the first has stored."""
    with database.transaction() as db:
        alice, client = users.find(db, "alice"), clients.get(db, rp.key)
        assert alice is not None
        consents.remember(db, alice.id, client.id, ("openid",))

    def remember_email() -> None:
        with database.transaction() as db:
            known = consents.find(db, alice.id, client.id)
            assert known is not None
            consents.remember(db, alice.id, client.id, ("email",))

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as db:
            consents.remember(db, alice.id, client.id, ("profile",))
            other = pool.submit(remember_email)
            wait_for_blocked_transaction(database)
        other.result()
    with database.transaction(write=False) as db:
        known = consents.find(db, alice.id, client.id)
        assert known is not None
        assert known.scopes == ["email", "openid", "profile"]
