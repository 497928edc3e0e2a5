"""The test users: alice, bob and charlie are ordinary users, admin has Configure Server. All have the same password."""

from functools import cache

from flask.testing import FlaskClient

from authserver.context import SYSTEM, Actor
from authserver.domain import user_sessions
from authserver.domain.orm import Database
from authserver.domain.passwords import PasswordHasher
from authserver.domain.users import users
from authserver.protocol.services import Services
from authserver.settings import Settings

# The actor of sessions that tests open without the sign-in pages. Its address differs from that of the tests' requests.
ACTOR = Actor(name="tool.example.org", address="203.0.113.9", channel="machine")
NAMES = ("alice", "bob", "charlie", "admin")
PASSWORD = "correct horse battery staple"
FULL_NAMES = {"alice": "Alice Adams", "bob": "Bob Brown", "charlie": "Charlie Clark", "admin": "Ada Admin"}


def add(database: Database, settings: Settings, *names: str) -> dict[str, users.User]:
    """Add these users and return them by user name. `admin` may configure the server."""
    with database.transaction() as db:
        return {
            name: users.add(
                db,
                SYSTEM,
                username=name,
                name=FULL_NAMES[name],
                email=f"{name}@example.org",
                password_hash=_hash(settings.password_hash_memory, settings.password_hash_rounds),
                may_configure_server=name == "admin",
            )
            for name in names
        }


def find(database: Database, *names: str) -> dict[str, users.User]:
    """Return the given users that exist in the database, by user name."""
    with database.transaction(write=False) as db:
        found = {name: users.find(db, name) for name in names}
    return {name: user for name, user in found.items() if user is not None}


def open_session(browser: FlaskClient, services: Services, username: str) -> int:
    """Sign a user in without the sign-in pages: give the browser a valid user session. Return the id of the session."""
    with services.database.transaction() as db:
        user = users.find(db, username)
        assert user is not None
        started = user_sessions.start(
            db, ACTOR, services.settings, user, is_remembered=False, user_agent="tests"
        )
    browser.set_cookie(services.settings.cookie_name("authserver_session"), started.cookie)
    return started.session.id


@cache
def _hash(memory: int, rounds: int) -> str:
    return PasswordHasher(Settings(password_hash_memory=memory, password_hash_rounds=rounds)).hash(PASSWORD)
