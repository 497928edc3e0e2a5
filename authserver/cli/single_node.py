"""One node only on SQLite: whoever serves a database file holds a lock beside it, and a second server is refused."""

import fcntl
import os
import socket
from pathlib import Path
from typing import IO

from authserver.errors import SettingsError


def claim(database_file: Path) -> IO[str]:
    """Return the lock, which lasts as long as the file is open anywhere; raises SettingsError.

    Worker processes inherit it, so that it outlives a master that was killed until the last of them is gone.
    """
    path = database_file.with_name(f"{database_file.name}-serving")
    try:
        lock = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"The directory of the database, {path.parent}, cannot be written: {error.strerror}. "
            "Create it, or give this user the right to write it."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        with lock:
            raise SettingsError(_sentence(database_file, lock)) from error
    lock.truncate(0)
    lock.write(f"process {os.getpid()} on {socket.gethostname()}")
    lock.flush()
    return lock


def holder(database_file: Path) -> str:
    """Return who serves the database file at this moment, empty when nobody does."""
    path = database_file.with_name(f"{database_file.name}-serving")
    try:
        with path.open(encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return ""
    except OSError:
        return path.read_text(encoding="utf-8")
    return ""


def _sentence(database_file: Path, lock: IO[str]) -> str:
    lock.seek(0)
    other = lock.read().strip() or "another process"
    return (
        f"Another server ({other}) serves {database_file}, and SQLite is for one node. Stop it, give one server more "
        "--workers, or move to PostgreSQL (docs/operations.md)."
    )
