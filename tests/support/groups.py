"""Groups of users for the tests, changed as administrators change them."""

from typing import Any

from authserver.context import SYSTEM
from authserver.domain.groups import group_changes, groups
from authserver.domain.groups.groups import Group
from authserver.domain.orm import Database
from authserver.domain.users import users
from authserver.domain.users.users import User


def add(database: Database, name: str, *members: str) -> Group:
    """Create a group with these members."""
    with database.transaction() as db:
        group = group_changes.add(db, SYSTEM, name=name)
        for member in members:
            group_changes.add_member(db, SYSTEM, group, find_user(db, member))
    return group


def join(database: Database, name: str, username: str) -> None:
    """Add a user to a group."""
    with database.transaction() as db:
        group_changes.add_member(db, SYSTEM, groups.get(db, name), find_user(db, username))


def leave(database: Database, name: str, username: str) -> None:
    """Remove a user from a group."""
    with database.transaction() as db:
        group_changes.remove_member(db, SYSTEM, groups.get(db, name), find_user(db, username))


def rename(database: Database, name: str, new_name: str) -> None:
    """Rename a group."""
    with database.transaction() as db:
        group = groups.get(db, name)
        group_changes.edit(db, SYSTEM, group, name=new_name, description="", revision=group.revision)


def set_attributes(database: Database, username: str, **attributes: Any) -> None:
    """Replace the attributes of a user."""
    with database.transaction() as db:
        users.edit_attributes(db, SYSTEM, find_user(db, username), attributes)


def find_user(db: Any, username: str) -> User:
    """Return a user who exists."""
    user = users.find(db, username)
    assert user is not None
    return user
