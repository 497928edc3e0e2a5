"""The number of SQL statements that each endpoint under load executes. These endpoints load no ORM objects.

On PostgreSQL, one statement reads and one writes. On SQLite, which runs in the process, several statements write.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.orm import Mapper
from werkzeug.test import TestResponse

from authserver import clock
from authserver.domain.clients.clients import Client
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.device import GRANT, Device
from tests.support.relying_party import EVERY_GRANT, RelyingParty, register

pytestmark = pytest.mark.both_databases

Request = Callable[[], TestResponse]

NUMBERS = {
    # request: number of statements on SQLite, on PostgreSQL
    "code": (4, 2),
    "refresh": (3, 2),
    "client credentials": (2, 2),
    "device code": (4, 2),
    "poll": (2, 2),
    "poll too early": (2, 2),
    "introspection": (1, 1),
    "introspection of a refresh token": (1, 1),
    "introspection of nonsense": (1, 1),
    "userinfo": (1, 1),
    "revocation": (2, 2),
    "revocation of a refresh token": (3, 3),
    "revocation of nonsense": (1, 1),
    "key set": (0, 0),
    "discovery": (0, 0),
}


@dataclass
class Seen:
    """The executed statements, and the loaded ORM objects."""

    statements: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)


@contextmanager
def watching(services: Services) -> Iterator[Seen]:
    """Record the statements that are executed; beginning a transaction does not count."""
    seen = Seen()

    def on_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.statements.append(statement)

    def on_load(record: object, _context: Any) -> None:
        seen.records.append(type(record).__name__)

    event.listen(services.database.engine, "before_cursor_execute", on_statement)
    event.listen(Mapper, "load", on_load)
    yield seen
    event.remove(services.database.engine, "before_cursor_execute", on_statement)
    event.remove(Mapper, "load", on_load)


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> Iterator[RelyingParty]:
    """A client with every grant. The clock is frozen, so that no cache expires."""
    with time_machine.travel(clock.now(), tick=False):
        yield RelyingParty(app, *register(services, grant_types=(*EVERY_GRANT, "client_credentials", GRANT)))


def prepared(party: RelyingParty, what: str) -> Request:
    """Prepare a request, and return the function that sends it."""
    name, _, of_what = what.partition(" of ")
    browser = party.app.test_client()
    if name in {"key set", "discovery"}:
        path = "/jwks.json" if name == "key set" else "/.well-known/openid-configuration"
        return lambda: browser.get(path)
    if name == "code":
        code = party.code()
        return lambda: party.redeem(code)
    if name == "client credentials":
        return lambda: party.token(grant_type="client_credentials")
    if name in {"poll", "poll too early", "device code"}:
        return _device(party, name)
    tokens = party.tokens()
    if name == "refresh":
        return lambda: party.refresh(tokens["refresh_token"])
    if name == "userinfo":
        return lambda: party.userinfo(tokens["access_token"])
    token = "nonsense" if of_what == "nonsense" else tokens[f"{'refresh' if of_what else 'access'}_token"]
    path = "/oauth2/introspect" if name == "introspection" else "/oauth2/revoke"
    return lambda: browser.post(path, data={"token": token}, headers=party.basic)


def _device(party: RelyingParty, name: str) -> Request:
    device = Device(party).start()
    if name == "device code":
        device.approve()
    if name == "poll too early":
        device.poll()
    return device.poll


def watched(party: RelyingParty, services: Services, what: str) -> Seen:
    """Return the statements of a request after the process has filled its caches."""
    prepared(party, what)()
    request = prepared(party, what)
    with watching(services) as seen:
        response = request()
    assert response.status_code == (400 if "poll" in what else 200), response.text
    return seen


@pytest.mark.parametrize("what", NUMBERS)
def test_endpoint_executes_expected_number_of_statements(
    party: RelyingParty, services: Services, what: str
) -> None:
    seen = watched(party, services, what)
    expected = NUMBERS[what][0 if services.database.is_sqlite else 1]
    assert len(seen.statements) == expected, "\n".join(seen.statements)
    assert seen.records == []


def test_additional_statement_is_found(services: Services) -> None:
    with watching(services) as seen, services.database.reading() as connection:
        connection.execute(text("SELECT 1"))
    assert seen.statements == ["SELECT 1"]


def test_loaded_object_is_found(party: RelyingParty, services: Services) -> None:
    with watching(services) as seen, services.database.transaction(write=False) as db:
        db.scalars(select(Client)).all()
    assert seen.records == ["Client"]
