"""Fixtures of the tests that connect applications: a server with one user, and errors that browsers report for parties."""

import pytest

from tests.support.browser import BrowserErrors
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer, SharedServers


@pytest.fixture(scope="module")
def server(shared_servers: SharedServers) -> LiveServer:
    """One server for all tests of a module. Alice can sign in, and her e-mail address is verified."""
    server = shared_servers.get("sqlite")
    server.add_user("alice", password=PASSWORD)
    server.command("users", "edit", "alice", "--email-verified")
    return server


@pytest.fixture(autouse=True)
def parties_have_no_icon(browser_errors: BrowserErrors) -> None:
    """Allow that the parties respond to `/favicon.ico` with an error."""
    browser_errors.expect("/favicon.ico")
