"""Empty and migrated databases of both kinds. Migrating takes seconds, so it is done once and copied for every test."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import postgres, run

KINDS = ("sqlite", "postgresql")
COMMAND = [sys.executable, "-c", "from authserver.cli import main; main()"]
TEMPLATE = "authserver_template"


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without its own settings, with the given ones: public_url="…" and so on."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AUTHSERVER_")}
    return ours | {f"AUTHSERVER_{name.upper()}": value for name, value in settings.items()}


def migrate(database_url: str) -> None:
    """Brings a database to the newest schema with the command that operators use."""
    done = subprocess.run(
        [*COMMAND, "database", "migrate"],
        env=environment(database_url=database_url, keys_dir=str(run.folder() / "migration-keys")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"authserver database migrate failed:\n{done.stdout}\n{done.stderr}"


@contextmanager
def empty(kind: str, folder: Path) -> Iterator[str]:
    """The address of a database without tables, gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'authserver.db'}"
        return
    yield from _postgres("template1")


@contextmanager
def migrated(kind: str, folder: Path) -> Iterator[str]:
    """The address of a database with the newest schema and no rows, gone afterwards."""
    if kind == "sqlite":
        run.once("sqlite-template", lambda: migrate(f"sqlite:///{run.folder() / 'template.db'}"))
        shutil.copyfile(run.folder() / "template.db", folder / "authserver.db")
        yield f"sqlite:///{folder / 'authserver.db'}"
        return
    run.once("postgres-template", _make_postgres_template)
    yield from _postgres(TEMPLATE)


def _postgres(template: str) -> Iterator[str]:
    name = postgres.create(template)
    try:
        yield postgres.address(name)
    finally:
        postgres.drop(name)


def _make_postgres_template() -> None:
    name = postgres.create()
    migrate(postgres.address(name))
    postgres.rename(name, TEMPLATE)
