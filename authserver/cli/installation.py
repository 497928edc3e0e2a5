"""How commands reach the records: the settings, the keys and one transaction each, with sentences for what is missing."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import click
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from authserver import logs, settings
from authserver.context import Actor
from authserver.domain import orm, schema
from authserver.domain.keys import vault
from authserver.domain.keys.vault import Vault
from authserver.domain.orm import Database
from authserver.domain.users import users
from authserver.domain.users.passwords import PasswordHasher
from authserver.settings import Settings

# Other records point to users, so that they must be known whichever noun a command is about.
NEEDED_RECORDS = (users.User,)


class Installation:
    """One installation as its operator sees it; nothing is opened before it is needed."""

    def __init__(self) -> None:
        self.settings: Settings = settings.load()
        logs.configure("warning", "text")

    @cached_property
    def vault(self) -> Vault:
        """The installation's own keys."""
        return vault.load(self.settings)

    @cached_property
    def passwords(self) -> PasswordHasher:
        """The hasher."""
        return PasswordHasher(self.settings)

    @cached_property
    def database(self) -> Database:
        """The database, whatever shape its tables have."""
        url = self.settings.database_url
        engine = create_engine(url, **orm.engine_options(url, 1))
        click.get_current_context().call_on_close(engine.dispose)
        return Database(engine)

    @contextmanager
    def transaction(self, write: bool = True) -> Iterator[Session]:
        """Open a transaction on a database whose tables are up to date; raises click.ClickException."""
        self.refuse_missing_file()
        with explained(), self.database.reading() as connection:
            revision = schema.current(connection)
        if revision < schema.newest():
            state = "has no tables yet" if not revision else "is older than this version of authserver"
            raise click.ClickException(f"The database {state}. Run: authserver database migrate")
        with explained(), self.database.transaction(write) as db:
            yield db

    def refuse_missing_file(self) -> None:
        """Stop before SQLite makes an empty database out of a mistyped name."""
        file = self.settings.database_file
        if file is not None and not file.exists():
            raise click.ClickException(f"There is no database at {file}. Run: authserver database migrate")


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a database driver raises into a sentence."""
    try:
        yield
    except DBAPIError as error:
        raise click.ClickException(unreachable(error)) from error


def unreachable(error: DBAPIError) -> str:
    """Return the sentence about a database that does not answer or does not let us."""
    reason = (str(error.orig).strip().splitlines() or ["no reason given"])[0]
    return f"The database cannot be used: {reason}. Check AUTHSERVER_DATABASE_URL (authserver doctor tells more)."


def actor() -> Actor:
    """Return who acts, as the audit trail names them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that no account stands for.
        name = "unknown"
    return Actor(name=f"command line ({name})", channel="command")
