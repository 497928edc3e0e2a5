"""``authserver users``: create and change users."""

import sys
from pathlib import Path

import click
from sqlalchemy.orm import Session

from authserver.cli import output, secret_input
from authserver.cli.installation import Installation, actor
from authserver.cli.output import json_option
from authserver.domain import account_erasure, account_export, user_sessions
from authserver.domain.users import attributes, profiles, second_factors, user_search, users
from authserver.domain.users.sign_in_limits import SignInLimits
from authserver.domain.users.users import User
from authserver.errors import NotFound
from authserver.vocabulary import CONFIGURE_SERVER

_PAGE = 1000
_PERMISSION = click.Choice([CONFIGURE_SERVER])


@click.group()
def command() -> None:
    """Manage users."""


@command.command()
@click.argument("name", help="The user name.")
@click.option("--email", default="", help="The e-mail address.")
@click.option("--email-verified", is_flag=True, help="Mark the address as verified.")
@click.option("--name", "full_name", default="", help="The full name, shown to applications.")
@click.option("--grant", "grants", multiple=True, type=_PERMISSION, help="Grant a permission.")
@secret_input.options("password")
@json_option
def add(
    name: str,
    email: str,
    email_verified: bool,
    full_name: str,
    grants: tuple[str, ...],
    password_stdin: bool,
    password_file: Path | None,
) -> None:
    """Create a user. Prompts for the password unless an option specifies its source."""
    installation = Installation()
    password_hash = _new_hash(installation, name, password_stdin, password_file)
    with installation.transaction() as db:
        user = users.add(
            db,
            actor(),
            username=name,
            email=email,
            email_verified=email_verified,
            name=full_name,
            password_hash=password_hash,
            may_configure_server=CONFIGURE_SERVER in grants,
        )
        facts = _facts(db, user)
    output.say(f"Created the user {user.username}.", facts)


@command.command("list")
@click.option("--search", default="", help="Filter by user name, name or e-mail address.")
@json_option
def list_users(search: str) -> None:
    """List the users by name."""
    rows: list[output.Row] = []
    with Installation().transaction(write=False) as db:
        while len(found := user_search.page_of_users(db, search=search, offset=len(rows), limit=_PAGE)[0]):
            enrolled = second_factors.enrolled_among(db, [user.id for user in found])
            rows += [_row(user, has_second_factor=user.id in enrolled) for user in found]
    columns = {
        "username": "User name",
        "name": "Name",
        "email": "E-mail",
        "active": "Active",
        "configure_server": "Configure Server",
        "second_factor": "Second factor",
        "last_sign_in_at": "Last sign-in",
    }
    output.print_list(rows, columns=columns, empty_message="There are no users.")


@command.command()
@click.argument("name", help="The user name.")
@click.option("--name", "full_name", default=None, help="The full name, shown to applications.")
@click.option("--email", default=None, help="The e-mail address. A changed address becomes unverified.")
@click.option(
    "--email-verified/--no-email-verified", default=None, help="Whether the e-mail address is verified."
)
@click.option(
    "--claim",
    "claims",
    multiple=True,
    metavar="NAME=VALUE",
    help="A standard claim, such as given_name=Alice, address.country=DE or phone_number_verified=true. "
    "An empty value removes the claim.",
)
@click.option(
    "--attribute",
    "attribute_lines",
    multiple=True,
    metavar="NAME=VALUE",
    help="An attribute for custom claims. NAME[]=VALUE adds to a list. An empty value removes the attribute.",
)
@json_option
def edit(
    name: str,
    full_name: str | None,
    email: str | None,
    email_verified: bool | None,
    claims: tuple[str, ...],
    attribute_lines: tuple[str, ...],
) -> None:
    """Change the name, the e-mail address, claims or attributes of a user. Values that you do not set stay unchanged."""
    changes = dict(profiles.parse_claim(claim) for claim in claims)
    changed_attributes = attributes.parse_attributes(attribute_lines)
    with Installation().transaction() as db:
        user = _get(db, name)
        if (full_name, email, email_verified) != (None, None, None):
            users.edit(
                db,
                actor(),
                user,
                name=user.name if full_name is None else full_name,
                email=user.email if email is None else email,
                email_verified=email_verified,
            )
        if changes:
            users.edit_claims(db, actor(), user, changes)
        if changed_attributes:
            users.edit_attributes(db, actor(), user, {**user.attributes, **changed_attributes})
        facts = _facts(db, user)
    output.say(f"Changed {user.username}.", facts)


@command.command()
@click.argument("name", help="The user name.")
@click.argument("new_name", help="The new user name.")
@json_option
def rename(name: str, new_name: str) -> None:
    """Change the user name of a user. The subject, the sessions and the tokens stay the same."""
    with Installation().transaction() as db:
        user = _get(db, name)
        old_name = user.username
        users.rename(db, actor(), user, new_name)
        facts = _facts(db, user)
    output.say(f"Renamed {old_name} to {user.username}.", facts)


@command.command()
@click.argument("name", help="The user name.")
@click.option("--yes", "is_confirmed", is_flag=True, help="Do not ask for confirmation.")
@json_option
def erase(name: str, is_confirmed: bool) -> None:
    """Erase a user permanently: remove all personal data from the account, which can never be used again.

    The sessions and tokens stop working. The audit trail and the clients that the user registered stay.
    """
    installation = Installation()
    with installation.transaction(write=False) as db:
        old_name = _get(db, name).username
    typed_name = None if is_confirmed else _ask_for_name(old_name)
    with installation.transaction() as db:
        user = _get(db, name)
        account_erasure.erase(db, actor(), user, typed_name=typed_name)
        facts = _facts(db, user)
    output.say(f"Erased {old_name}. The account is now called {user.username}.", facts)


@command.command()
@click.argument("name", help="The user name.")
@json_option
def export(name: str) -> None:
    """Print all data about a user as JSON, without secrets: for example to answer a request of the user."""
    with Installation().transaction() as db:
        data = account_export.export(db, actor(), _get(db, name))
    output.print_json(data)


@command.command()
@click.argument("name", help="The user name.")
@json_option
def disable(name: str) -> None:
    """Disable a user. The user's sessions and tokens stop working immediately."""
    with Installation().transaction() as db:
        user = _get(db, name)
        users.disable(db, actor(), user)
        facts = _facts(db, user)
    output.say(f"Disabled {user.username}. All sessions and tokens of this user stopped working.", facts)


@command.command()
@click.argument("name", help="The user name.")
@json_option
def enable(name: str) -> None:
    """Enable a user. Earlier sessions and tokens are not restored."""
    with Installation().transaction() as db:
        user = _get(db, name)
        users.enable(db, actor(), user)
        facts = _facts(db, user)
    output.say(f"Enabled {user.username}.", facts)


@command.command()
@click.argument("name", help="The user name.")
@click.argument("permission", type=_PERMISSION, help="The permission.")
@json_option
def grant(name: str, permission: str) -> None:
    """Grant a permission to a user."""
    with Installation().transaction() as db:
        user = _get(db, name)
        users.grant(db, actor(), user, may_configure_server=permission == CONFIGURE_SERVER)
        facts = _facts(db, user)
    output.say(f"{user.username} can configure the server.", facts)


@command.command()
@click.argument("name", help="The user name.")
@click.argument("permission", type=_PERMISSION, help="The permission.")
@json_option
def revoke(name: str, permission: str) -> None:
    """Revoke a permission from a user. Fails for the last administrator."""
    with Installation().transaction() as db:
        user = _get(db, name)
        users.grant(db, actor(), user, may_configure_server=permission != CONFIGURE_SERVER)
        facts = _facts(db, user)
    output.say(f"{user.username} can no longer configure the server.", facts)


@command.command("set-password")
@click.argument("name", help="The user name.")
@secret_input.options("password")
@json_option
def set_password(name: str, password_stdin: bool, password_file: Path | None) -> None:
    """Set a new password. The user's sessions and tokens stop working."""
    installation = Installation()
    password_hash = _new_hash(installation, name, password_stdin, password_file)
    with installation.transaction() as db:
        user = _get(db, name)
        users.set_password(db, actor(), user, password_hash)
        facts = _facts(db, user)
    output.say(f"{user.username} has a new password and must sign in again everywhere.", facts)


@command.command("reset-second-factor")
@click.argument("name", help="The user name.")
@json_option
def reset_second_factor(name: str) -> None:
    """Remove the authenticator app and the recovery codes of a user who has lost them."""
    with Installation().transaction() as db:
        user = _get(db, name)
        had_one = user_sessions.remove_second_factor(db, actor(), user)
        facts = _facts(db, user) | {"removed": had_one}
    sentence = (
        "now signs in with the password only." if had_one else "has no second factor. Nothing was changed."
    )
    output.say(f"{user.username} {sentence}", facts)


@command.command()
@click.argument("name", help="The user name.")
@json_option
def unlock(name: str) -> None:
    """Lift the sign-in limit of a user, after too many wrong passwords or codes for the account."""
    installation = Installation()
    with installation.transaction() as db:
        user = _get(db, name)
        is_lifted = SignInLimits(installation.settings, installation.vault).lift(db, actor(), user)
        facts = _facts(db, user) | {"lifted": is_lifted}
    sentence = (
        "can try to sign in again." if is_lifted else "has not reached a sign-in limit. Nothing was changed."
    )
    output.say(f"{user.username} {sentence}", facts)


def _new_hash(installation: Installation, name: str, stdin: bool, file: Path | None) -> str:
    # Hashing is slow, so no transaction may be open here.
    password = secret_input.read_secret("password", stdin, file)
    installation.passwords.check_new(password, username=name)
    return installation.passwords.hash(password)


def _ask_for_name(name: str) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal for a confirmation. Use --yes.")
    return str(click.prompt(f"Type the user name to erase {name} permanently", err=True))


def _get(db: Session, name: str) -> User:
    user = users.find(db, name)
    if user is None:
        raise NotFound(
            f"There is no user with the name {name[:100]}. To list all users, run: authserver users list"
        )
    return user


def _facts(db: Session, user: User) -> output.Row:
    return _row(user, has_second_factor=second_factors.is_enrolled(db, user.id))


def _row(user: User, *, has_second_factor: bool) -> output.Row:
    return {
        "username": user.username,
        "subject": user.subject,
        "name": user.name,
        "email": user.email,
        "email_verified": user.email_verified,
        "claims": user.profile,
        "attributes": user.attributes,
        "groups": user.group_names,
        "active": user.is_active,
        "configure_server": user.may_configure_server,
        "second_factor": has_second_factor,
        "created_at": user.created_at,
        "erased_at": user.erased_at,
        "last_sign_in_at": user.last_sign_in_at,
    }
