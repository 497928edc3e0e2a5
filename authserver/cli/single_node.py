"""A lock file next to the SQLite database, so that only one server at a time uses the database."""

import fcntl
import os
import socket
from pathlib import Path
from typing import IO

from authserver.errors import SettingsError


def acquire_lock(database_file: Path) -> IO[str]:
    """Return the lock, which is held as long as the file is open; raises SettingsError.

    Worker processes inherit the lock. If the master is killed, the lock lasts until the last worker has ended.
    """
    path = database_file.with_name(f"{database_file.name}-serving")
    try:
        lock = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"The directory of the database, {path.parent}, is not writable: {error.strerror}. "
            "Create it, or make it writable for this user."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        with lock:
            raise SettingsError(_in_use_message(database_file, lock)) from error
    lock.truncate(0)
    lock.write(f"process {os.getpid()} on {socket.gethostname()}")
    lock.flush()
    return lock


def lock_holder(database_file: Path) -> str:
    """Return the server that currently uses the database file; an empty string if there is none."""
    path = database_file.with_name(f"{database_file.name}-serving")
    try:
        with path.open(encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return ""
    except OSError:
        return path.read_text(encoding="utf-8")
    return ""


def _in_use_message(database_file: Path, lock: IO[str]) -> str:
    lock.seek(0)
    other = lock.read().strip() or "another process"
    return (
        f"Another server ({other}) uses {database_file}, and SQLite supports only one server. Stop the other server. "
        "If one server is not enough, increase --workers or use PostgreSQL (docs/operations.md)."
    )
