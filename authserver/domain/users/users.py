"""User accounts and permissions."""

import secrets
import unicodedata
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, logout_notices, revisions, text_rules
from authserver.domain.audit import Event
from authserver.domain.orm import NEVER_REUSE_IDS, ROW_LOCK, Base, Id, lock
from authserver.domain.users import attributes, profiles
from authserver.errors import Conflict, InvalidInput, NotFound
from authserver.messages import message

USERNAME_LENGTH = 100
_CHANGED = message("Someone else changed this account. Reload the page to see the current version.")


class User(Base):
    """A user. ``epoch`` increases when all existing sessions, tokens and codes of the user must stop working.

    ``revision`` increases with every change that the audit trail records. It is not SQLAlchemy's version counter, which
    would also increase with a sign-in.
    """

    __tablename__ = "users"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), unique=True)
    username: Mapped[str] = mapped_column(String(USERNAME_LENGTH))
    username_key: Mapped[str] = mapped_column(String(USERNAME_LENGTH * 3), unique=True)
    name: Mapped[str] = mapped_column(String(text_rules.NAME_LENGTH), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    email_verified: Mapped[bool] = mapped_column(default=False)
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # The names and values that administrators defined, for custom claims (``attributes``).
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # A copy of the names of the user's groups, which ``domain.groups`` keeps.
    group_names: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(default=True)
    may_configure_server: Mapped[bool] = mapped_column(default=False)
    epoch: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)
    last_sign_in_at: Mapped[datetime | None]

    @property
    def display_name(self) -> str:
        """The name that pages show."""
        return self.name or self.username


def canonical_username(username: str) -> str:
    """Return a user name in the normal form that is used for comparison."""
    return unicodedata.normalize("NFKC", username).casefold().strip()


def find(db: Session, username: str) -> User | None:
    """Return the user with this name in any case and Unicode form, or None."""
    key = canonical_username(username)
    if not key or len(key) > USERNAME_LENGTH * 3 or not text_rules.is_storable(key):
        return None
    return db.scalars(select(User).where(User.username_key == key)).one_or_none()


def get(db: Session, user_id: int) -> User:
    """Return a user by id; raises NotFound."""
    user = db.get(User, user_id)
    if user is None:
        raise NotFound("This user does not exist.")
    return user


def names_of(db: Session, ids: Collection[int]) -> dict[int, str]:
    """Return the user names of the users with these ids, by id."""
    if not ids:
        return {}
    return {
        row.id: row.username for row in db.execute(select(User.id, User.username).where(User.id.in_(ids)))
    }


def add(
    db: Session,
    actor: Actor,
    *,
    username: str,
    password_hash: str | None,
    email: str = "",
    name: str = "",
    may_configure_server: bool = False,
) -> User:
    """Create an account; raises InvalidInput."""
    username = text_rules.clean_line("username", message("user name"), username, length=USERNAME_LENGTH)
    email = _clean_email(email)
    name = text_rules.clean_line("name", message("name"), name, required=False)
    lock(db, "usernames")
    if find(db, username) is not None:
        raise InvalidInput({"username": message("This user name is taken. Choose another one.")})
    now = clock.now()
    user = User(
        subject=secrets.token_urlsafe(16),
        username=username,
        username_key=canonical_username(username),
        name=name,
        email=email,
        profile={},
        password_hash=password_hash,
        may_configure_server=may_configure_server,
        created_at=now,
        updated_at=now,
    )
    db.add(user)
    db.flush()
    audit.record(db, actor, Event.USER_CREATE, subject=user, after=describe(user))
    return user


def edit(
    db: Session, actor: Actor, user: User, *, name: str, email: str, revision: int | None = None
) -> None:
    """Change the name and e-mail address; a new address is unverified.

    Raises InvalidInput, or Conflict if ``revision`` is given and is not the current one.
    """
    if revision is not None:
        # Of two concurrent edits, the second waits here and then sees the change of the first.
        db.refresh(user, with_for_update=ROW_LOCK)
        revisions.check_revision(user, revision, _CHANGED)
    before = describe(user)
    # The current address is not checked again, because the rules may have become stricter since it was accepted.
    email = _clean_email(email) if email != user.email else email
    if name != user.name:
        user.name = text_rules.clean_line("name", message("name"), name, required=False)
    if email != user.email:
        user.email, user.email_verified = email, False
    _record_change(db, actor, user, Event.USER_EDIT, before)


def edit_claims(db: Session, actor: Actor, user: User, changes: dict[str, Any]) -> None:
    """Change the other claims of a user; an empty value removes a claim. Raises InvalidInput.

    A new phone number is unverified, unless the same change sets ``phone_number_verified``.
    """
    before = describe(user)
    profile = profiles.merge_claims(user.profile, changes)
    if profile.get("phone_number") != user.profile.get("phone_number") and profiles.VERIFIED not in changes:
        profile[profiles.VERIFIED] = False
    user.profile = profiles.clean_profile(profile)
    _record_change(db, actor, user, Event.USER_EDIT, before)


def edit_attributes(
    db: Session, actor: Actor, user: User, wanted: dict[str, Any], revision: int | None = None
) -> None:
    """Replace the attributes of a user; raises InvalidInput, or Conflict if ``revision`` is not the current one."""
    db.refresh(user, with_for_update=ROW_LOCK)
    if revision is not None:
        revisions.check_revision(user, revision, _CHANGED)
    before = describe(user)
    user.attributes = attributes.clean_attributes(wanted)
    _record_change(db, actor, user, Event.USER_EDIT, before)


def grant(db: Session, actor: Actor, user: User, *, may_configure_server: bool) -> None:
    """Grant or withdraw the Configure Server permission; raises Conflict for the last administrator."""
    if user.may_configure_server == may_configure_server:
        return
    before = describe(user)
    if not may_configure_server:
        _protect_last_administrator(db, user)
    user.may_configure_server = may_configure_server
    _record_change(db, actor, user, Event.USER_GRANT, before)


def disable(db: Session, actor: Actor, user: User) -> None:
    """Disable an account; its sessions, tokens and codes stop working with the next request on every node."""
    if not user.is_active:
        return
    before = describe(user)
    _protect_last_administrator(db, user)
    user.is_active = False
    logout_notices.add_for_user(db, user.id)
    user.epoch += 1
    _record_change(db, actor, user, Event.USER_DISABLE, before)


def enable(db: Session, actor: Actor, user: User) -> None:
    """Enable an account; earlier sessions and tokens stay invalid."""
    if user.is_active:
        return
    before = describe(user)
    user.is_active = True
    _record_change(db, actor, user, Event.USER_ENABLE, before)


def set_password(
    db: Session, actor: Actor, user: User, password_hash: str, *, keep: int | None = None
) -> None:
    """Replace the password; existing sessions and authorizations stop working.

    ``keep`` is the id of the session that the caller renews, so that its clients are not notified of its end.
    """
    before = describe(user)
    logout_notices.add_for_user(db, user.id, keep=keep)
    user.password_hash = password_hash
    user.epoch += 1
    _record_change(db, actor, user, Event.USER_SET_PASSWORD, before)


def store_rehashed(db: Session, user: User, password_hash: str) -> None:
    """Store a new hash of the same password."""
    db.execute(
        update(User)
        .where(User.id == user.id, User.password_hash == user.password_hash)
        .values(password_hash=password_hash)
    )


def count(db: Session) -> tuple[int, int]:
    """Return the number of accounts and the number of active accounts."""
    active = func.count().filter(User.is_active)
    total, active_count = db.execute(select(func.count(), active).select_from(User)).one()
    return total, active_count


def has_administrator(db: Session) -> bool:
    """Return whether any user has the Configure Server permission."""
    return db.scalar(select(User.id).where(User.may_configure_server).limit(1)) is not None


def has_any(db: Session) -> bool:
    """Return whether any account exists."""
    return db.scalar(select(User.id).limit(1)) is not None


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


def describe(user: User) -> dict[str, Any]:
    """Return the values of a user for the audit trail, without the password."""
    return {
        "username": user.username,
        "name": user.name,
        "email": user.email,
        "claims": user.profile,
        "attributes": attributes.format_attributes(user.attributes),
        "active": user.is_active,
        "may_configure_server": user.may_configure_server,
    }


def _record_change(db: Session, actor: Actor, user: User, event: Event, before: dict[str, Any]) -> None:
    user.updated_at, user.revision = clock.now(), User.revision + 1
    db.flush()
    audit.record(db, actor, event, subject=user, before=before, after=describe(user))


def _protect_last_administrator(db: Session, user: User) -> None:
    lock(db, "administrators")
    others = select(User.id).where(User.may_configure_server, User.is_active, User.id != user.id).limit(1)
    if user.may_configure_server and user.is_active and db.scalar(others) is None:
        raise Conflict(
            f"{user.username} is the last administrator. Grant Configure Server to another user first."
        )


def _clean_email(email: str) -> str:
    email = text_rules.clean_line("email", message("e-mail address"), email, length=254, required=False)
    if email and not text_rules.is_email_address(email):
        raise InvalidInput({"email": message("Enter an e-mail address such as name@example.org.")})
    return email
