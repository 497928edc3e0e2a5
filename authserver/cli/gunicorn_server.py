"""Gunicorn as this product runs it: its settings, its log lines in our form, and what happens when a worker starts."""

import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

_HEARTBEATS = Path("/dev/shm")  # noqa: S108 - empty files without names; a disk would make workers wait
_SETTINGS: dict[str, Any] = {
    "worker_class": "gthread",
    "preload_app": True,
    "proc_name": "authserver",
    # A proxy drops idle connections after 60 s or so; we must not be the one that closes them under its hands.
    "keepalive": 75,
    "timeout": 30,
    "graceful_timeout": 20,
    "worker_connections": 1000,
    "limit_request_line": 8190,
    "limit_request_fields": 64,
    "limit_request_field_size": 8190,
    # Who we are and who asks is decided by our settings; gunicorn shall not read it from headers as well.
    "forwarded_allow_ips": "",
    "secure_scheme_headers": {},
    "control_socket_disable": True,
    "accesslog": None,
}


class Log(Logger):
    """Leaves gunicorn's lines to our own log; one line per request is written by the doors."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.loglevel = self.error_log.getEffectiveLevel()
        self.error_log.propagate = True
        self.access_log.propagate = False


class Server(BaseApplication):
    """The application under gunicorn's master process, which starts and watches the workers."""

    def __init__(
        self, app: Any, *, bind: str, workers: int, threads: int, started: Sequence[Callable[[], None]]
    ) -> None:
        self._app = app
        self._chosen = {"bind": bind, "workers": workers, "threads": threads, "reuse_port": workers > 1}
        self._started = started
        super().__init__()

    def load_config(self) -> None:
        for name, value in {**_SETTINGS, **self._chosen}.items():
            self.cfg.set(name, value)
        self.cfg.set("logger_class", Log)
        if _HEARTBEATS.is_dir():
            self.cfg.set("worker_tmp_dir", str(_HEARTBEATS))
        self.cfg.set("when_ready", lambda _arbiter: _share_memory())
        self.cfg.set("post_worker_init", lambda _worker: self._begin())

    def load(self) -> Any:
        return self._app

    def _begin(self) -> None:
        # In the worker: threads of the master would not come along through the fork.
        for begin in self._started:
            begin()


def _share_memory() -> None:
    # What exists before the workers are forked is never collected, so that its pages stay shared between them.
    gc.collect()
    gc.freeze()
