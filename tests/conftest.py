"""The fixtures of the whole suite, and the selection of databases.

A test that uses `app`, `client`, `database_url` or `live_server` needs a database, and runs on SQLite. It also runs on
PostgreSQL where SQL matters: in the folders of `matrix.ON_BOTH`, and if it or its module is marked `both_databases`.
Mark tests that depend on locks, constraints, transactions, types or text that a database may reject. For every prepared
statement, also mark one test that executes it successfully. `--full-matrix` (`make test-all`) runs every test on both.

Use `only_on("sqlite")` or `only_on("postgresql")` for tests that are meaningless on the other database.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import psutil
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page

from authserver.settings import Settings
from tests.support import apps, compiled, databases, matrix, postgres, run, servers
from tests.support import browser as chromium
from tests.support import sample_users as samples
from tests.support.command import Runner
from tests.support.moving_clock import MovingClock

if TYPE_CHECKING:
    from authserver.domain.orm import Database
    from authserver.domain.users.users import User
    from authserver.protocol.services import Services

# The settings of the developer must not affect the tests.
for name in [name for name in os.environ if name.startswith("AUTHSERVER_")]:
    del os.environ[name]

compiled.share()


# The generated cases are the same in every run, so that the result of a run depends only on the code.
hypothesis.settings.register_profile(
    "quick",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    max_examples=800,
)
hypothesis.settings.register_profile("full", hypothesis.settings.get_profile("quick"), max_examples=3300)


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("full" if config.getoption("full_matrix") else "quick")
    if run.is_controller(config):
        for folder in run.abandoned():
            postgres.stop_abandoned(folder)
            shutil.rmtree(folder, ignore_errors=True)
        run.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    if run.is_controller(config):
        postgres.stop()
        run.end()


def pytest_xdist_auto_num_workers() -> int:
    """Return the number of workers: three for two cores, because many tests wait for a server or a browser."""
    return round((psutil.cpu_count() or 1) * 1.5)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full-matrix", action="store_true", help="run every test on both databases")
    parser.addoption("--toolchains", action="store_true", help="run the tests of `make interop-all` as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that need what only `make interop-all` builds."""
    if config.getoption("toolchains"):
        return
    removed = [item for item in items if item.get_closest_marker("toolchain")]
    items[:] = [item for item in items if not item.get_closest_marker("toolchain")]
    config.hook.pytest_deselected(items=removed)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize a test that needs a database by the kinds of databases."""
    if "database_kind" in metafunc.fixturenames:
        kinds = matrix.kinds(metafunc.definition, is_full=metafunc.config.getoption("full_matrix"))
        metafunc.parametrize("database_kind", kinds, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Fail a test in which the browser reported an unexpected error."""
    result = yield
    browser_errors = pyfuncitem.funcargs.get("browser_errors")
    if isinstance(browser_errors, chromium.BrowserErrors):
        assert not browser_errors.unexpected(), "the browser reported: " + "; ".join(
            browser_errors.unexpected()
        )
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Add the server logs and a screenshot to a failure. With CI=true, a skip is a failure."""
    report: Any = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome, report.longrepr = "failed", f"skipped, which CI does not allow: {report.longrepr}"
    if report.failed:
        report.sections += _failure_details(getattr(item, "funcargs", {}), report.nodeid)
    return report


def _failure_details(used: dict[str, Any], test: str) -> Iterator[tuple[str, str]]:
    for server in used.values():
        if isinstance(server, servers.LiveServer):
            yield "authserver's log", server.log_text()
    page = used.get("page")
    if isinstance(page, Page) and not page.is_closed():
        yield "the page", f"{page.url}\n{chromium.save_screenshot(page, test)}"


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
    """Whether this test uses the application that the tests of this process share."""
    return "app" in request.fixturenames and not request.node.get_closest_marker("own_app")


@pytest.fixture
def initial_users(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The names of the users who exist when the test starts."""
    return samples.NAMES if "sample_users" in request.fixturenames else ()


@pytest.fixture
def database_url(
    database_kind: str, tmp_path: Path, is_shared: bool, initial_users: tuple[str, ...]
) -> Iterator[str]:
    """A database with the newest schema. No other test uses it at the same time."""
    if is_shared:
        yield databases.shared(database_kind, initial_users)
        return
    with databases.migrated(database_kind, tmp_path) as url:
        yield url


@pytest.fixture
def keys_dir(request: pytest.FixtureRequest, is_shared: bool) -> Path:
    """The folder with the keys of the test's database. A test with its own database has its own copy."""
    if is_shared:
        return databases.shared_folder() / "keys"
    return databases.copy_keys(request.getfixturevalue("tmp_path"))


@pytest.fixture
def settings(database_url: str, keys_dir: Path) -> Settings:
    """Settings for an application in this process, with minimal work for password hashes."""
    return databases.cheap_settings(database_url=database_url, keys_dir=keys_dir)


@pytest.fixture
def app(settings: Settings, is_shared: bool) -> Iterator[Flask]:
    """The application with an empty database. Mark a test `own_app` if it changes the application itself."""
    if is_shared:
        yield apps.shared(settings)
        return
    with apps.own(settings) as app:
        yield app


@pytest.fixture
def services(app: Flask) -> Services:
    """The services of the application: settings, database, vault, passwords, key_ring, oauth1 …"""
    return app.extensions["authserver"]


@pytest.fixture
def database(services: Services) -> Database:
    """The application's database, for set-up and assertions."""
    return services.database


@pytest.fixture
def sample_users(database: Database, settings: Settings) -> dict[str, User]:
    """alice, bob, charlie (ordinary users) and admin (Configure Server), by user name; see tests.support.sample_users."""
    return samples.find(database, *samples.NAMES) or samples.add(database, settings, *samples.NAMES)


@pytest.fixture
def alice(sample_users: dict[str, User]) -> User:
    """An ordinary user."""
    return sample_users["alice"]


@pytest.fixture
def admin(sample_users: dict[str, User]) -> User:
    """An administrator."""
    return sample_users["admin"]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser for WSGI requests. It keeps cookies and does not follow redirects."""
    return app.test_client()


@pytest.fixture
def runner(settings: Settings) -> Runner:
    """Runs `authserver` commands in this process with the test's database."""
    return Runner(settings)


@pytest.fixture
def moving_clock(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    """`moving_clock.advance(lifetime, seconds=1)` advances the time of this process."""
    return MovingClock(monkeypatch)


@pytest.fixture(scope="session")
def shared_servers() -> Iterator[servers.SharedServers]:
    """The servers that the tests of this process share."""
    shared = servers.SharedServers()
    yield shared
    shared.close()


@pytest.fixture
def live_server(
    request: pytest.FixtureRequest, database_kind: str, shared_servers: servers.SharedServers
) -> Iterator[servers.LiveServer]:
    """A running `authserver serve`. Mark a test `own_server` if it checks the first start or changes the process."""
    if not request.node.get_closest_marker("own_server"):
        yield shared_servers.get(database_kind)
        return
    url, keys, folder = map(request.getfixturevalue, ("database_url", "keys_dir", "tmp_path"))
    with servers.serve(url, keys, folder) as server:
        yield server


@pytest.fixture
def live_nodes(database_kind: str, shared_servers: servers.SharedServers) -> servers.LiveServer:
    """Two server processes on one database: two nodes on PostgreSQL, or one node with two workers on SQLite."""
    nodes, workers = (1, 2) if database_kind == "sqlite" else (2, 1)
    return shared_servers.get(database_kind, nodes=nodes, workers=workers)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """This worker's Chromium."""
    with chromium.launched() as launched:
        yield launched


@pytest.fixture
def browser_errors() -> chromium.BrowserErrors:
    """The errors that the browser reported. `browser_errors.expect("…")` allows an expected error."""
    return chromium.BrowserErrors()


@pytest.fixture
def page(browser: Browser, browser_errors: chromium.BrowserErrors) -> Iterator[Page]:
    """A new page. The test fails if the browser reports an unexpected error."""
    with chromium.fresh_page(browser, browser_errors, None) as page:
        yield page
