"""One folder per test run, shared by its worker processes, and things made once per run."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_VARIABLE = "TEST_RUN_FOLDER"


def is_controller(config: pytest.Config) -> bool:
    """True in the process that the developer started, false in its workers."""
    return not hasattr(config, "workerinput")


def begin() -> None:
    """Makes the folder; the workers inherit its name. Its path is short because sockets live in it."""
    path = Path(tempfile.mkdtemp(prefix="authserver-tests-"))
    path.chmod(0o755)  # PostgreSQL refuses to run as root, so its own user must come through here
    os.environ[_VARIABLE] = str(path)


def end() -> None:
    """Removes the folder."""
    shutil.rmtree(os.environ.pop(_VARIABLE), ignore_errors=True)


def folder() -> Path:
    """The run's folder."""
    return Path(os.environ[_VARIABLE])


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Lets one process of the run at a time pass."""
    with (folder() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def once(name: str, make: Callable[[], None]) -> None:
    """Calls `make` in the first process that gets here; the others wait for it."""
    done = folder() / f"{name}.done"
    with lock(name):
        if not done.exists():
            make()
            done.touch()
