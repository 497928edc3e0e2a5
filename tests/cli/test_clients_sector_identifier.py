"""A sector identifier URI on the command line: its document is fetched before the client is stored or approved."""

import pytest

from authserver.domain.clients import client_search, clients
from tests.support.documents import DocumentServer

ONE, TWO = "https://a.example/cb", "https://b.example/cb"
pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def sector(monkeypatch):
    monkeypatch.setenv("AUTHSERVER_FETCH_NETWORKS", "127.0.0.0/8")
    with DocumentServer([ONE, TWO]) as server:
        yield server


def arguments(sector, *uris):
    named = [part for uri in uris for part in ("--redirect-uri", uri)]
    option = ("--option", f"sector_identifier_uri={sector.url}", "--option", "subject_type=pairwise")
    return ("clients", "add", "--type", "oidc", "--name", "App", *named, *option)


def test_sector_that_lists_every_redirect_uri_is_accepted(runner, database, sector):
    added = runner.run_json(*arguments(sector, ONE, TWO))
    assert added["details"]["sector_identifier_uri"] == sector.url
    assert sector.request_count == 1


def test_sector_that_omits_a_redirect_uri_is_rejected(runner, database, sector):
    result = runner.invoke(*arguments(sector, ONE, "https://c.example/cb"))
    assert result.exit_code == 1
    assert "does not list https://c.example/cb" in result.output
    with database.transaction(write=False) as db:
        assert client_search.page_of_clients(db) == ([], 0)


def test_changed_redirect_uris_are_checked_again(runner, database, sector):
    key = runner.run_json(*arguments(sector, ONE))["client_key"]
    runner.run("clients", "edit", key, "--name", "Other")
    assert sector.request_count == 1
    assert runner.invoke("clients", "edit", key, "--redirect-uri", "https://c.example/cb").exit_code == 1
    runner.run("clients", "edit", key, "--redirect-uri", TWO)
    with database.transaction(write=False) as db:
        assert clients.get(db, key).redirect_uris == [TWO]


def test_approval_fetches_the_sector(runner, sector):
    key = runner.run_json(*arguments(sector, ONE))["client_key"]
    sector.document = [TWO]
    result = runner.invoke("clients", "approve", key)
    assert result.exit_code == 1
    assert f"does not list {ONE}" in result.output
    assert runner.invoke("clients", "approve", key, "--revision", "9").exit_code == 1
    assert sector.request_count == 2
    sector.document = [ONE]
    runner.run("clients", "approve", key)
    assert sector.request_count == 3
