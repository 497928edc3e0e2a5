"""An administrator decides in the very moment in which somebody signs in to a client (S1, S3), on PostgreSQL.

On SQLite one of the two waits until the other has ended, so that nothing can happen in between.
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
from tests.support.people import PASSWORD
from tests.support.relying_party import RelyingParty, change, register, response_parameters

pytestmark = pytest.mark.only_on("postgresql")
Deed = Callable[[Session, Client], None]


@pytest.fixture
def rp(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
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
def in_the_middle(
    database: Database, key: str, deed: Deed, request: Callable[[], TestResponse]
) -> Iterator[Future[TestResponse]]:
    """Have a request read the client before the deed, and write after it, as both change the client's row."""
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as db:
            client = clients.get(db, key)
            db.execute(text("SELECT 1 FROM clients WHERE id = :id FOR NO KEY UPDATE"), {"id": client.id})
            answer = pool.submit(request)
            wait_until_somebody_waits(database)
            deed(db, client)
        yield answer


def wait_until_somebody_waits(database: Database) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(5000):
        with database.reading() as connection:
            if connection.scalar(waiting):
                return
    raise AssertionError("the request did not wait")


def recorded(database: Database) -> int:
    with database.transaction(write=False) as db:
        return db.query(Authorization).count()


@pytest.mark.parametrize("is_asked", [False, True])
def test_a_client_that_is_disapproved_meanwhile_gets_nothing(
    rp: RelyingParty, database: Database, is_asked: bool
) -> None:
    if is_asked:
        request = partial(rp.allow, rp.sign_in(rp.authorize()))
    else:
        rp.authorized()
        request = rp.authorize
    before = recorded(database)
    with in_the_middle(database, rp.key, disapprove, request) as answer:
        assert answer.result().status_code == 403
        assert "Location" not in answer.result().headers
    assert recorded(database) == before


def test_a_redirect_uri_that_is_removed_meanwhile_gets_nothing(rp: RelyingParty, database: Database) -> None:
    rp.authorized()
    elsewhere = partial(change, redirect_uris=("https://other.example/cb",))
    with in_the_middle(database, rp.key, elsewhere, rp.authorize) as answer:
        assert "redirect_uri is not registered" in answer.result().text
    assert recorded(database) == 1


def test_a_scope_that_is_removed_meanwhile_is_refused(rp: RelyingParty, database: Database) -> None:
    rp.authorized()
    with in_the_middle(database, rp.key, partial(change, scopes=("openid",)), rp.authorize) as answer:
        assert response_parameters(answer.result())["error"] == "invalid_scope"


def test_a_harmless_change_does_no_harm(rp: RelyingParty, database: Database) -> None:
    """The person notices nothing, and what they get works."""
    rp.authorized()
    with in_the_middle(database, rp.key, partial(change, is_trusted=True), rp.authorize) as answer:
        assert rp.redeem(response_parameters(answer.result())["code"]).status_code == 200


@pytest.mark.parametrize("deed", [disable_alice, sign_alice_out])
def test_what_a_person_got_in_that_moment_is_dead(rp: RelyingParty, database: Database, deed: Deed) -> None:
    """The authorization carries the epoch of the account and the session that were read."""
    rp.authorized()
    with in_the_middle(database, rp.key, deed, rp.authorize) as answer:
        page = answer.result()
    assert page.status_code == 200 or rp.redeem(response_parameters(page)["code"]).status_code == 400


def test_a_consumer_that_is_disapproved_meanwhile_gets_nothing(
    app: Flask, services: Services, people: dict[str, User], database: Database
) -> None:
    """The same for OAuth 1.0a."""
    consumer = consumers.register(services, app)
    consumer = consumer.with_token(consumer.request_token())
    page = consumer.follow(consumer.browser.get(f"/oauth/authorize?oauth_token={consumer.token}"))
    page = consumer.follow(
        forms.submit(consumer.browser, page, "login-submit", username="alice", password=PASSWORD)
    )
    allow = partial(forms.submit, consumer.browser, page, "consent-allow")
    with in_the_middle(database, consumer.key, disapprove, allow) as answer:
        assert answer.result().status_code == 409
    assert recorded(database) == 0


def test_two_consents_at_once_are_both_remembered(rp: RelyingParty, database: Database) -> None:
    """What was read before the wait is not what is written after it."""
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
            wait_until_somebody_waits(database)
        other.result()
    with database.transaction(write=False) as db:
        known = consents.find(db, alice.id, client.id)
        assert known is not None
        assert known.scopes == ["email", "openid", "profile"]
