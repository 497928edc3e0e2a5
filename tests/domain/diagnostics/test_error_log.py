"""The error log of Diagnostics: grouping of equal errors, limits, search by reference, and redaction."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import OperationalError

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain import cleanup, error_search
from authserver.domain.clients import client_search, clients
from authserver.domain.clients.client_search import ClientFilter
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.diagnostics import error_log, redaction
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.diagnostics.error_log import ErrorDetails, ErrorLog, RecordedError

ENDPOINT = "/oauth2/token"
WRONG = ErrorDetails("invalid_grant", Cause.CODE_EXPIRED, "The code has expired.")
SECRET = "Zk3vJx0cQ9-mT7_pLr2WbYh5NsDfGa8eUiOoPq1XtCw"
TOKEN = f"asa_1a_{SECRET}"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"


@pytest.fixture
def recorder(database):
    return ErrorLog(database, ticks=iter(range(10_000_000)).__next__)


@pytest.fixture
def client_id(database):
    with database.transaction() as db:
        registration = ClientMetadata(
            kind="oidc", name="Grafana", redirect_uris=("https://app.example.org/cb",)
        )
        return clients.register(db, SYSTEM, registration, source="console").id


@pytest.fixture
def find_error(database):
    """Return a function that finds an error by its reference."""

    def find(reference):
        with database.transaction(write=False) as db:
            return error_log.find(db, reference)

    return find


@pytest.fixture
def fill(database):
    """Return a function that adds many different errors of one client in one statement."""

    def put(client_id, count):
        now = clock.now()
        rows = [
            {
                "fingerprint": f"{client_id}-{number}".encode().ljust(32, b"."),
                "reference": f"{client_id}#{number}"[:8],
                "client_id": client_id,
                "endpoint": ENDPOINT,
                "error": WRONG.error,
                "cause": WRONG.cause,
                "detail": "",
                "received": "",
                "expected": "",
                "address": "",
                "count": 1,
                "first_at": now - timedelta(hours=1),
                "last_at": now - timedelta(hours=1) + timedelta(seconds=number),
            }
            for number in range(count)
        ]
        with database.transaction() as db:
            db.execute(insert(RecordedError), rows)

    return put


def count_of(database, client_id):
    with database.transaction(write=False) as db:
        return db.scalar(select(func.count()).where(RecordedError.client_id == client_id))


def test_equal_errors_share_a_reference_and_are_counted(recorder, find_error):
    first = recorder.record(WRONG, ENDPOINT, "192.0.2.1")
    assert recorder.record(WRONG, ENDPOINT, "192.0.2.2") == first
    assert recorder.record(replace(WRONG, cause=Cause.CODE_UNKNOWN), ENDPOINT) != first
    assert (find_error(first).count, find_error(first).address) == (2, "192.0.2.2")


@pytest.mark.only_on("sqlite")
def test_errors_are_grouped_by_detail_without_its_numbers(recorder, client_id):
    late = replace(WRONG, client_id=client_id, description="The clock is 3 s behind.")
    first = recorder.record(late, ENDPOINT)
    assert recorder.record(replace(late, description="The clock is 44 s behind."), ENDPOINT) == first
    assert recorder.record(replace(late, description="The clock is 3 s ahead."), ENDPOINT) != first
    assert recorder.record(replace(late, received="other"), ENDPOINT) != first


@pytest.mark.only_on("sqlite")
def test_errors_of_unknown_clients_are_grouped_by_cause(recorder):
    first = recorder.record(replace(WRONG, description="One.", received="one"), ENDPOINT)
    assert recorder.record(replace(WRONG, description="Two.", received="two"), ENDPOINT) == first


def test_new_error_replaces_the_oldest_of_the_same_client(database, recorder, find_error, fill, client_id):
    fill(client_id, error_log.MAX_PER_CLIENT)
    fill(client_id + 1, 3)
    reference = recorder.record(replace(WRONG, client_id=client_id), ENDPOINT)
    assert find_error(reference).count == 1
    assert count_of(database, client_id) == error_log.MAX_PER_CLIENT
    assert count_of(database, client_id + 1) == 3
    with database.transaction(write=False) as db:
        left = set(db.scalars(select(RecordedError.reference).where(RecordedError.client_id == client_id)))
    assert f"{client_id}#0" not in left
    assert f"{client_id}#1" in left


def test_clean_up_keeps_thirty_days_and_the_newest_errors_of_each_client(
    database, settings, recorder, find_error, fill, client_id
):
    fill(client_id, error_log.MAX_PER_CLIENT + 20)
    old, recent = (
        recorder.record(replace(WRONG, cause=cause), ENDPOINT)
        for cause in (Cause.CODE_UNKNOWN, Cause.CODE_REPLAYED)
    )
    with database.transaction() as db:
        for reference, days in ((old, 31), (recent, 29)):
            age = update(RecordedError).where(RecordedError.reference == reference)
            db.execute(age.values(last_at=clock.now() - timedelta(days=days)))
    deleted = sum(count for name, count in cleanup.purge(database, settings) if name == "failures")
    assert deleted == 21
    assert find_error(old) is None
    assert find_error(recent) is not None
    assert count_of(database, client_id) == error_log.MAX_PER_CLIENT


def test_errors_of_a_removed_client_are_deleted(database, recorder, client_id):
    recorder.record(replace(WRONG, client_id=client_id), ENDPOINT)
    with database.transaction() as db:
        clients.remove(db, SYSTEM, db.get_one(clients.Client, client_id))
    assert count_of(database, client_id) == 0


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "  {} ",
        "{lower}",
        "{first} {second}",
        "{first}-{second}",
        "The code has expired. (reference {})",
        "https://app.example.org/cb?error=invalid_request&error_description=No.+%28reference+{}%29&state=x",
        "Error invalid_request · Status 400 · Reference {}",
    ],
)
def test_reference_is_found_in_pasted_text(database, recorder, text):
    reference = recorder.record(WRONG, ENDPOINT)
    pasted = text.format(
        reference, lower=reference.lower(), first=reference[:4].lower(), second=reference[4:]
    )
    with database.transaction(write=False) as db:
        found = error_search.error_named_in(db, pasted)
    assert found is not None
    assert found.reference == reference


@pytest.mark.parametrize(
    "text", ["", "Grafana", "redirect_uri is not registered", "\0", "\ud800BCDFGHJK" * 300]
)
@pytest.mark.only_on("sqlite")
def test_text_without_a_reference_finds_nothing(database, recorder, text):
    recorder.record(WRONG, ENDPOINT)
    with database.transaction(write=False) as db:
        assert error_search.error_named_in(db, text) is None


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"search": "EXPIRED"}, {"code-expired"}),
        ({"search": "grafana"}, {"scope-not-registered"}),
        ({"search": "100%"}, set()),
        ({"search": "\0"}, set()),
        ({"endpoints": ("/oauth2/authorize",)}, {"scope-not-registered"}),
        ({}, {"scope-not-registered", "code-expired"}),
    ],
)
def test_errors_are_searched_by_text_client_and_endpoint(database, recorder, client_id, criteria, expected):
    recorder.record(WRONG, ENDPOINT)
    details = replace(WRONG, cause=Cause.SCOPE_NOT_REGISTERED, description="No.", client_id=client_id)
    recorder.record(details, "/oauth2/authorize")
    with database.transaction(write=False) as db:
        rows, count = error_search.page_of_errors(db, error_search.ErrorFilter(**criteria))
    assert {row.cause for row in rows} == expected
    assert count == len(expected)


def test_only_errors_of_the_last_seven_days_count_as_failing(database, recorder, client_id):
    reference = recorder.record(replace(WRONG, client_id=client_id), ENDPOINT)
    recorder.record(replace(WRONG, client_id=client_id, cause=Cause.CODE_UNKNOWN), ENDPOINT)
    with database.transaction() as db:
        assert error_search.count_recent(db, [client_id]) == {client_id: 2}
        aged = update(RecordedError).where(RecordedError.reference == reference)
        db.execute(aged.values(last_at=clock.now() - timedelta(days=8)))
    with database.transaction(write=False) as db:
        assert error_search.count_recent(db, [client_id]) == {client_id: 1}
        assert [row.id for row in client_search.page_of_clients(db, ClientFilter(is_failing=True))[0]] == [
            client_id
        ]
        assert error_search.count_recent(db, []) == {}


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (f"https://a.example/cb?code={SECRET}&x=1#state=abc", "https://a.example/cb?code=…&x=1#state=…"),
        (f"https://a.example/{SECRET}/cb", "https://a.example/…/cb"),
        ("https://user:hunter2@a.example/cb", "https://…@a.example/cb"),
        ("https://a.example/cb?client_secret=hunter2&y", "https://a.example/cb?client_secret=…&y"),
        (f"before {TOKEN} after", "before asa_1a_… after"),
        (f"scope {JWT}", "scope …"),
        ("a" * 1990 + SECRET, "…"),
        ("https://a.example/very/long-but-harmless-path-0123456789abcdef0123456789abcdef/cb", None),
        ("openid profile models.read offline_access", None),
        ("urn:ietf:params:oauth:grant-type:device_code", None),
    ],
)
def test_likely_secrets_are_redacted(recorder, find_error, text, stored):
    row = find_error(recorder.record(replace(WRONG, received=text, description=text), ENDPOINT))
    assert row.received == (text if stored is None else stored)
    assert row.detail == row.received


@pytest.mark.only_on("sqlite")
def test_errors_that_differ_only_in_a_secret_are_grouped(recorder, client_id):
    uri = "https://a.example/cb?code="
    first = recorder.record(replace(WRONG, client_id=client_id, received=f"{uri}{SECRET}"), ENDPOINT)
    assert recorder.record(replace(WRONG, client_id=client_id, received=f"{uri}other"), ENDPOINT) == first


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("grafana", "grafana"),
        ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        ("correct horse battery", "corr… (21 characters)"),
    ],
)
def test_unknown_client_key_is_shown_only_if_it_cannot_be_a_secret(key, shown):
    assert redaction.unknown_key(key) == shown


def test_long_or_unprintable_values_are_stored_shortened(recorder, find_error):
    text = "\0\ud800 wörld " + "long " * 1000
    row = find_error(recorder.record(replace(WRONG, received=text), "/" + "x" * 100))
    assert len(row.received) <= 2000
    assert row.received.endswith("…")
    assert row.endpoint == "/" + "x" * 59


@pytest.mark.only_on("sqlite")
def test_line_breaks_are_kept(recorder, find_error):
    row = find_error(
        recorder.record(replace(WRONG, expected="https://a.example/\nhttps://b.example/"), ENDPOINT)
    )
    assert row.expected.splitlines() == ["https://a.example/", "https://b.example/"]


@pytest.mark.only_on("postgresql")
def test_broken_connection_is_not_hidden(recorder, database):
    """The request cannot continue on a broken connection, so the error must propagate (database restart)."""
    with database.transaction() as db:
        _cut(database, db)
        with pytest.raises(OperationalError):
            recorder.record(WRONG, ENDPOINT, within=db)
        db.rollback()


@pytest.mark.only_on("postgresql")
def test_recording_an_error_during_a_database_restart_is_a_503(app, database, monkeypatch):
    record = ErrorLog.record

    def cut_and_record(error_log, details, endpoint, address="", within=None):
        _cut(database, within)
        return record(error_log, details, endpoint, address, within)

    monkeypatch.setattr(ErrorLog, "record", cut_and_record)
    response = app.test_client().get("/oauth2/authorize?client_id=unknown")
    assert (response.status_code, "Retry-After" in response.headers) == (503, True)


def _cut(database, db):
    """End the connection of a transaction as a restart of the database does."""
    number = db.scalar(text("SELECT pg_backend_pid()"))
    with database.transaction() as other:
        other.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
