"""Diagnostics of introspections that an API may not do: values, the fix, and a link to the client of the token."""

import pytest

from authserver.domain.clients import clients
from tests.support.sample_users import ACTOR

API = "https://api.example.org/"


@pytest.fixture
def clients_and_reference(console, record):
    """Return the API, the application, and the reference of an error of the API about a token of the application."""
    api = console.add_client("The API", details={"serves": [API]})
    application = console.add_client("The application")
    values = {"received": f"client_id={application.client_key}", "expected": f"resource={API}", "error": ""}
    reference = record("introspection-audience", api, endpoint="/oauth2/introspect", **values)
    return api, application, reference


def test_page_links_to_both_clients(console, clients_and_reference):
    api, application, reference = clients_and_reference
    page = console.get(f"/admin/diagnostics/{reference}").text
    assert "The token that the client asked about is not for it" in page
    assert f'href="/admin/clients/{api.client_key}"' in page
    assert f'id="token-client" href="/admin/clients/{application.client_key}/settings"' in page
    assert f'href="/admin/clients/{api.client_key}/tokens"' in page
    assert f"resource={API}" in page


def test_fix_is_done_once_the_client_has_the_right(console, clients_and_reference):
    api, _, reference = clients_and_reference
    form = console.get(f"/admin/clients/{api.client_key}/tokens")
    console.press(form, "Save", may_introspect_all="1")
    page = console.get(f"/admin/diagnostics/{reference}").text
    assert "The client may introspect all tokens now." in page
    assert 'id="fix"' not in page


def test_page_works_after_the_application_is_removed(console, clients_and_reference):
    _, application, reference = clients_and_reference
    with console.services.database.transaction() as db:
        clients.remove(db, ACTOR, clients.get(db, application.client_key))
    page = console.get(f"/admin/diagnostics/{reference}")
    assert page.status_code == 200
    assert 'id="token-client"' not in page.text
