"""User accounts and permissions."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import String, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, logout_notices, revisions, text_rules
from authserver.domain.audit import Event
from authserver.domain.orm import NEVER_REUSE_IDS, ROW_LOCK, Base, Id, lock
from authserver.domain.users import attributes, profiles
from authserver.domain.users.user_names import (
    EMAIL_LENGTH,
    KEY_LENGTH,
    USERNAME_LENGTH,
    canonical_username,
    clean_email,
    clean_username,
    key_to_find,
)
from authserver.errors import Conflict, InvalidInput, NotFound
from authserver.messages import message

_CHANGED = message("Someone else changed this account. Reload the page to see the current version.")


class User(Base):
    """A user. ``epoch`` increases when all existing sessions, tokens and codes of the user must stop working.

    ``revision`` increases with every change that the audit trail records. It is not SQLAlchemy's version counter, which
    would also increase with a sign-in.

    ``username_key`` and ``email_key`` are the names with which the user can sign in. A key belongs to one account, whether
    it is a user name or an address. ``email_key`` is None if the account has no address, or if another account has had
    the same address since before addresses were unique. Such an address is never verified.
    """

    __tablename__ = "users"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), unique=True)
    username: Mapped[str] = mapped_column(String(USERNAME_LENGTH))
    username_key: Mapped[str] = mapped_column(String(KEY_LENGTH), unique=True)
    name: Mapped[str] = mapped_column(String(text_rules.NAME_LENGTH), default="")
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH), default="")
    email_key: Mapped[str | None] = mapped_column(String(KEY_LENGTH), unique=True, index=True)
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
    erased_at: Mapped[datetime | None]

    @property
    def display_name(self) -> str:
        """The name that pages show."""
        return self.name or self.username

    @property
    def is_erased(self) -> bool:
        """Whether the account was erased. It stays in the database without personal data, and cannot be changed."""
        return self.erased_at is not None


def find(db: Session, username: str) -> User | None:
    """Return the user with this name in any case and Unicode form, or None."""
    key = key_to_find(username)
    return db.scalars(select(User).where(User.username_key == key)).one_or_none() if key else None


def find_for_sign_in(db: Session, typed: str) -> User | None:
    """Return the user with this user name or e-mail address, or None. A user name wins over an address."""
    key = key_to_find(typed)
    if not key:
        return None
    matching = select(User).where(or_(User.username_key == key, User.email_key == key))
    return db.scalars(matching.order_by(User.username_key != key).limit(1)).one_or_none()


def find_holder_of_address(db: Session, user: User) -> User | None:
    """Return the account that has the e-mail address of a user without ``email_key``, or None."""
    return find_for_sign_in(db, user.email) if user.email and user.email_key is None else None


def get(db: Session, user_id: int) -> User:
    """Return a user by id; raises NotFound."""
    user = db.get(User, user_id)
    if user is None:
        raise NotFound("This user does not exist.")
    return user


def add(
    db: Session,
    actor: Actor,
    *,
    username: str,
    password_hash: str | None,
    email: str = "",
    email_verified: bool = False,
    name: str = "",
    may_configure_server: bool = False,
) -> User:
    """Create an account; raises InvalidInput."""
    username = clean_username(username)
    email = clean_email(email)
    name = text_rules.clean_line("name", message("name"), name, required=False)
    _check_verifiable(email, email_verified)
    lock(db, "usernames")
    _check_username_is_free(db, username)
    email_key = canonical_username(email) or None
    if email_key and _is_taken(db, email_key):
        raise _address_taken()
    now = clock.now()
    user = User(
        subject=secrets.token_urlsafe(16),
        username=username,
        username_key=canonical_username(username),
        name=name,
        email=email,
        email_key=email_key,
        email_verified=email_verified,
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
    db: Session,
    actor: Actor,
    user: User,
    *,
    name: str,
    email: str,
    email_verified: bool | None = None,
    revision: int | None = None,
) -> None:
    """Change the name and e-mail address. If ``email_verified`` is None, a new address is unverified.

    Raises InvalidInput, or Conflict if ``revision`` is given and is not the current one.
    """
    lock(db, "usernames")
    check_current(db, user, revision)
    before = describe(user)
    # The current address is not checked again, because the rules may have become stricter since it was accepted.
    email = clean_email(email) if email != user.email else email
    _check_verifiable(email, email_verified or False)
    if name != user.name:
        user.name = text_rules.clean_line("name", message("name"), name, required=False)
    _set_email(db, user, email, email_verified)
    if before != describe(user):
        _record_change(db, actor, user, Event.USER_EDIT, before)


def rename(db: Session, actor: Actor, user: User, username: str, *, revision: int | None = None) -> None:
    """Change the user name. The subject, the sessions and the tokens stay.

    Raises InvalidInput, or Conflict if ``revision`` is given and is not the current one.
    """
    lock(db, "usernames")
    check_current(db, user, revision)
    before = describe(user)
    username = clean_username(username)
    _check_username_is_free(db, username, user.id)
    user.username, user.username_key = username, canonical_username(username)
    _record_change(db, actor, user, Event.USER_RENAME, before)


def edit_claims(db: Session, actor: Actor, user: User, changes: dict[str, Any]) -> None:
    """Change the other claims of a user; an empty value removes a claim. Raises InvalidInput.

    A new phone number is unverified, unless the same change sets ``phone_number_verified``.
    """
    check_current(db, user)
    before = describe(user)
    profile = profiles.merge_claims(user.profile, changes)
    if profile.get("phone_number") != user.profile.get("phone_number") and profiles.VERIFIED not in changes:
        profile[profiles.VERIFIED] = False
    if changes.get(profiles.VERIFIED) is True and not profile.get("phone_number"):
        raise InvalidInput({"phone_number": message("Enter the phone number that is verified.")})
    user.profile = profiles.clean_profile(profile)
    _record_change(db, actor, user, Event.USER_EDIT, before)


def edit_attributes(
    db: Session, actor: Actor, user: User, wanted: dict[str, Any], revision: int | None = None
) -> None:
    """Replace the attributes of a user; raises InvalidInput, or Conflict if ``revision`` is not the current one."""
    db.refresh(user, with_for_update=ROW_LOCK)
    check_current(db, user, revision)
    before = describe(user)
    user.attributes = attributes.clean_attributes(wanted)
    _record_change(db, actor, user, Event.USER_EDIT, before)


def grant(db: Session, actor: Actor, user: User, *, may_configure_server: bool) -> None:
    """Grant or withdraw the Configure Server permission; raises Conflict for the last administrator."""
    if user.may_configure_server == may_configure_server:
        return
    check_current(db, user)
    before = describe(user)
    if not may_configure_server:
        _protect_last_administrator(db, user)
    user.may_configure_server = may_configure_server
    _record_change(db, actor, user, Event.USER_GRANT, before)


def disable(db: Session, actor: Actor, user: User) -> None:
    """Disable an account; its sessions, tokens and codes stop working with the next request on every node."""
    if not user.is_active:
        return
    check_current(db, user)
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
    check_current(db, user)
    before = describe(user)
    user.is_active = True
    _record_change(db, actor, user, Event.USER_ENABLE, before)


def set_password(
    db: Session, actor: Actor, user: User, password_hash: str, *, keep: int | None = None
) -> None:
    """Replace the password; existing sessions and authorizations stop working.

    ``keep`` is the id of the session that the caller renews, so that its clients are not notified of its end.
    """
    check_current(db, user)
    before = describe(user)
    logout_notices.add_for_user(db, user.id, keep=keep)
    user.password_hash = password_hash
    user.epoch += 1
    _record_change(db, actor, user, Event.USER_SET_PASSWORD, before)


def anonymize(db: Session, actor: Actor, user: User, *, revision: int | None = None) -> None:
    """Remove all personal data from the row of a user; raises Conflict. Use ``account_erasure.erase``."""
    _protect_last_administrator(db, user)
    lock(db, "usernames")
    db.refresh(user, with_for_update=ROW_LOCK)
    check_current(db, user, revision)
    before = user.username
    logout_notices.add_for_user(db, user.id)
    user.username = user.username_key = _anonymous_name(db, user.id)
    user.name = user.email = ""
    user.email_key, user.email_verified = None, False
    user.profile, user.attributes, user.group_names = {}, {}, []
    user.password_hash = user.last_sign_in_at = None
    user.is_active = user.may_configure_server = False
    user.epoch += 1
    user.erased_at = user.updated_at = clock.now()
    user.revision = User.revision + 1
    db.flush()
    audit.record(
        db,
        actor,
        Event.USER_ERASE,
        subject=user,
        subject_name=before,
        before={"username": before},
        after={"username": user.username},
    )


def store_rehashed(db: Session, user: User, password_hash: str) -> None:
    """Store a new hash of the same password."""
    db.execute(
        update(User)
        .where(User.id == user.id, User.password_hash == user.password_hash)
        .values(password_hash=password_hash)
    )


def has_administrator(db: Session) -> bool:
    """Return whether any user has the Configure Server permission."""
    return db.scalar(select(User.id).where(User.may_configure_server).limit(1)) is not None


def has_any(db: Session) -> bool:
    """Return whether any account exists."""
    return db.scalar(select(User.id).limit(1)) is not None


def describe(user: User) -> dict[str, Any]:
    """Return the values of a user for the audit trail, without the password."""
    return {
        "username": user.username,
        "name": user.name,
        "email": user.email,
        "email_verified": user.email_verified,
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


def check_current(db: Session, user: User, revision: int | None = None) -> None:
    """Raise Conflict if the account was erased, or if ``revision`` is given and is not the current one."""
    if revision is not None:
        # Of two concurrent edits, the second waits here and then sees the change of the first.
        db.refresh(user, with_for_update=ROW_LOCK)
        revisions.check_revision(user, revision, _CHANGED)
    if user.is_erased:
        raise Conflict("This account was erased. It cannot be changed any more.")


def _set_email(db: Session, user: User, email: str, verified: bool | None) -> None:
    key, is_new = canonical_username(email) or None, email != user.email
    if key is None or not _is_taken(db, key, user.id):
        user.email_key = key
    elif is_new or verified:
        raise _address_taken()
    user.email_verified = not is_new and user.email_verified if verified is None else verified
    user.email = email


def _is_taken(db: Session, key: str, user_id: int = 0) -> bool:
    """Return whether a user other than ``user_id`` has this user name or address. The lock "usernames" must be held."""
    others = select(User.id).where(or_(User.username_key == key, User.email_key == key), User.id != user_id)
    return db.scalar(others.limit(1)) is not None


def _check_username_is_free(db: Session, username: str, user_id: int = 0) -> None:
    if _is_taken(db, canonical_username(username), user_id):
        raise InvalidInput({"username": message("This user name is taken. Choose another one.")})


def _anonymous_name(db: Session, user_id: int) -> str:
    name = f"erased-{user_id}"
    return f"{name}-{secrets.token_hex(8)}" if _is_taken(db, name, user_id) else name


def _address_taken() -> InvalidInput:
    # The text does not say whose address it is, because users see it, too.
    return InvalidInput({"email": message("This e-mail address is taken. Enter another one.")})


def _check_verifiable(email: str, verified: bool) -> None:
    if verified and not email:
        raise InvalidInput({"email": message("Enter the e-mail address that is verified.")})
