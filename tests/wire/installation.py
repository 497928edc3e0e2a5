"""A throwaway installation on SQLite: prepared by the command line and served in this process.

The tests use only `authserver.cli.main`, `authserver.app.create_app` and `wsgi.py` of the application, so that modules
can be renamed.
"""

import json
import os
import runpy
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
PREFIX = "AUTHSERVER_"
PASSWORD = "correct horse battery staple"
FULL_NAMES = {"alice": "Alice Adams", "bob": "Bob Brown", "charlie": "Charlie Clark", "admin": "Ada Admin"}
START = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)


class Installation:
    """One database with its keys, and the clock, which changes only by calls of `clock.shift`."""

    def __init__(self, folder: Path, clock: time_machine.Traveller) -> None:
        self.clock = clock
        self.empty_database_url = f"sqlite:///{folder / 'empty.db'}"
        keys = folder / "keys"
        keys.mkdir(mode=0o700)
        self._settings = {
            "database_url": f"sqlite:///{folder / 'authserver.db'}",
            "keys_dir": str(keys),
            "password_hash_memory": "64",
            "password_hash_rounds": "1",
            "public_url": "http://localhost",
            "log_level": "error",
        }

    def command(self, *arguments: str, stdin: str | None = None) -> Any:
        """Run an `authserver` command and return what it prints as JSON."""
        from authserver.cli import main

        with _environment(self._settings):
            result = CliRunner().invoke(main, [*arguments, "--json"], input=stdin)
        assert result.exit_code == 0, f"{arguments}: {result.output} {result.exception!r}"
        return json.loads(result.stdout)

    def application(self, **settings: str) -> Any:
        """Return a new WSGI application with these settings in addition to the usual ones."""
        from authserver.app import create_app

        with _environment(self._settings | settings):
            return create_app()

    def notifying_application(self, **settings: str) -> Any:
        """Return a WSGI application that also sends back-channel logout notices, as that of `wsgi.py` does."""
        with _environment(self._settings | settings):
            return runpy.run_path(str(ROOT / "wsgi.py"))["app"]

    def add_user(self, name: str, *options: str) -> dict[str, Any]:
        """Create an account with the common password."""
        email = f"{name}@example.org"
        return self.command(
            "users", "add", name, "--email", email, "--name", FULL_NAMES[name], "--password-stdin", *options,
            stdin=PASSWORD,
        )  # fmt: skip

    def add_client(self, kind: str, name: str, *options: str) -> dict[str, Any]:
        """Register a client."""
        return self.command("clients", "add", "--type", kind, "--name", name, *options)


@contextmanager
def installed() -> Iterator[Installation]:
    """Create an empty installation with the newest schema."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder, time_machine.travel(START, tick=False) as clock:
        installation = Installation(Path(folder), clock)
        installation.command("database", "migrate")
        yield installation


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update({f"{PREFIX}{name.upper()}": value for name, value in settings.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
