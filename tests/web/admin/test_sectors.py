"""A sector identifier URI in the console: its document is fetched when the client is saved or approved."""

from ipaddress import ip_network

import pytest

from authserver.context import SYSTEM
from authserver.domain.clients import clients
from tests.support import relying_party
from tests.support.documents import DocumentServer
from tests.support.registrant import Registrant

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


def waiting(console, sector, *uris):
    details = {"subject_type": "pairwise", "sector_identifier_uri": sector.url}
    return console.add_client(redirect_uris=uris or (ONE,), details=details)


def approve(console, client):
    return console.press(console.get(f"/admin/clients/{client.client_key}/approve"), "Approve")


def test_approval_fetches_the_sector(console, sector):
    client = waiting(console, sector, ONE, TWO)
    assert approve(console, client).status_code == 303
    assert console.client(client.client_key).is_approved
    assert sector.request_count == 1


def test_approval_of_a_client_outside_its_sector_is_rejected(console, sector):
    client = waiting(console, sector, "https://c.example/cb")
    answer = approve(console, client)
    assert answer.status_code == 422
    assert "does not list https://c.example/cb" in answer.text
    assert not console.client(client.client_key).is_approved


def test_outdated_approval_does_not_fetch(console, sector, services):
    client = waiting(console, sector)
    page = console.get(f"/admin/clients/{client.client_key}/approve")
    with services.database.transaction() as db:
        clients.touch(clients.get(db, client.client_key))
    assert console.press(page, "Approve").status_code == 409
    assert sector.request_count == 0


def test_approval_while_the_server_is_busy_is_a_503(console, sector, services):
    client = waiting(console, sector)
    page = console.get(f"/admin/clients/{client.client_key}/approve")
    for _ in range(services.settings.fetch_concurrency):
        services.fetcher._slots.acquire()
    try:
        answer = console.press(page, "Approve")
    finally:
        for _ in range(services.settings.fetch_concurrency):
            services.fetcher._slots.release()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert "busy with fetching documents" in answer.text


def test_bulk_approval_skips_clients_with_a_sector(console, sector):
    client, plain = waiting(console, sector), console.add_client(name="Plain")
    url = f"/admin/clients/bulk/approve?key={client.client_key}&key={plain.client_key}"
    answer = console.press(console.get(url), "Approve")
    assert "must be approved one by one" in console.get(answer.location).text
    assert not console.client(client.client_key).is_approved
    assert console.client(plain.client_key).is_approved
    assert sector.request_count == 0


def registered_change(app, sector, services):
    registrant = Registrant.new(app, redirect_uris=[ONE])
    relying_party.approve(services, registrant.key)
    metadata = {"subject_type": "pairwise", "sector_identifier_uri": sector.url}
    assert registrant.put(redirect_uris=[ONE], **metadata).status_code == 200
    return registrant.key


@pytest.mark.parametrize(("listed", "status"), [([ONE], 303), ([TWO], 422)])
def test_approval_of_a_change_fetches_the_new_sector(app, console, sector, services, listed, status):
    key = registered_change(app, sector, services)
    sector.document = listed
    answer = console.press(console.get(f"/admin/clients/{key}/change/approve"), "Approve changes")
    assert answer.status_code == status
    assert ("sector_identifier_uri" in console.client(key).details) is (status == 303)
    assert sector.request_count == 1
