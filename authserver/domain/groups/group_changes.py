"""Changes of groups and of their members, by administrators.

Each change takes effect with the next request on every node. A change of a group's name also changes the copies in the
rows of its members and the clients that refer to the group.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, revisions, text_rules
from authserver.domain.audit import Event
from authserver.domain.clients import clients, user_access
from authserver.domain.clients.clients import Client
from authserver.domain.groups import groups
from authserver.domain.groups.groups import LOCK, Group, GroupMember
from authserver.domain.orm import ROW_LOCK, lock
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import Conflict, InvalidInput, NotFound

_USER_CHANGED = "Someone else changed this account. Review the current version before you decide."
_CHANGED = "Someone else changed this group. Review the current version before you decide."


def add(db: Session, actor: Actor, *, name: str, description: str = "") -> Group:
    """Create a group; raises InvalidInput if the name is invalid or taken."""
    lock(db, LOCK)
    name, description = _clean(name, description)
    _check_free(db, name)
    now = clock.now()
    group = Group(
        name=name,
        name_key=groups.canonical_name(name),
        description=description,
        created_at=now,
        updated_at=now,
    )
    db.add(group)
    db.flush()
    audit.record(db, actor, Event.GROUP_ADD, subject=group, after=describe(group))
    return group


def edit(db: Session, actor: Actor, group: Group, *, name: str, description: str, revision: int) -> None:
    """Change the name and description of a group; raises InvalidInput or Conflict.

    A new name changes the ``groups`` claim of the members, and the clients that refer to the group.
    """
    _lock(db, group)
    revisions.check_revision(group, revision, _CHANGED)
    name, description = _clean(name, description)
    before, old_name = describe(group), group.name
    if groups.canonical_name(name) != group.name_key:
        _check_free(db, name)
    group.name, group.name_key, group.description = name, groups.canonical_name(name), description
    group.updated_at = clock.now()
    revisions.save_revision(db, _CHANGED)
    if name != old_name:
        groups.copy_names(db, _member_ids(db, group))
        _rename_in_clients(db, actor, old_name, name)
    audit.record(db, actor, Event.GROUP_EDIT, subject=group, before=before, after=describe(group))


def remove(db: Session, actor: Actor, group: Group) -> None:
    """Remove a group and its memberships; raises Conflict while clients refer to it."""
    _lock(db, group)
    if using := clients_using(db, group.name):
        names = ", ".join(client.name for client in using[:3])
        more = f" and {len(using) - 3} more" if len(using) > 3 else ""
        raise Conflict(
            f"These clients use the group: {names}{more}. Remove it from their allowed groups and roles first."
        )
    members = _member_ids(db, group)
    before = describe(group) | {"members": len(members)}
    audit.record(db, actor, Event.GROUP_REMOVE, subject=group, before=before)
    db.delete(group)
    db.flush()
    groups.copy_names(db, members)


def add_member(db: Session, actor: Actor, group: Group, user: User) -> bool:
    """Add a user to a group; return False if the user was already a member. Raises Conflict for an erased account."""
    _lock(db, group)
    users.check_current(db, user)
    if groups.is_member(db, group, user):
        return False
    db.add(GroupMember(group_id=group.id, user_id=user.id, added_at=clock.now()))
    _record_membership(db, actor, Event.GROUP_ADD_MEMBER, group, user)
    return True


def remove_member(db: Session, actor: Actor, group: Group, user: User) -> bool:
    """Remove a user from a group; return False if the user was not a member."""
    _lock(db, group)
    row = db.get(GroupMember, (group.id, user.id), populate_existing=True)
    if row is None:
        return False
    db.delete(row)
    _record_membership(db, actor, Event.GROUP_REMOVE_MEMBER, group, user)
    return True


def set_groups(db: Session, actor: Actor, user: User, wanted: Iterable[int], *, revision: int) -> None:
    """Make the user a member of exactly the groups with these ids. Unknown ids are ignored.

    Raises Conflict if ``revision`` is not the current one of the user.
    """
    lock(db, LOCK)
    db.refresh(user)
    revisions.check_revision(user, revision, _USER_CHANGED)
    chosen = set(wanted)
    for group, _ in groups.all_groups(db):
        if group.id in chosen:
            add_member(db, actor, group, user)
        else:
            remove_member(db, actor, group, user)


def forget_user(db: Session, user: User) -> None:
    """Remove the memberships of a user whose account is erased. The caller empties ``group_names``."""
    lock(db, LOCK)
    db.execute(
        delete(GroupMember).where(GroupMember.user_id == user.id).execution_options(synchronize_session=False)
    )


def clients_using(db: Session, name: str) -> list[Client]:
    """Return the clients that refer to the group with this name, sorted by name."""
    # The names are in JSON, which the databases cannot search alike. Administrators change groups rarely.
    found = [client for client in db.scalars(select(Client)) if name in user_access.groups_of(client.details)]
    return sorted(found, key=lambda client: client.name.casefold())


def describe(group: Group) -> dict[str, Any]:
    """Return the values of a group for the audit trail."""
    return {"name": group.name, "description": group.description}


def _lock(db: Session, group: Group) -> None:
    """Wait for other changes, and read the group again; raises NotFound if another transaction has removed it."""
    lock(db, LOCK)
    if db.get(Group, group.id, populate_existing=True) is None:
        raise NotFound("This group does not exist.")


def _record_membership(db: Session, actor: Actor, event: Event, group: Group, user: User) -> None:
    db.flush()
    before = list(user.group_names)
    groups.copy_names(db, [user.id])
    db.refresh(user)
    audit.record(
        db,
        actor,
        event,
        subject=group,
        user_id=user.id,
        before={"groups": before},
        after={"groups": user.group_names},
    )


def _member_ids(db: Session, group: Group) -> list[int]:
    return list(db.scalars(select(GroupMember.user_id).where(GroupMember.group_id == group.id)))


def _rename_in_clients(db: Session, actor: Actor, old: str, new: str) -> None:
    ids = sorted(client.id for client in clients_using(db, old))
    locked = select(Client).where(Client.id.in_(ids)).order_by(Client.id).with_for_update(**ROW_LOCK)
    for client in db.scalars(locked, execution_options={"populate_existing": True}):
        before = clients.describe(client)
        renamed = user_access.with_groups(client.details, {old: new})
        client.details = {**client.details, **{field: list(entries) for field, entries in renamed.items()}}
        clients.touch(client)
        clients.save(db)
        audit.record(
            db, actor, Event.CLIENT_EDIT, subject=client, before=before, after=clients.describe(client)
        )


def _clean(name: str, description: str) -> tuple[str, str]:
    name = text_rules.clean_line("name", "name", name, length=groups.NAME_LENGTH)
    if "=" in name or "," in name:
        raise InvalidInput({"name": "A name cannot contain a comma or an equals sign. Choose another name."})
    return name, text_rules.clean_line("description", "description", description, required=False)


def _check_free(db: Session, name: str) -> None:
    if groups.find(db, name) is not None:
        raise InvalidInput({"name": "This name is taken. Choose another one."})
