"""Searches for users, and the number of accounts."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from authserver.domain import text_rules
from authserver.domain.users.user_names import canonical_username
from authserver.domain.users.users import User


def page_of_users(
    db: Session, *, search: str = "", offset: int = 0, limit: int = 25
) -> tuple[list[User], int]:
    """Return one page of users sorted by name, and the total number of matches."""
    conditions: list[ColumnElement[bool]] = []
    if search and not text_rules.is_storable(search):
        return [], 0
    if search:
        needle = canonical_username(search)
        searched = (User.username_key, func.lower(User.name), func.lower(User.email))
        conditions.append(or_(*(text.contains(needle, autoescape=True) for text in searched)))
    found = db.scalar(select(func.count()).select_from(User).where(*conditions)) or 0
    rows = db.scalars(select(User).where(*conditions).order_by(User.username_key).offset(offset).limit(limit))
    return list(rows), found


def names_of(db: Session, ids: Collection[int]) -> dict[int, str]:
    """Return the user names of the users with these ids, by id."""
    if not ids:
        return {}
    return {
        row.id: row.username for row in db.execute(select(User.id, User.username).where(User.id.in_(ids)))
    }


def count(db: Session) -> tuple[int, int]:
    """Return the number of accounts that were not erased, and the number of active accounts."""
    active = func.count().filter(User.is_active)
    counts = select(func.count(), active).select_from(User).where(User.erased_at.is_(None))
    total, active_count = db.execute(counts).one()
    return total, active_count


def without_address_key(db: Session) -> list[str]:
    """Return the names of users who cannot sign in with their e-mail address, because another account had it first."""
    rows = select(User.username).where(User.email != "", User.email_key.is_(None))
    return list(db.scalars(rows.order_by(User.username_key)))
