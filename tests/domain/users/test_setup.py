"""The setup link creates one administrator, once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from authserver.context import SYSTEM
from authserver.domain.audit import AuditEvent
from authserver.domain.users import setup, user_search
from authserver.domain.users.setup import SetupClosed, SetupLink
from authserver.domain.users.users import User
from authserver.errors import Forbidden, InvalidInput
from tests.support import sample_users as samples
from tests.support.moving_clock import MovingClock


def issue(database, settings):
    with database.transaction() as db:
        return setup.issue(db, settings)


def complete(database, token, username="root"):
    with database.transaction() as db:
        return setup.complete(db, SYSTEM, token=token, username=username, password_hash="hash")


def test_link_creates_an_administrator(database, settings):
    user = complete(database, issue(database, settings))
    assert user.may_configure_server
    with database.transaction(write=False) as db:
        events = list(db.scalars(select(AuditEvent.event).order_by(AuditEvent.id)))
    assert events[-2:] == ["user:create", "setup:complete"]


def test_link_works_once(database, settings):
    token = issue(database, settings)
    complete(database, token)
    with pytest.raises(SetupClosed):
        complete(database, token, "second")


def test_other_links_are_closed_too(database, settings):
    one, other = issue(database, settings), issue(database, settings)
    complete(database, one)
    with pytest.raises(SetupClosed):
        complete(database, other, "second")


def test_no_link_is_issued_once_an_administrator_exists(database, settings):
    token = issue(database, settings)
    samples.add(database, settings, "admin")
    assert issue(database, settings) is None
    with pytest.raises(SetupClosed):
        complete(database, token)


def test_setup_stays_closed_without_an_administrator(database, settings):
    token = issue(database, settings)
    user = complete(database, token)
    with database.transaction() as db:
        db.get_one(User, user.id).may_configure_server = False
    assert issue(database, settings) is None


def test_ordinary_users_do_not_close_setup(database, settings):
    samples.add(database, settings, "alice")
    assert issue(database, settings) is not None


def test_link_expires(database, settings, monkeypatch):
    token = issue(database, settings)
    MovingClock(monkeypatch).advance(settings.setup_link_lifetime, seconds=1)
    with pytest.raises(Forbidden, match="expired"):
        complete(database, token)


def test_expired_links_are_deleted(database, settings, monkeypatch):
    issue(database, settings)
    MovingClock(monkeypatch).advance(settings.setup_link_lifetime, seconds=1)
    issue(database, settings)
    with database.transaction(write=False) as db:
        assert db.scalar(select(func.count()).select_from(SetupLink)) == 1


@pytest.mark.parametrize(
    "token", ["", "asl_1_", "asl_1_" + "A" * 43, "asl_999999_" + "A" * 43, "x\0y", "\ud800"]
)
def test_invalid_token_is_rejected(database, settings, token):
    issue(database, settings)
    with pytest.raises(Forbidden):
        complete(database, token)


def test_rejected_form_does_not_consume_the_link(database, settings):
    token = issue(database, settings)
    with pytest.raises(InvalidInput):
        complete(database, token, "")
    assert complete(database, token).username == "root"


def test_parallel_attempts_create_one_administrator(database, settings):
    token = issue(database, settings)

    def attempt(number):
        try:
            return complete(database, token, f"root{number}").username
        except SetupClosed:
            return None

    with ThreadPoolExecutor(12) as threads:
        winners = [name for name in threads.map(attempt, range(12)) if name]
    with database.transaction(write=False) as db:
        assert [user.username for user in user_search.page_of_users(db)[0]] == winners
    assert len(winners) == 1


def test_token_is_not_stored(database, settings):
    token = issue(database, settings)
    with database.transaction(write=False) as db:
        row = db.scalars(select(SetupLink)).one()
    assert token.split("_", 2)[-1].encode() not in bytes(row.digest)
