"""Gives commands access to the settings, the keys and the database, and turns database errors into messages."""

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
from authserver.domain import audit_chain, orm, schema, vault
from authserver.domain.orm import Database
from authserver.domain.passwords import PasswordHasher
from authserver.domain.users import users
from authserver.domain.vault import Vault
from authserver.settings import Settings

# Foreign keys of other records refer to users, so this model must always be loaded.
NEEDED_RECORDS = (users.User,)


class Installation:
    """The installation that a command works on. The keys and the database are opened on first use."""

    def __init__(self) -> None:
        self.settings: Settings = settings.load()
        logs.configure("warning", "text")

    @cached_property
    def vault(self) -> Vault:
        """The vault with the installation's keys."""
        return vault.load(self.settings)

    @cached_property
    def passwords(self) -> PasswordHasher:
        """The password hasher."""
        return PasswordHasher(self.settings)

    @cached_property
    def database(self) -> Database:
        """The database, at any schema revision."""
        url = self.settings.database_url
        engine = create_engine(url, **orm.engine_options(url, 1))
        click.get_current_context().call_on_close(engine.dispose)
        return Database(engine)

    @contextmanager
    def transaction(self, write: bool = True) -> Iterator[Session]:
        """Open a transaction; raises click.ClickException if the schema is not up to date."""
        self.require_file()
        with explain_database_errors(), self.database.reading() as connection:
            revision = schema.current(connection)
        if revision < schema.newest():
            state = (
                "has no tables yet" if not revision else "has an older schema than this version of authserver"
            )
            raise click.ClickException(f"The database {state}. Run: authserver database migrate")
        with explain_database_errors():
            with self.database.transaction(write) as db:
                yield db
            if write:
                audit_chain.seal(self.database)

    def require_file(self) -> None:
        """Raise click.ClickException if the SQLite file does not exist, before SQLite creates an empty one."""
        file = self.settings.database_file
        if file is not None and not file.exists():
            raise click.ClickException(f"There is no database at {file}. Run: authserver database migrate")


@contextmanager
def explain_database_errors() -> Iterator[None]:
    """Turn database errors into click.ClickException."""
    try:
        yield
    except DBAPIError as error:
        raise click.ClickException(database_error_message(error)) from error


def database_error_message(error: DBAPIError) -> str:
    """Return the message for a database error."""
    reason = (str(error.orig).strip().splitlines() or ["no reason given"])[0]
    return f"The database cannot be used: {reason}. Check AUTHSERVER_DATABASE_URL, or run: authserver doctor"


def actor() -> Actor:
    """Return the actor for the audit trail."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # In a container, the user id may have no name.
        name = "unknown"
    return Actor(name=f"command line ({name})", channel="command")
