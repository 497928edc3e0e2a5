"""Real server processes: `authserver serve` on free loopback ports, with one or more nodes on one database.

A test process starts one server of each kind and restores its database before each test that uses it. A server
caches clients by their ids, so no id is used twice.
"""

import json
import secrets
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Flask

from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import databases, sample_users
from tests.support.command import Runner
from tests.support.databases import COMMAND, RestorablePostgres, RestorableSqlite, environment
from tests.support.sample_users import FULL_NAMES, PASSWORD

CHEAP_PASSWORDS = {"password_hash_memory": "64", "password_hash_rounds": "1"}
TIMEOUT = 60  # seconds that a process may take to start or to end


def free_port() -> int:
    """Return a port on which nothing listens now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the URL responds with 200. Fail with the log if the process ends or does not respond."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(
        f"{url} did not become ready (exit code {process.poll()}):\n{log.read_text()[-4000:]}"
    )


@contextmanager
def child(
    command: list[str], *, log: Path, env: dict[str, str], ready: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that is ready when its URL responds. End its process group afterwards."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_answers(ready, process, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class LiveServer:
    """The nodes of one installation. `url` is the public URL and the first node, `nodes` are the URLs of all nodes."""

    url: str
    nodes: list[str]
    settings: dict[str, str]
    folder: Path
    logs: list[Path] = field(default_factory=list)
    _seen: dict[Path, int] = field(default_factory=dict)

    @cached_property
    def app(self) -> Flask:
        """The same installation in this process, to prepare and inspect data."""
        from authserver.app import create_app

        return create_app(Settings(**self.settings))

    @property
    def services(self) -> Services:
        """Return the services of that application."""
        services: Services = self.app.extensions["authserver"]
        return services

    def command(self, *arguments: str, stdin: str | None = None) -> str:
        """Run an `authserver` command for this installation, in this process, and return its output."""
        return Runner(self.settings).run(*arguments, stdin=stdin)

    def run(self, *arguments: str) -> None:
        """Run a command in a separate process, for tests whose threads read the environment at the same time."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=environment(**self.settings),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"authserver {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}"

    def add_user(self, name: str, *, password: str = PASSWORD, grant: str | None = None) -> None:
        """Add a user who can sign in."""
        if (name == "admin") == (grant == "configure_server") and name in FULL_NAMES and password == PASSWORD:
            sample_users.add(self.services.database, self.services.settings, name)
            return
        granted = ["--grant", grant] if grant else []
        shown = ["--name", FULL_NAMES.get(name, name)]
        arguments = [
            "users",
            "add",
            name,
            *shown,
            "--email",
            f"{name}@example.org",
            "--password-stdin",
            *granted,
        ]
        self.command(*arguments, stdin=f"{password}\n")

    def add_client(
        self, name: str, *redirect_uris: str, approve: bool = True, **options: str
    ) -> dict[str, Any]:
        """Add an OpenID Connect client for the code flow and return the output of the command."""
        chosen = {
            "type": "oidc",
            "grant_type": "authorization_code",
            "response_type": "code",
            "scope": "openid profile email",
            "auth_method": "client_secret_basic",
        } | options
        arguments = ["clients", "add", "--name", name, "--generate-secret", "--json"]
        arguments += [word for key, value in chosen.items() for word in (f"--{key.replace('_', '-')}", value)]
        arguments += [word for uri in redirect_uris for word in ("--redirect-uri", uri)]
        printed = self.command(*arguments, *(["--approve"] if approve else []))
        response: dict[str, Any] = json.loads(printed)
        return response

    def log_text(self) -> str:
        """Return what all nodes logged during this test."""
        return "\n".join(f"--- {log.name}\n{log.read_text()[self._seen.get(log, 0) :]}" for log in self.logs)

    def begin_test(self, nodes: int) -> None:
        """Discard the logs of the parties, and the earlier log lines of the nodes."""
        del self.logs[nodes:]
        self._seen = {log: len(log.read_text()) for log in self.logs}


class SharedServers:
    """The servers of this process, by the kind of their database and their settings."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: dict[Any, tuple[LiveServer, RestorableSqlite | RestorablePostgres]] = {}
        self._tests = 0

    def get(self, kind: str, *, nodes: int = 1, workers: int = 1, **settings: str) -> LiveServer:
        """Return a server with a restored database. Start it if there is none."""
        key = (kind, nodes, workers, *sorted(settings.items()))
        if key not in self._running:
            folder = Path(tempfile.mkdtemp(dir=databases.shared_folder()))
            database = databases.restorable(kind, folder)
            database.restore()
            keys_dir = databases.copy_keys(folder)
            started = serve(database.url, keys_dir, folder, nodes=nodes, workers=workers, **settings)
            self._running[key] = (self._stack.enter_context(started), database)
        server, database = self._running[key]
        self._tests += 1
        database.restore(first_id=self._tests * 1000)
        server.begin_test(nodes)
        return server

    def close(self) -> None:
        """Stop all servers."""
        self._stack.close()


@contextmanager
def serve(
    database_url: str, keys_dir: Path, folder: Path, *, nodes: int = 1, workers: int = 1, **settings: str
) -> Iterator[LiveServer]:
    """Start the nodes with the same database and keys, and stop them afterwards."""
    ports = [free_port() for _ in range(nodes)]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    chosen = (
        {
            "public_url": urls[0],
            "database_url": database_url,
            "keys_dir": str(keys_dir),
        }
        | CHEAP_PASSWORDS
        | settings
    )
    server = LiveServer(url=chosen["public_url"], nodes=urls, settings=chosen, folder=folder)
    base_path = chosen["public_url"].removeprefix(urls[0])
    server.nodes = [f"{url}{base_path}" for url in urls]
    with _started(server, ports, workers):
        yield server
    if "app" in vars(server):
        server.services.database.engine.dispose()


@contextmanager
def _started(server: LiveServer, ports: list[int], workers: int) -> Iterator[None]:
    """Start the nodes one after the other, so that the first creates the keys for the others."""
    if not ports:
        yield
        return
    number = len(server.logs) + 1
    log = server.folder / f"node-{number}-{secrets.token_hex(2)}.log"
    server.logs.append(log)
    options = ["--bind", f"127.0.0.1:{ports[0]}", "--workers", str(workers)]
    ready = f"{server.nodes[number - 1]}/readyz"
    env = environment(**server.settings)
    with (
        child([*COMMAND, "serve", *options], log=log, env=env, ready=ready),
        _started(server, ports[1:], workers),
    ):
        yield
