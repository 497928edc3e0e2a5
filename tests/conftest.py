"""The fixtures of the whole suite, and the rules of a run.

A test that uses `app`, `client`, `database_url` or `live_server` needs a database, and runs on SQLite. It runs on
PostgreSQL as well where SQL matters: in the folders of `matrix.ON_BOTH`, and where it or its module is marked
`both_databases`. Mark whatever depends on locks, constraints, transactions, types or text that a database may reject,
and one success of every prepared statement. `--full-matrix` (`make test-all`) runs every test on both.

`only_on("sqlite")` and `only_on("postgresql")` are for tests that say nothing about the other one, in either run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page

from authserver.settings import Settings
from tests.support import apps, compiled, databases, matrix, postgres, run, servers
from tests.support import browser as chromium
from tests.support import people as crowd
from tests.support.command import Runner
from tests.support.moving_clock import MovingClock

if TYPE_CHECKING:
    from authserver.domain.orm import Database
    from authserver.domain.users.users import User
    from authserver.protocol.services import Services

# A developer's own settings must not decide how tests end.
for name in [name for name in os.environ if name.startswith("AUTHSERVER_")]:
    del os.environ[name]

compiled.share()


def pytest_configure(config: pytest.Config) -> None:
    if run.is_controller(config):
        for folder in run.abandoned():
            postgres.stop_abandoned(folder)
            shutil.rmtree(folder, ignore_errors=True)
        run.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    if run.is_controller(config):
        postgres.stop()
        run.end()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full-matrix", action="store_true", help="run every test on both databases")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize a test that needs a database by the kinds that it runs on."""
    if "database_kind" in metafunc.fixturenames:
        kinds = matrix.kinds(metafunc.definition, is_full=metafunc.config.getoption("full_matrix"))
        metafunc.parametrize("database_kind", kinds, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Fails a test in which the browser complained."""
    result = yield
    complaints = pyfuncitem.funcargs.get("complaints")
    if isinstance(complaints, chromium.Complaints):
        assert not complaints.unexpected(), "the browser complained: " + "; ".join(complaints.unexpected())
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Shows what the servers logged and the browser saw when a test fails; makes a skip a failure where CI=true."""
    report: Any = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome, report.longrepr = "failed", f"skipped, which CI does not allow: {report.longrepr}"
    if report.failed:
        report.sections += _what_was_seen(getattr(item, "funcargs", {}), report.nodeid)
    return report


def _what_was_seen(used: dict[str, Any], test: str) -> Iterator[tuple[str, str]]:
    for server in used.values():
        if isinstance(server, servers.LiveServer):
            yield "authserver's log", server.log_text()
    page = used.get("page")
    if isinstance(page, Page) and not page.is_closed():
        yield "the page", f"{page.url}\n{chromium.picture(page, test)}"


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """'sqlite' or 'postgresql'."""
    return str(request.param)


@pytest.fixture
def empty_database_url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    """A database without tables, for the tests of migrations and of the first start."""
    with databases.empty(database_kind, tmp_path) as url:
        yield url


@pytest.fixture
def is_shared(request: pytest.FixtureRequest) -> bool:
    """Whether this test gets the application of its process, not one of its own."""
    return "app" in request.fixturenames and not request.node.get_closest_marker("own_app")


@pytest.fixture
def initial_people(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Who is in the database when the application of this process is given to a test."""
    return crowd.NAMES if "people" in request.fixturenames else ()


@pytest.fixture
def database_url(
    database_kind: str, tmp_path: Path, is_shared: bool, initial_people: tuple[str, ...]
) -> Iterator[str]:
    """A database with the newest schema, which nothing else uses during this test."""
    if is_shared:
        yield databases.shared(database_kind, initial_people)
        return
    with databases.migrated(database_kind, tmp_path) as url:
        yield url


@pytest.fixture
def keys_dir(request: pytest.FixtureRequest, is_shared: bool) -> Path:
    """The secrets that open the ready databases: a copy of this test's own where it has its own database."""
    if is_shared:
        return databases.shared_folder() / "keys"
    return databases.copy_keys(request.getfixturevalue("tmp_path"))


@pytest.fixture
def settings(database_url: str, keys_dir: Path) -> Settings:
    """Settings for an app in this process; hashing passwords is as cheap as it can be."""
    return databases.cheap_settings(database_url=database_url, keys_dir=keys_dir)


@pytest.fixture
def app(settings: Settings, is_shared: bool) -> Iterator[Flask]:
    """The wired application over a fresh database; mark a test `own_app` when it changes the application itself."""
    if is_shared:
        yield apps.shared(settings)
        return
    with apps.own(settings) as app:
        yield app


@pytest.fixture
def services(app: Flask) -> Services:
    """What the application is made of: settings, database, vault, passwords, ring, oauth2 …"""
    return app.extensions["authserver"]


@pytest.fixture
def database(services: Services) -> Database:
    """The application's database, for arranging and looking."""
    return services.database


@pytest.fixture
def people(database: Database, settings: Settings) -> dict[str, User]:
    """alice, bob, charlie (ordinary) and admin (Configure Server), by user name; see tests/support/people.py."""
    return crowd.find(database, *crowd.NAMES) or crowd.add(database, settings, *crowd.NAMES)


@pytest.fixture
def alice(people: dict[str, User]) -> User:
    """An ordinary person."""
    return people["alice"]


@pytest.fixture
def admin(people: dict[str, User]) -> User:
    """The person who may configure the server."""
    return people["admin"]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a screen: keeps cookies, follows nothing by itself."""
    return app.test_client()


@pytest.fixture
def runner(settings: Settings) -> Runner:
    """Runs `authserver` commands in this process over the test's database."""
    return Runner(settings)


@pytest.fixture
def moving_clock(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    """`moving_clock.advance(lifetime, seconds=1)`: time passes for everything in this process."""
    return MovingClock(monkeypatch)


@pytest.fixture(scope="session")
def shared_servers() -> Iterator[servers.SharedServers]:
    """The servers of this process."""
    shared = servers.SharedServers()
    yield shared
    shared.close()


@pytest.fixture
def live_server(
    request: pytest.FixtureRequest, database_kind: str, shared_servers: servers.SharedServers
) -> Iterator[servers.LiveServer]:
    """A running `authserver serve`; mark a test `own_server` when it needs the first start, or changes the process."""
    if not request.node.get_closest_marker("own_server"):
        yield shared_servers.get(database_kind)
        return
    url, keys, folder = map(request.getfixturevalue, ("database_url", "keys_dir", "tmp_path"))
    with servers.serve(url, keys, folder) as server:
        yield server


@pytest.fixture
def live_nodes(database_kind: str, shared_servers: servers.SharedServers) -> servers.LiveServer:
    """Two serving processes on one database: two nodes, or for SQLite, which allows one node, two workers of it."""
    nodes, workers = (1, 2) if database_kind == "sqlite" else (2, 1)
    return shared_servers.get(database_kind, nodes=nodes, workers=workers)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """This worker's Chromium."""
    with chromium.launched() as launched:
        yield launched


@pytest.fixture
def complaints() -> chromium.Complaints:
    """What the browser complained about; `complaints.expect("…")` announces what is meant to happen."""
    return chromium.Complaints()


@pytest.fixture
def page(browser: Browser, complaints: chromium.Complaints) -> Iterator[Page]:
    """A fresh page; the test fails when the browser complains."""
    with chromium.fresh_page(browser, complaints, None) as page:
        yield page
