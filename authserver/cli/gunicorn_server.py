"""The Gunicorn server: its settings, logging, and the functions that run when a worker starts."""

import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

# Each worker touches a temporary file as a heartbeat. The file is in memory, so a slow disk cannot block the worker.
_HEARTBEATS = Path("/dev/shm")  # noqa: S108 - the files are empty and have no name
_SETTINGS: dict[str, Any] = {
    "worker_class": "gthread",
    "preload_app": True,
    "proc_name": "authserver",
    # This is longer than the idle timeout of common proxies (60 s), so that the proxy closes idle connections first.
    "keepalive": 75,
    "timeout": 30,
    "graceful_timeout": 20,
    "worker_connections": 1000,
    "limit_request_line": 8190,
    "limit_request_fields": 64,
    "limit_request_field_size": 8190,
    # The application has its own settings for the public URL and the trusted proxies. Gunicorn must trust no header.
    "forwarded_allow_ips": "",
    "secure_scheme_headers": {},
    # On a Unix socket, Gunicorn would take SCRIPT_NAME and PATH_INFO from headers of the request.
    "forwarder_headers": "",
    "control_socket_disable": True,
    "accesslog": None,
}


class Log(Logger):
    """Passes Gunicorn's error log to the application's log; the application logs requests itself."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.loglevel = self.error_log.getEffectiveLevel()
        self.error_log.propagate = True
        self.access_log.propagate = False


class Server(BaseApplication):
    """Runs the application with Gunicorn."""

    def __init__(
        self,
        app: Any,
        *,
        bind: str,
        workers: int,
        threads: int,
        on_worker_start: Sequence[Callable[[], None]],
    ) -> None:
        self._app = app
        # All workers share a Unix socket. Only TCP sockets support SO_REUSEPORT.
        reuses_port = workers > 1 and not bind.startswith("unix:")
        self._chosen = {"bind": bind, "workers": workers, "threads": threads, "reuse_port": reuses_port}
        self._on_worker_start = on_worker_start
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
        # This runs in the worker, because threads of the master process do not survive the fork.
        for begin in self._on_worker_start:
            begin()


def _share_memory() -> None:
    # Exempt the objects that exist before the fork from garbage collection, so that workers keep sharing their memory.
    gc.collect()
    gc.freeze()
