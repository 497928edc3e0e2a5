"""User sessions: only one request replaces a cookie, and the end of a session revokes its authorizations."""

from sqlalchemy import select

from authserver.context import SYSTEM
from authserver.domain import user_sessions
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.user_sessions import UserSession
from authserver.domain.users.users import User
from tests.support.relying_party import RelyingParty, register


def test_cookie_is_replaced_only_once(database, settings, sample_users):
    with database.transaction() as db:
        alice = db.get_one(User, sample_users["alice"].id)
        started = user_sessions.start(db, SYSTEM, settings, alice, is_remembered=False, user_agent="")
    stale = started.session
    with database.transaction() as db:
        alice = db.get_one(User, stale.user_id)
        first = user_sessions.renew(db, SYSTEM, settings, stale, alice, is_remembered=False)
        assert user_sessions.find_open(db, first.cookie) is not None
    with database.transaction() as db:
        alice = db.get_one(User, stale.user_id)
        assert user_sessions.renew(db, SYSTEM, settings, stale, alice, is_remembered=False) is None
        assert user_sessions.find_open(db, first.cookie) is not None


def test_end_revokes_authorizations_without_offline_access(app, services, database, sample_users):
    online = RelyingParty(app, *register(services))
    offline = RelyingParty(app, *register(services, name="Offline"))
    offline.browser = online.browser
    online.redeem(online.code(scope="openid"))
    offline.redeem(offline.code(scope="openid offline_access", prompt="consent"))
    with database.transaction() as db:
        user_sessions.end(db, SYSTEM, db.scalars(select(UserSession)).one())
    with database.transaction(write=False) as db:
        revoked = {row.is_offline: row.revoked_at is not None for row in db.scalars(select(Authorization))}
    assert revoked == {False: True, True: False}
