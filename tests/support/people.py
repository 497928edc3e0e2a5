"""The fixed test people: alice, bob and charlie are ordinary, admin has Configure Server. All have one password."""

from functools import cache

from authserver.context import SYSTEM
from authserver.domain.orm import Database
from authserver.domain.users import users
from authserver.domain.users.passwords import PasswordHasher
from authserver.settings import Settings

PASSWORD = "correct horse battery staple"
FULL_NAMES = {"alice": "Alice Adams", "bob": "Bob Brown", "charlie": "Charlie Clark", "admin": "Ada Admin"}


def add(database: Database, settings: Settings, *names: str) -> dict[str, users.User]:
    """Makes these people and returns them by user name; `admin` may configure the server."""
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


@cache
def _hash(memory: int, rounds: int) -> str:
    return PasswordHasher(Settings(password_hash_memory=memory, password_hash_rounds=rounds)).hash(PASSWORD)
