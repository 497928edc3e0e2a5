"""Fixtures of the console: a signed-in administrator, the audit trail, and recorded errors."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from authserver.domain import audit
from authserver.domain.audit import AuditEvent
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics.error_log import ErrorDetails, ErrorLog
from authserver.domain.user_sessions import UserSession
from authserver.protocol.services import Services
from tests.support.sample_users import open_session
from tests.web.admin.console import REGISTERED_URI, WRONG_URI, Console


@pytest.fixture
def initial_users() -> tuple[str, ...]:
    """The users that exist in every test of the console."""
    return ("admin", "alice", "bob")


@pytest.fixture
def session_id(client: FlaskClient, services: Services) -> int:
    """The id of the administrator's session."""
    return open_session(client, services, "admin")


@pytest.fixture
def console(client: FlaskClient, services: Services, session_id: int) -> Console:
    """An administrator's browser."""
    return Console(client, services)


@pytest.fixture
def outdate_sign_in(services: Services, session_id: int) -> Callable[[], None]:
    """Return a function that makes the administrator's sign-in too old for sensitive actions."""

    def outdate() -> None:
        with services.database.transaction() as db:
            row = db.get_one(UserSession, session_id)
            row.signed_in_at -= services.settings.recent_sign_in + timedelta(minutes=1)

    return outdate


@pytest.fixture
def trail(services: Services) -> Callable[[], list[AuditEvent]]:
    """Return a function that reads the audit trail, newest event first."""

    def read() -> list[AuditEvent]:
        with services.database.transaction(write=False) as db:
            return audit.page_of_events(db, audit.EventFilter())[0]

    return read


@pytest.fixture
def record(services: Services) -> Callable[..., str]:
    """Return a function that records an error and returns its reference."""
    error_log = ErrorLog(services.database, ticks=iter(range(1_000_000)).__next__)

    def put(cause: str = "code-expired", client: Client | None = None, **fields: str) -> str:
        endpoint, address = fields.pop("endpoint", "/oauth2/token"), fields.pop("address", "192.0.2.1")
        details = ErrorDetails("invalid_grant", cause, "The code has expired.")  # type: ignore[arg-type]
        details = replace(details, client_id=client.id if client else None, **fields)
        return error_log.record(details, endpoint, address)

    return put


@pytest.fixture
def wrong_uri(console: Console, record: Callable[..., str]) -> tuple[Client, Callable[..., str]]:
    """A client, and a function that records a redirect URI error of the client and returns its reference."""
    client = console.add_client(approve=True)
    facts = {
        "endpoint": "/oauth2/authorize",
        "expected": REGISTERED_URI,
        "description": "It is not registered.",
    }
    return client, lambda uri=WRONG_URI: record("redirect-uri-not-registered", client, received=uri, **facts)
