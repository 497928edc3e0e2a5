"""Groups of users, and who is a member of which group.

The row of a user contains a copy of the names of the user's groups (``User.group_names``), so that the statements that
serve requests read them with the user. Every change takes the lock ``groups`` and updates the copies in the same
transaction. ``group_changes`` contains the changes.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, String, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver.domain import text_rules
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.clients.user_access import ALLOWED_GROUPS, ROLES, group_of_role, groups_of, with_groups
from authserver.domain.orm import NEVER_REUSE_IDS, Base, Id, lock
from authserver.domain.users.user_names import KEY_LENGTH, canonical_username, key_to_find
from authserver.domain.users.users import User
from authserver.errors import InvalidInput, NotFound

NAME_LENGTH = 100
LOCK = "groups"


class Group(Base):
    """A group of users. ``name_key`` makes the name unique in any case."""

    __tablename__ = "groups"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    name_key: Mapped[str] = mapped_column(String(KEY_LENGTH), unique=True)
    description: Mapped[str] = mapped_column(String(text_rules.NAME_LENGTH))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)

    # The mapper increments the revision with every change.
    __mapper_args__ = {"version_id_col": revision}


class GroupMember(Base):
    """The membership of one user in one group."""

    __tablename__ = "group_members"

    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    added_at: Mapped[datetime]


class GroupSize(NamedTuple):
    """A group with the number of its members."""

    group: Group
    members: int


def canonical_name(name: str) -> str:
    """Return the name of a group in the normal form that is used for comparison."""
    return canonical_username(name)


def find(db: Session, name: str) -> Group | None:
    """Return the group with this name in any case, or None."""
    key = key_to_find(name)
    return db.scalars(select(Group).where(Group.name_key == key)).one_or_none() if key else None


def get(db: Session, name: str) -> Group:
    """Return the group with this name in any case; raises NotFound."""
    group = find(db, name)
    if group is None:
        raise NotFound(
            f"There is no group with the name {name[:100]}. To list all groups, run: authserver groups list"
        )
    return group


def get_by_id(db: Session, group_id: int) -> Group:
    """Return a group by id; raises NotFound."""
    group = db.get(Group, group_id)
    if group is None:
        raise NotFound("This group does not exist.")
    return group


def all_groups(db: Session) -> list[GroupSize]:
    """Return all groups with the number of their members, sorted by name."""
    size = (
        select(func.count())
        .select_from(GroupMember)
        .where(GroupMember.group_id == Group.id)
        .scalar_subquery()
    )
    rows = db.execute(select(Group, size).order_by(Group.name_key))
    return [GroupSize(group, members) for group, members in rows]


def is_member(db: Session, group: Group, user: User) -> bool:
    """Return whether the user is a member of the group."""
    return db.get(GroupMember, (group.id, user.id), populate_existing=True) is not None


def page_of_members(db: Session, group: Group, *, offset: int = 0, limit: int = 25) -> tuple[list[User], int]:
    """Return one page of the members sorted by user name, and the number of all members."""
    is_in = GroupMember.group_id == group.id
    count = db.scalar(select(func.count()).select_from(GroupMember).where(is_in)) or 0
    rows = db.scalars(
        select(User)
        .join(GroupMember, GroupMember.user_id == User.id)
        .where(is_in)
        .order_by(User.username_key)
        .offset(offset)
        .limit(limit)
    )
    return list(rows), count


def candidates(db: Session, group: Group, search: str, *, limit: int = 10) -> list[User]:
    """Return users who match a search and are not members of the group."""
    needle = canonical_username(search)
    if not needle or not text_rules.is_storable(search):
        return []
    searched = (User.username_key, func.lower(User.name), func.lower(User.email))
    matches = or_(*(text.contains(needle, autoescape=True) for text in searched))
    member = select(GroupMember.user_id).where(GroupMember.group_id == group.id)
    rows = select(User).where(matches, User.id.not_in(member)).order_by(User.username_key).limit(limit)
    return list(db.scalars(rows))


def known_names(db: Session, names: Iterable[str]) -> dict[str, str]:
    """Return the stored name of each group, by the given name; unknown names are missing."""
    by_key = {canonical_name(name): name for name in names}
    rows = db.execute(select(Group.name_key, Group.name).where(Group.name_key.in_(by_key)))
    return {by_key[key]: name for key, name in rows}


def resolve_names(db: Session, metadata: ClientMetadata, known: Collection[str] = ()) -> ClientMetadata:
    """Return client metadata with the stored names of its groups; raises InvalidInput for a group that does not exist.

    ``known`` are the groups that the client refers to already. They are not looked up.
    """
    new = groups_of(metadata.model_dump(include={ALLOWED_GROUPS, ROLES})).difference(known)
    if not new:
        return metadata
    # A group must not be renamed or removed until this transaction has stored the client.
    lock(db, LOCK)
    found = known_names(db, new)
    errors = {}
    for field in (ALLOWED_GROUPS, ROLES):
        entries = getattr(metadata, field) or ()
        names = entries if field == ALLOWED_GROUPS else map(group_of_role, entries)
        if unknown := [name for name in names if name in new and name not in found]:
            errors[field] = f"There is no group {unknown[0][:100]}. Create it under Users, Groups first."
    if errors:
        raise InvalidInput(errors)
    return metadata.model_copy(update=with_groups(metadata.model_dump(exclude_unset=True), found))


def copy_names(db: Session, user_ids: Collection[int] | None = None) -> None:
    """Copy the names of the groups of some users, or of all, into the rows of these users, in the order of their ids.

    The caller holds the lock ``LOCK``.
    """
    for user_id, names in _names_by_user(db, user_ids).items():
        db.execute(
            update(User)
            .where(User.id == user_id)
            .values(group_names=names, revision=User.revision + 1)
            .execution_options(synchronize_session="fetch")
        )


def users_with_wrong_copy(db: Session) -> list[str]:
    """Return the names of the users whose copy of group names differs from their memberships."""
    wanted = _names_by_user(db, None)
    rows = db.execute(select(User.id, User.username, User.group_names).order_by(User.username_key))
    return [row.username for row in rows if row.group_names != wanted[row.id]]


def _names_by_user(db: Session, user_ids: Collection[int] | None) -> dict[int, list[str]]:
    chosen: list[ColumnElement[bool]] = [] if user_ids is None else [User.id.in_(user_ids)]
    rows = db.execute(
        select(User.id, Group.name)
        .outerjoin(GroupMember, GroupMember.user_id == User.id)
        .outerjoin(Group, Group.id == GroupMember.group_id)
        .where(*chosen)
        .order_by(User.id, Group.name_key)
    )
    found: dict[int, list[str]] = {}
    for user_id, name in rows:
        names = found.setdefault(user_id, [])
        if name is not None:
            names.append(name)
    return found
