"""Which users may use a client, and their roles there: the metadata ``allowed_groups`` and ``roles``.

Both refer to groups by name. A change of a group's name changes them, too (``domain.groups.group_changes``).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from authserver.domain import text_rules
from authserver.errors import InvalidInput

ALLOWED_GROUPS, ROLES = "allowed_groups", "roles"
MAX_ALLOWED_GROUPS = 100
MAX_ROLES = 200
_NAME_LENGTH = 100


def allowed_groups_error(names: Iterable[str]) -> str | None:
    """Return why a list of groups is invalid, or None."""
    return next((error for name in names if (error := _name_error("group", name))), None)


def roles_error(entries: Iterable[str]) -> str | None:
    """Return why a list of roles is invalid, or None."""
    for entry in entries:
        role, equals, group = entry.partition("=")
        if not equals:
            return f"Write each role as ROLE=GROUP, for example editor=Engineering, not {entry[:60]}."
        if error := _name_error("role", role) or _name_error("group", group):
            return error
    return None


def group_of_role(entry: str) -> str:
    """Return the group of an entry ``ROLE=GROUP``."""
    return entry.partition("=")[2]


def allows(details: Mapping[str, Any], group_names: Collection[str]) -> bool:
    """Return whether a member of these groups may use the client. A client without allowed groups is open to everyone."""
    allowed = details.get(ALLOWED_GROUPS)
    return not allowed or not set(allowed).isdisjoint(group_names)


def roles_of(details: Mapping[str, Any], group_names: Collection[str]) -> list[str]:
    """Return the roles of a member of these groups at the client, sorted."""
    pairs = (entry.partition("=") for entry in details.get(ROLES) or ())
    return sorted({role for role, _, group in pairs if group in group_names})


def groups_of(details: Mapping[str, Any]) -> set[str]:
    """Return the names of all groups that the metadata refers to."""
    return {*(details.get(ALLOWED_GROUPS) or ()), *map(group_of_role, details.get(ROLES) or ())}


def with_groups(details: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields with the names of groups replaced. ``names`` contains the new name of each group to replace."""
    found: dict[str, Any] = {}
    if allowed := details.get(ALLOWED_GROUPS):
        found[ALLOWED_GROUPS] = tuple(dict.fromkeys(names.get(name, name) for name in allowed))
    if roles := details.get(ROLES):
        pairs = (entry.partition("=") for entry in roles)
        found[ROLES] = tuple(dict.fromkeys(f"{role}={names.get(name, name)}" for role, _, name in pairs))
    return found


def _name_error(label: str, name: str) -> str | None:
    try:
        cleaned = text_rules.clean_line(label, label, name, length=_NAME_LENGTH)
    except InvalidInput as error:
        return str(error.fields[label])
    return None if cleaned == name else f"Remove the spaces around the {label} {cleaned}."
