"""A sector identifier URI in the console: its document is fetched when the client is saved, outside of transactions."""

from ipaddress import ip_network

import pytest

from authserver.context import SYSTEM
from authserver.domain.clients import clients
from tests.support.documents import DocumentServer

ONE, TWO = "https://a.example/cb", "https://b.example/cb"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"fetch_networks": (ip_network("127.0.0.0/8"),)})


@pytest.fixture
def sector():
    with DocumentServer([ONE, TWO]) as server:
        yield server


def add(console, sector, *uris):
    details = {"subject_type": "pairwise", "sector_identifier_uri": sector.url}
    return console.add_client(redirect_uris=uris or (ONE,), details=details)


def edit(console, client, **values):
    return console.press(console.get(f"/admin/clients/{client.client_key}/edit"), "Save", **values)


def save_tokens(console, client, **values):
    return console.press(console.get(f"/admin/clients/{client.client_key}/tokens"), "Save", **values)


def test_sector_that_lists_every_redirect_uri_is_accepted(console, sector):
    client = console.add_client(redirect_uris=(ONE, TWO))
    response = save_tokens(console, client, subject_type="pairwise", sector_identifier_uri=sector.url)
    assert response.status_code == 303
    assert console.client(client.client_key).details["sector_identifier_uri"] == sector.url
    assert sector.request_count == 1


def test_sector_that_omits_a_redirect_uri_is_rejected(console, sector):
    client = console.add_client(redirect_uris=(ONE, "https://c.example/cb"))
    answer = save_tokens(console, client, subject_type="pairwise", sector_identifier_uri=sector.url)
    assert answer.status_code == 422
    assert 'id="sector_identifier_uri-error"' in answer.text
    assert "does not list https://c.example/cb" in answer.text
    assert console.client(client.client_key).details == {}


def test_redirect_uri_outside_the_sector_is_rejected(console, sector):
    client = add(console, sector)
    response = edit(console, client, redirect_uris=f"{ONE}\nhttps://c.example/cb")
    assert response.status_code == 422
    assert 'id="redirect_uris-error"' in response.text
    assert console.client(client.client_key).redirect_uris == [ONE]
    assert edit(console, client, redirect_uris=f"{ONE}\n{TWO}").status_code == 303
    assert console.client(client.client_key).redirect_uris == [ONE, TWO]


def test_form_errors_are_reported_without_a_fetch(console, sector):
    client = add(console, sector)
    response = edit(console, client, redirect_uris="https://c.example/cb", name="")
    assert response.status_code == 422
    assert 'id="name-error"' in response.text
    assert sector.request_count == 0


def test_other_changes_do_not_fetch(console, sector):
    client = add(console, sector)
    assert edit(console, client, name="New").status_code == 303
    assert save_tokens(console, client, id_token_signed_response_alg="ES256").status_code == 303
    assert sector.request_count == 0


def test_change_during_the_fetch_is_a_conflict(console, sector):
    """No transaction is open during the fetch. The revision that the page showed is checked afterwards."""
    client = add(console, sector)

    def write() -> None:
        with console.services.database.transaction() as db:
            clients.approve(db, SYSTEM, clients.get(db, client.client_key), revision=client.revision)

    sector.meanwhile = write
    assert edit(console, client, redirect_uris=f"{ONE}\n{TWO}").status_code == 409
    saved = console.client(client.client_key)
    assert (saved.status, saved.redirect_uris) == ("approved", [ONE])
