"""Preparation before the first request: tables, signing keys and the setup link for the first administrator.

If the database is not reachable, the server starts and retries in the background. If the database is reachable but not
usable, the server does not start.
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

Report = Callable[[str], None]


class NotReachable(Exception):
    """The database is not reachable. The message is the reason that the driver gives."""


def prepare(services: Services, *, migrates: bool, report: Report) -> str | None:
    """Prepare the installation. Return the setup link if there is no administrator yet.

    Raises NotReachable, or SettingsError if a retry cannot help.
    """
    try:
        if migrates:
            schema.migrate(
                services.database, lambda revision: report(f"Migrated the database to {revision}.")
            )
        if not schema.is_current(services.database):
            report(
                "The database schema is older than this version of authserver. Run: authserver database migrate"
            )
            return None
        health.check_writable(services.database)
        services.key_ring.current()
        return _setup_link(services)
    except DBAPIError as error:
        reason = (str(error.orig).strip().splitlines() or ["no reason given"])[0]
        if isinstance(error, OperationalError) and not services.database.is_sqlite:
            raise NotReachable(reason) from error
        raise SettingsError(_not_writable(services, reason)) from error


def keep_preparing(
    services: Services, *, migrates: bool, report: Report, on_setup_link: Callable[[str], None]
) -> None:
    """Retry in the background until the database is ready. Call ``on_setup_link`` if there is no administrator yet."""
    threading.Thread(
        target=_try_until_ready,
        args=(services, migrates, report, on_setup_link),
        name="bootstrap",
        daemon=True,
    ).start()


def _try_until_ready(
    services: Services, migrates: bool, report: Report, on_setup_link: Callable[[str], None]
) -> None:
    pause = threading.Event()
    while True:
        try:
            link = prepare(services, migrates=migrates, report=report)
        except NotReachable as error:
            log.info("waiting for the database", reason=str(error))
        except SettingsError as error:
            log.warning("the database cannot be used", reason=str(error))
        else:
            log.info("the database is ready")
            if link:
                on_setup_link(link)
            return
        pause.wait(_RETRY_SECONDS)


def _setup_link(services: Services) -> str | None:
    with services.database.transaction() as db:
        token = setup.issue(db, services.settings)
    return token and f"{services.settings.url(EndpointPath.SETUP)}?token={token}"


def _not_writable(services: Services, reason: str) -> str:
    place = services.settings.database_file or services.database.engine.url.render_as_string(
        hide_password=True
    )
    fix = "Grant the database user the privileges to write to it."
    if services.database.is_sqlite:
        fix = "Make the file and its directory writable for this user."
    return f"The database {place} is not writable: {reason}. {fix}"
