"""Real server processes: `authserver serve` on free loopback ports, one or more nodes on one database."""

import json
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.databases import COMMAND, environment
from tests.support.people import FULL_NAMES

PATIENCE = 60  # seconds that a process may take to be ready or to end


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once the URL answers 200; fails with the log when the process ends or stays silent."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"{url} did not get ready (exit {process.poll()}):\n{log.read_text()[-4000:]}")


@contextmanager
def child(
    command: list[str], *, log: Path, env: dict[str, str], ready: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ready when its URL answers, and ended with its whole group afterwards."""
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
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class LiveServer:
    """Nodes of one installation: `url` is the public URL and the first node, `nodes` has the address of each."""

    url: str
    nodes: list[str]
    settings: dict[str, str]
    folder: Path
    logs: list[Path] = field(default_factory=list)

    def command(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs an `authserver` command on this installation and returns what it printed."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=environment(**self.settings),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"authserver {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def add_user(self, name: str, *, password: str, grant: str | None = None) -> None:
        """Makes a person who can sign in."""
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
        """Makes an OpenID Connect client for the code flow and returns what the command printed."""
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
        answer: dict[str, Any] = json.loads(printed)
        return answer

    def log_text(self) -> str:
        """What all nodes have written so far."""
        return "\n".join(f"--- {log.name}\n{log.read_text()}" for log in self.logs)


@contextmanager
def serve(
    database_url: str, keys_dir: Path, folder: Path, *, nodes: int = 1, workers: int = 1, **settings: str
) -> Iterator[LiveServer]:
    """Starts the nodes over the same database and keys, and ends them."""
    ports = [free_port() for _ in range(nodes)]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    chosen = {
        "public_url": urls[0],
        "database_url": database_url,
        "keys_dir": str(keys_dir),
    } | settings
    server = LiveServer(url=chosen["public_url"], nodes=urls, settings=chosen, folder=folder)
    base_path = chosen["public_url"].removeprefix(urls[0])
    server.nodes = [f"{url}{base_path}" for url in urls]
    with _started(server, ports, workers):
        yield server


@contextmanager
def _started(server: LiveServer, ports: list[int], workers: int) -> Iterator[None]:
    """Starts node after node, so that the first makes the keys that the others find."""
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
