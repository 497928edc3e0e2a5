"""What must be done before the first request: tables, signing keys, and the link for the first administrator.

A database that does not answer yet is waited for while the server is up; one that answers but cannot be used stops the
start with a sentence.
"""

import threading
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError, OperationalError

from authserver import logs
from authserver.domain import health, schema
from authserver.domain.users import setup
from authserver.errors import SettingsError
from authserver.protocol.services import Services
from authserver.vocabulary import EndpointPath

_RETRY_SECONDS = 1

log = logs.get("bootstrap")

Tell = Callable[[str], None]


class NotReachable(Exception):
    """The database does not answer; the text is its reason."""


def prepare(services: Services, *, migrates: bool, tell: Tell) -> str | None:
    """Make the installation ready and return the setup link, if an administrator is still to be made.

    Raises NotReachable, or SettingsError for what waiting does not mend.
    """
    try:
        if migrates:
            schema.migrate(services.database, lambda revision: tell(f"Migrated the database to {revision}."))
        if not schema.is_current(services.database):
            tell("The database is older than this version of authserver. Run: authserver database migrate")
            return None
        health.check_writable(services.database)
        services.key_ring.current()
        return _setup_link(services)
    except DBAPIError as error:
        reason = (str(error.orig).strip().splitlines() or ["no reason given"])[0]
        if isinstance(error, OperationalError) and not services.database.is_sqlite:
            raise NotReachable(reason) from error
        raise SettingsError(_refusal(services, reason)) from error


def keep_preparing(services: Services, *, migrates: bool, tell: Tell, found: Callable[[str], None]) -> None:
    """Try again in the background until the database is there; ``found`` gets the setup link."""
    threading.Thread(
        target=_try_until_ready, args=(services, migrates, tell, found), name="bootstrap", daemon=True
    ).start()


def _try_until_ready(services: Services, migrates: bool, tell: Tell, found: Callable[[str], None]) -> None:
    pause = threading.Event()
    while True:
        try:
            link = prepare(services, migrates=migrates, tell=tell)
        except NotReachable as error:
            log.info("waiting for the database", reason=str(error))
        except SettingsError as error:
            log.warning("the database cannot be used", reason=str(error))
        else:
            log.info("the database is ready")
            if link:
                found(link)
            return
        pause.wait(_RETRY_SECONDS)


def _setup_link(services: Services) -> str | None:
    with services.database.transaction() as db:
        token = setup.issue(db, services.settings)
    return token and f"{services.settings.url(EndpointPath.SETUP)}?token={token}"


def _refusal(services: Services, reason: str) -> str:
    place = services.settings.database_file or services.database.engine.url.render_as_string(
        hide_password=True
    )
    return f"The database {place} cannot be written: {reason}. Give this user the right to write it, its directory included."
