"""`authserver diagnostics`: recorded errors on the command line, found by their reference."""

import pytest

from authserver.context import SYSTEM
from authserver.domain.clients import clients
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.diagnostics.error_log import ErrorDetails


@pytest.fixture
def client_key(database):
    with database.transaction() as db:
        registration = ClientMetadata(
            kind="oidc", name="Grafana", redirect_uris=("https://app.example.org/cb",)
        )
        return clients.register(db, SYSTEM, registration, source="console").client_key


@pytest.fixture
def record(services, database):
    def put(cause, key=""):
        with database.transaction(write=False) as db:
            client_id = clients.get(db, key).id if key else None
        refusal = ErrorDetails("invalid_grant", cause, "It is over.", "received", "expected", client_id)
        return services.error_log.record(refusal, "/oauth2/token", "192.0.2.1")

    return put


def test_errors_are_listed_newest_first(runner, record, client_key):
    first, second = record("code-expired"), record("code-unknown", client_key)
    rows = runner.run_json("diagnostics", "list")
    assert [row["reference"] for row in rows] == [second, first]
    assert [row["client"] for row in rows] == ["Grafana", ""]
    assert first in runner.run("diagnostics", "list")
    assert len(runner.run_json("diagnostics", "list", "--limit", "1")) == 1


def test_list_is_filtered_by_client_and_text(runner, record, client_key):
    record("code-expired")
    mine = record("code-unknown", client_key)
    for options in (["--client", client_key], ["--search", "GRAFANA"], ["--search", "unknown"]):
        assert [row["reference"] for row in runner.run_json("diagnostics", "list", *options)] == [mine]
    assert runner.invoke("diagnostics", "list", "--client", "nobody").exit_code == 1


@pytest.mark.only_on("sqlite")
def test_empty_list(runner):
    assert runner.run("diagnostics", "list") == "No errors are recorded.\n"
    assert runner.run_json("diagnostics", "list") == []


@pytest.mark.parametrize("written", ["{}", "{lower}", "The code has expired. (reference {})"])
def test_error_is_shown_by_its_reference(runner, record, client_key, written):
    reference = record("code-unknown", client_key)
    facts = runner.run_json("diagnostics", "show", written.format(reference, lower=reference.lower()))
    assert facts["reference"] == reference
    assert (facts["cause"], facts["client_key"], facts["count"]) == ("code-unknown", client_key, 1)
    assert (facts["received"], facts["expected"], facts["address"]) == ("received", "expected", "192.0.2.1")
    assert facts["what_to_do"] == f"http://localhost/admin/diagnostics/{reference}"


@pytest.mark.only_on("sqlite")
def test_unknown_reference_mentions_the_retention_time(runner):
    result = runner.invoke("diagnostics", "show", "BCDFGHJK")
    assert result.exit_code == 1
    assert "30 days" in result.output
