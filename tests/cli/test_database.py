"""`authserver database`: migration, status and purge."""

import os
import pty
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, inspect

from authserver.domain import schema
from authserver.domain.orm import Database, engine_options
from authserver.errors import AuthserverError
from authserver.settings import Settings
from tests.support.command import Runner
from tests.support.databases import COMMAND, environment

pytestmark = pytest.mark.both_databases


@pytest.fixture
def empty(empty_database_url, tmp_path):
    return Runner(Settings(database_url=empty_database_url, keys_dir=tmp_path / "keys"))


@pytest.fixture
def empty_database(empty_database_url):
    database = Database(create_engine(empty_database_url, **engine_options(empty_database_url, 2)))
    yield database
    database.engine.dispose()


def test_migrate_creates_the_tables_once(empty):
    first = empty.run_json("database", "migrate")
    assert first["revision"] == schema.newest() == first["migrated"][-1]
    assert empty.run_json("database", "migrate") == {"revision": schema.newest(), "migrated": []}
    status = empty.run_json("database", "status")
    assert status["up_to_date"] is True
    assert status["rows"]["users"] == 0


@pytest.mark.only_on("sqlite")
def test_status_before_the_first_migration(empty, empty_database):
    with empty_database.reading():
        pass
    status = empty.run_json("database", "status")
    assert (status["revision"], status["up_to_date"], status["rows"]) == ("", False, {})


def test_concurrent_migrations_run_once(empty_database):
    progress = []
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(schema.migrate, empty_database, progress.append) for _ in range(2)]
        taken = [run.result() for run in runs]
    assert sorted(map(len, taken)) == [0, len(progress)]
    assert schema.is_current(empty_database)


def test_failed_migration_is_rolled_back(empty_database, tmp_path, monkeypatch):
    copy = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, copy)
    (copy / "versions" / "9999_wrong.py").write_text(
        "from alembic import op\n"
        f"revision = '9999'\ndown_revision = '{schema.newest()}'\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (id INTEGER)')\n    op.execute('nonsense')\n"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", copy)
    schema.newest.cache_clear()
    try:
        with pytest.raises(Exception, match="nonsense"):
            schema.migrate(empty_database, lambda _: None)
        assert inspect(empty_database.engine).get_table_names() == []
    finally:
        schema.newest.cache_clear()


ORPHAN = (
    "INSERT INTO client_secrets (client_id, form, pepper_id, stored, created_at)"
    " VALUES (4711, 'hmac', '', '', '2026-01-01')"
)


def rebuild(database, statement):
    with schema.rebuilding(database) as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.only_on("sqlite")
def test_migration_that_leaves_orphans_fails(empty_database):
    schema.migrate(empty_database, lambda _: None)
    with pytest.raises(AuthserverError, match="without their parent rows"):
        rebuild(empty_database, ORPHAN)
    with empty_database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM client_secrets").scalar() == 0
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_newer_schema_is_accepted(empty_database):
    schema.migrate(empty_database, lambda _: None)
    with empty_database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert schema.is_current(empty_database)
    assert schema.migrate(empty_database, lambda _: None) == []


@pytest.mark.only_on("sqlite")
def test_database_error_is_one_sentence(tmp_path):
    folder = tmp_path / "file"
    folder.touch()
    runner = Runner(Settings(database_url=f"sqlite:///{folder}/x.db", keys_dir=tmp_path / "keys"))
    result = runner.invoke("database", "migrate")
    assert result.exit_code == 1
    assert result.stderr.startswith("authserver: The database cannot be used: unable to open database file.")


def test_purge_prints_the_deleted_rows(runner):
    deleted = runner.run_json("database", "purge")["deleted"]
    assert deleted["access tokens"] == deleted["sessions"] == 0
    assert runner.run("database", "purge") == "Nothing to delete.\n"


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("command", "progress", "printed"),
    [
        ("database purge", b"sessions: 0 deleted", b"Nothing to delete."),
        ("database status", b"counting: users", b"up to date"),
        ("doctor --json", b"checking: audit trail", b'"ok": '),
    ],
)
def test_progress_is_shown_on_a_terminal(settings, command, progress, printed):
    controller, terminal = pty.openpty()
    done = subprocess.run(
        [*COMMAND, *command.split()],
        stderr=terminal,
        stdout=subprocess.PIPE,
        env=environment(database_url=settings.database_url, keys_dir=str(settings.keys_dir)),
        check=False,
    )
    os.close(terminal)
    shown = os.read(controller, 10_000)
    os.close(controller)
    assert progress in shown
    assert printed in done.stdout
