"""The cleanup thread of each worker. Several workers may run the cleanup at the same time."""

import secrets
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from authserver import logs
from authserver.domain import cleanup
from authserver.domain.background import Worker
from authserver.protocol.services import Services

log = logs.get("housekeeping")


def start(services: Services) -> None:
    """Start the cleanup thread, unless the setting ``cleanup_interval`` is 0."""
    if services.settings.cleanup_interval:
        interval = services.settings.cleanup_interval.total_seconds()
        # The first pause is random, so that workers that start together do not all clean up at the same time.
        pause = interval * secrets.randbelow(1000) / 1000
        Worker("housekeeping", partial(clean, services), interval, first_pause=pause).start()


def clean(services: Services) -> int:
    """Delete expired rows and return their number. A database error is logged, and the next cleanup tries again."""
    try:
        count = sum(count for _, count in cleanup.purge(services.database, services.settings))
    except SQLAlchemyError as error:
        log.warning("cleanup failed", error=type(error).__name__, detail=str(error)[:300])
        return 0
    if count:
        log.info("cleanup", deleted=count)
    return count
