"""One folder per test run, shared by its worker processes, and things made once per run."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

_VARIABLE = "TEST_RUN_FOLDER"
# Where pytest makes the folders of single tests; with `--basetemp FOLDER` they are elsewhere, and stay when a test fails.
_PLACE_OF_TESTS = "PYTEST_DEBUG_TEMPROOT"
_PREFIX = "authserver-tests-"
_OWNER = "owner"
_MEMORY = Path("/dev/shm")
_ROOM = 2 * 1024**3


def is_controller(config: pytest.Config) -> bool:
    """True in the process that the developer started, false in its workers."""
    return not hasattr(config, "workerinput")


def begin() -> None:
    """Makes the folder; the workers inherit its name. Its path is short because sockets live in it."""
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place()))
    (path / _OWNER).write_text(str(os.getpid()))
    path.chmod(0o755)  # PostgreSQL refuses to run as root, so its own user must come through here
    os.environ[_VARIABLE] = str(path)
    # A test's database is in its folder, and each of its commits waits for the disk where that is on one.
    os.environ.setdefault(_PLACE_OF_TESTS, str(path))


def end() -> None:
    """Removes the folder."""
    if os.environ.get(_PLACE_OF_TESTS) == os.environ[_VARIABLE]:
        del os.environ[_PLACE_OF_TESTS]
    shutil.rmtree(os.environ.pop(_VARIABLE), ignore_errors=True)


def abandoned() -> list[Path]:
    """The folders of runs that were killed before they could clean up."""
    found = [path for place in _places() for path in place.glob(f"{_PREFIX}*")]
    return [path for path in found if path.stat().st_uid == os.getuid() and not _is_owned(path)]


def _place() -> Path:
    """Memory where there is plenty: a database is five hundred files, and every second test makes and drops one."""
    return next(place for place in _places() if place != _MEMORY or _has_room(place))


def _places() -> list[Path]:
    return [place for place in (_MEMORY, Path(tempfile.gettempdir())) if place.is_dir()]


def _has_room(place: Path) -> bool:
    return os.access(place, os.W_OK) and shutil.disk_usage(place).free > _ROOM


def _is_owned(path: Path) -> bool:
    try:
        return psutil.pid_exists(int((path / _OWNER).read_text()))
    except (OSError, ValueError):
        return True  # it is being made at this moment


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
