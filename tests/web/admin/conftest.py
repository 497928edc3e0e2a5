"""The console of one test: an administrator who has just signed in, and a way to let time pass."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from authserver.domain import audit
from authserver.domain.audit import AuditEvent
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics.error_log import ErrorDetails, ErrorLog
from authserver.domain.sessions.user_sessions import UserSession
from authserver.protocol.services import Services
from tests.support.people import open_session
from tests.web.admin.console import REGISTERED_URI, WRONG_URI, Console


@pytest.fixture
def initial_people() -> tuple[str, ...]:
    """The people of the console's tests, in every one of which they are there."""
    return ("admin", "alice", "bob")


@pytest.fixture
def session_id(client: FlaskClient, services: Services) -> int:
    """The administrator's session."""
    return open_session(client, services, "admin")


@pytest.fixture
def console(client: FlaskClient, services: Services, session_id: int) -> Console:
    """An administrator's browser."""
    return Console(client, services)


@pytest.fixture
def grow_old(services: Services, session_id: int) -> Callable[[], None]:
    """Makes the administrator's sign-in too old for dangerous actions."""

    def grow() -> None:
        with services.database.transaction() as db:
            row = db.get_one(UserSession, session_id)
            row.signed_in_at -= services.settings.recent_sign_in + timedelta(minutes=1)

    return grow


@pytest.fixture
def trail(services: Services) -> Callable[[], list[AuditEvent]]:
    """Reads the audit trail, the latest event first."""

    def read() -> list[AuditEvent]:
        with services.database.transaction(write=False) as db:
            return audit.page_of_events(db, audit.EventFilter())[0]

    return read


@pytest.fixture
def record(services: Services) -> Callable[..., str]:
    """Puts a refusal into the ledger and returns its reference."""
    error_log = ErrorLog(services.database, ticks=iter(range(1_000_000)).__next__)

    def put(cause: str = "code-expired", client: Client | None = None, **fields: str) -> str:
        endpoint, address = fields.pop("endpoint", "/oauth2/token"), fields.pop("address", "192.0.2.1")
        details = ErrorDetails("invalid_grant", cause, "The code has expired.")  # type: ignore[arg-type]
        details = replace(details, client_id=client.id if client else None, **fields)
        return error_log.record(details, endpoint, address)

    return put


@pytest.fixture
def wrong_uri(console: Console, record: Callable[..., str]) -> tuple[Client, Callable[..., str]]:
    """A client, and the reference under which it was refused for its redirect URI."""
    client = console.add_client(approve=True)
    facts = {
        "endpoint": "/oauth2/authorize",
        "expected": REGISTERED_URI,
        "description": "It is not registered.",
    }
    return client, lambda uri=WRONG_URI: record("redirect-uri-not-registered", client, received=uri, **facts)
