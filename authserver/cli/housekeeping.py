"""Deletes what is over while the server runs, in each worker from time to time; two at once do no harm."""

import secrets
import threading

from sqlalchemy.exc import SQLAlchemyError

from authserver import logs
from authserver.domain import cleanup
from authserver.protocol.services import Services

log = logs.get("housekeeping")


def start(services: Services) -> None:
    """Begin, unless the settings leave it to ``authserver database purge``."""
    if services.settings.cleanup_interval:
        threading.Thread(target=_run, args=(services,), name="housekeeping", daemon=True).start()


def clean(services: Services) -> int:
    """Delete what is over and return how many rows went; a database that is away is left for the next time."""
    try:
        count = sum(count for _, count in cleanup.purge(services.database, services.settings))
    except SQLAlchemyError as error:
        log.warning("clean-up was interrupted", error=type(error).__name__, detail=str(error)[:300])
        return 0
    if count:
        log.info("clean-up", deleted=count)
    return count


def _run(services: Services) -> None:
    interval = services.settings.cleanup_interval.total_seconds()
    # The workers of all nodes were started together; they need not all clean at the same moment.
    pause = interval * secrets.randbelow(1000) / 1000
    stop = threading.Event()
    while not stop.wait(pause):
        clean(services)
        pause = interval
