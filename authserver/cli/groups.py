"""``authserver groups``: create and change groups of users, and their members."""

import click
from sqlalchemy.orm import Session

from authserver.cli import output
from authserver.cli.installation import Installation, actor
from authserver.cli.output import json_option
from authserver.domain.groups import group_changes, groups
from authserver.domain.groups.groups import Group
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import NotFound

_COLUMNS = {"name": "Group", "description": "Description", "members": "Members"}
_PAGE = 1000


@click.group()
def command() -> None:
    """Manage the groups of users. Claims and the access to clients can depend on them."""


@command.command("list")
@json_option
def list_groups() -> None:
    """List the groups by name."""
    with Installation().transaction(write=False) as db:
        rows = [_facts(group) | {"members": members} for group, members in groups.all_groups(db)]
    output.print_list(rows, columns=_COLUMNS, empty_message="There are no groups.")


@command.command()
@click.argument("name", help="The name of the group.")
@json_option
def show(name: str) -> None:
    """Show a group with its members and the clients that refer to it."""
    with Installation().transaction(write=False) as db:
        group = groups.get(db, name)
        facts = _facts(group) | {
            "members": _member_names(db, group),
            "clients": [client.name for client in group_changes.clients_using(db, group.name)],
        }
    output.show(facts)


@command.command()
@click.argument("name", help="The name of the group.")
@click.option("--description", default="", help="What the group is for.")
@json_option
def add(name: str, description: str) -> None:
    """Create a group."""
    with Installation().transaction() as db:
        facts = _facts(group_changes.add(db, actor(), name=name, description=description))
    output.say(f"Created the group {facts['name']}.", facts)


@command.command()
@click.argument("name", help="The name of the group.")
@click.option("--name", "new_name", default=None, help="The new name. It changes the claims of the members.")
@click.option("--description", default=None, help="What the group is for.")
@json_option
def edit(name: str, new_name: str | None, description: str | None) -> None:
    """Change the name or the description of a group. Clients that refer to the group keep their reference."""
    with Installation().transaction() as db:
        group = groups.get(db, name)
        group_changes.edit(
            db,
            actor(),
            group,
            name=group.name if new_name is None else new_name,
            description=group.description if description is None else description,
            revision=group.revision,
        )
        facts = _facts(group)
    output.say(f"Changed the group {facts['name']}.", facts)


@command.command()
@click.argument("name", help="The name of the group.")
@json_option
def remove(name: str) -> None:
    """Remove a group. Fails while clients refer to it."""
    with Installation().transaction() as db:
        group = groups.get(db, name)
        facts = _facts(group)
        group_changes.remove(db, actor(), group)
    output.say(f"Removed the group {facts['name']}.", facts | {"removed": True})


@command.command("add-member")
@click.argument("name", help="The name of the group.")
@click.argument("user_name", metavar="USER", help="The user name.")
@json_option
def add_member(name: str, user_name: str) -> None:
    """Add a user to a group."""
    with Installation().transaction() as db:
        group, user = groups.get(db, name), _get_user(db, user_name)
        is_changed = group_changes.add_member(db, actor(), group, user)
        facts = _membership(group, user, is_changed=is_changed)
    sentence = "is now a member" if is_changed else "was already a member"
    output.say(f"{facts['user']} {sentence} of {facts['group']}.", facts)


@command.command("remove-member")
@click.argument("name", help="The name of the group.")
@click.argument("user_name", metavar="USER", help="The user name.")
@json_option
def remove_member(name: str, user_name: str) -> None:
    """Remove a user from a group."""
    with Installation().transaction() as db:
        group, user = groups.get(db, name), _get_user(db, user_name)
        is_changed = group_changes.remove_member(db, actor(), group, user)
        facts = _membership(group, user, is_changed=is_changed)
    sentence = "is no longer a member" if is_changed else "was not a member"
    output.say(f"{facts['user']} {sentence} of {facts['group']}.", facts)


def _get_user(db: Session, name: str) -> User:
    user = users.find(db, name)
    if user is None:
        raise NotFound(
            f"There is no user with the name {name[:100]}. To list all users, run: authserver users list"
        )
    return user


def _member_names(db: Session, group: Group) -> list[str]:
    names: list[str] = []
    while found := groups.page_of_members(db, group, offset=len(names), limit=_PAGE)[0]:
        names += [user.username for user in found]
    return names


def _facts(group: Group) -> output.Row:
    return group_changes.describe(group)


def _membership(group: Group, user: User, *, is_changed: bool) -> output.Row:
    return {"group": group.name, "user": user.username, "groups": user.group_names, "changed": is_changed}
