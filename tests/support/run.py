"""One folder for each test run, shared by its worker processes, and work that is done once per run."""

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
# The folder in which pytest creates the folders of the tests. `--basetemp FOLDER` overrides it.
_PLACE_OF_TESTS = "PYTEST_DEBUG_TEMPROOT"
_PREFIX = "authserver-tests-"
_OWNER = "owner"
_MEMORY = Path("/dev/shm")
_MIN_FREE_BYTES = 2 * 1024**3


def is_controller(config: pytest.Config) -> bool:
    """Return True in the process that the developer started, False in its workers."""
    return not hasattr(config, "workerinput")


def begin() -> None:
    """Create the folder. The workers inherit its name. Its path is short because it contains sockets."""
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place()))
    (path / _OWNER).write_text(str(os.getpid()))
    path.chmod(0o755)  # PostgreSQL does not run as root, so its own user needs access to this folder.
    os.environ[_VARIABLE] = str(path)
    # The folder of a test contains its database. On a disk, each commit would wait for the disk.
    os.environ.setdefault(_PLACE_OF_TESTS, str(path))


def end() -> None:
    """Remove the folder."""
    if os.environ.get(_PLACE_OF_TESTS) == os.environ[_VARIABLE]:
        del os.environ[_PLACE_OF_TESTS]
    shutil.rmtree(os.environ.pop(_VARIABLE), ignore_errors=True)


def abandoned() -> list[Path]:
    """Return the folders of runs that were killed before they could clean up."""
    found = [path for place in _places() for path in place.glob(f"{_PREFIX}*")]
    return [path for path in found if path.stat().st_uid == os.getuid() and not _is_owned(path)]


def _place() -> Path:
    """Return a folder in memory if there is enough space. Many tests create a database, which has five hundred
    files.
    """
    return next(place for place in _places() if place != _MEMORY or _has_space(place))


def _places() -> list[Path]:
    return [place for place in (_MEMORY, Path(tempfile.gettempdir())) if place.is_dir()]


def _has_space(place: Path) -> bool:
    return os.access(place, os.W_OK) and shutil.disk_usage(place).free > _MIN_FREE_BYTES


def _is_owned(path: Path) -> bool:
    try:
        return psutil.pid_exists(int((path / _OWNER).read_text()))
    except (OSError, ValueError):
        return True  # The run is being created.


def folder() -> Path:
    """Return the folder of the run."""
    return Path(os.environ[_VARIABLE])


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold a lock that only one process of the run can hold at a time."""
    with (folder() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def once(name: str, make: Callable[[], None]) -> None:
    """Call `make` in the first process that calls this. The others wait until it has finished."""
    done = folder() / f"{name}.done"
    with lock(name):
        if not done.exists():
            make()
            done.touch()
