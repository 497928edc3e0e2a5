"""Background workers: threads that do a piece of work at intervals, or earlier if somebody wakes them."""

from collections.abc import Callable
from threading import Event, Lock, Thread

from sqlalchemy.exc import SQLAlchemyError

from authserver import logs
from authserver.errors import AuthserverError

log = logs.get("background")


class Worker:
    """Calls a function in a separate thread every ``interval`` seconds, for the first time after ``first_pause``.

    Errors of the database and of this application are logged, and the function is called again after the interval.
    """

    def __init__(
        self, name: str, work: Callable[[], object], interval: float, *, first_pause: float = 0
    ) -> None:
        self._name = name
        self._work = work
        self._interval = interval
        self._first_pause = first_pause
        self._wanted = Event()
        self._starting = Lock()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start the thread, unless it is running. Call this after forking."""
        if self._thread is not None and self._thread.is_alive():
            return
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Make the thread work immediately."""
        self._wanted.set()

    def _run(self) -> None:
        pause = self._first_pause
        while True:
            self._wanted.wait(pause)
            self._wanted.clear()
            try:
                self._work()
            except (SQLAlchemyError, AuthserverError) as error:
                log.warning("background work failed", work=self._name, error=type(error).__name__)
            pause = self._interval
