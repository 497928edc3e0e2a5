"""Approve, disapprove and remove: a decision applies to the revision that was shown."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from authserver import clock
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.users import users
from tests.support import grants
from tests.support.sample_users import ACTOR
from tests.web.admin.console import HTMX_DIALOG

TWIN = "Gr\N{CYRILLIC SMALL LETTER A}f\N{CYRILLIC SMALL LETTER A}na"
KINDS = ["oauth1", "oauth2", "oidc"]


def authorize(console, client, times):
    with console.services.database.transaction() as db:
        for _ in range(times):
            grants.add_authorization(db, client, actor=ACTOR)


def record_sign_in_time(console, client, ago):
    with console.services.database.transaction() as db:
        db.get_one(Client, client.id).last_sign_in_at = clock.now() - ago


@pytest.mark.parametrize("kind", KINDS)
def test_client_of_each_type_is_approved_disapproved_and_removed(console, trail, kind):
    key = console.add_client(kind=kind).client_key
    console.press(console.get(f"/admin/clients/{key}/approve"), "Approve")
    assert console.client(key).status == "approved"
    assert console.client(key).decided_by == "admin"
    console.press(console.get(f"/admin/clients/{key}/disapprove"), "Disapprove")
    assert console.client(key).status == "disapproved"
    response = console.press(console.get(f"/admin/clients/{key}/remove"), "Remove permanently")
    assert response.location == "/admin/clients"
    assert console.client(key) is None
    assert [event.event for event in trail()[:3]] == ["client:remove", "client:disapprove", "client:approve"]
    disapproval = trail()[1]
    assert (disapproval.before["status"], disapproval.after["status"]) == ("approved", "disapproved")


def test_approval_page_shows_the_registration(console):
    client = console.add_client(
        "GRAFANA ", redirect_uris=("https://one.example:8443/a", "com.example.app:/cb")
    )
    console.add_client(TWIN)
    text = console.get(f"/admin/clients/{client.client_key}/approve").text
    for expected in [
        "tool.example.org",
        "203.0.113.9",
        "one.example:8443",
        "com.example.app:",
        "authorization_code",
    ]:
        assert expected in text
    assert "is easily confused" in text
    assert TWIN in text


def test_changed_client_is_not_approved(console, services):
    client = console.add_client()
    page = console.get(f"/admin/clients/{client.client_key}/approve")
    with services.database.transaction() as db:
        row = db.get_one(Client, client.id)
        from authserver.domain.clients import clients

        requested = ClientMetadata(kind="oidc", name="Grafana", redirect_uris=("https://evil.example/cb",))
        clients.edit(db, ACTOR, row, requested, revision=row.revision)
    response = console.press(page, "Approve")
    assert response.status_code == 409
    assert "https://evil.example/cb" in response.text
    assert "https://app.example.org/callback" in response.text
    assert "tool.example.org" in response.text
    assert console.client(client.client_key).status == "pending"


def test_outdated_disapproval_changes_nothing(console):
    client = console.add_client(approve=True)
    page = console.get(f"/admin/clients/{client.client_key}/disapprove")
    console.press(console.get(f"/admin/clients/{client.client_key}/edit"), "Save", name="Other")
    assert console.press(page, "Disapprove").status_code == 409
    after = console.client(client.client_key)
    assert (after.status, after.epoch) == ("approved", client.epoch)


@pytest.mark.both_databases
def test_invalid_revision_is_a_conflict(console):
    client = console.add_client()
    path = f"/admin/clients/{client.client_key}/approve"
    for revision in ["", "0", "-1", "²", "9" * 30, "1e3", "\0"]:
        page = console.get(path)
        assert console.press(page, "Approve", revision=revision).status_code == 409
    assert console.client(client.client_key).status == "pending"


def test_disapproval_page_counts_authorizations_and_focuses_cancel(console):
    client = console.add_client(approve=True)
    authorize(console, client, 3)
    page = console.get(f"/admin/clients/{client.client_key}/disapprove")
    assert "3 active authorizations will be revoked" in page.text
    cancel = page.text[page.text.index("Cancel</a>") - 120 : page.text.index("Cancel</a>")]
    assert "autofocus" in cancel
    console.press(page, "Disapprove")
    console.press(console.get(f"/admin/clients/{client.client_key}/approve"), "Approve")
    again = console.get(f"/admin/clients/{client.client_key}/disapprove")
    assert "no active authorizations" in again.text


def test_void_authorizations_are_not_counted(console):
    client = console.add_client(approve=True)
    authorize(console, client, 2)
    with console.services.database.transaction() as db:
        alice = users.find(db, "alice")
        for row in db.scalars(select(Authorization)):
            row.user_id, row.user_epoch = alice.id, alice.epoch
    path, ticked = f"/admin/users/{alice.id}", f"/admin/clients/bulk/disapprove?key={client.client_key}"
    assert ("2 active authorizations" in console.get(ticked).text, client.name in console.get(path).text) == (
        True,
        True,
    )
    console.press(console.get(f"{path}/disable"), "Disable")
    assert "no active authorizations" in console.get(f"/admin/clients/{client.client_key}/disapprove").text
    assert "no access granted" in console.get(path).text


def test_removing_a_client_in_use_requires_its_name(console):
    client = console.add_client("Grafana & Co", approve=True)
    authorize(console, client, 2)
    record_sign_in_time(console, client, timedelta(days=3))
    page = console.get(f"/admin/clients/{client.client_key}/remove")
    assert "2 active authorizations" in page.text
    wrong = console.press(page, "Remove permanently", typed_name="grafana")
    assert wrong.status_code == 422
    assert "Type the name exactly" in wrong.text
    assert console.client(client.client_key)
    assert console.press(wrong, "Remove permanently", typed_name="Grafana & Co").status_code == 303
    assert console.client(client.client_key) is None


def test_unused_client_is_removed_without_its_name(console):
    client = console.add_client(approve=True)
    record_sign_in_time(console, client, timedelta(days=31))
    console.press(console.get(f"/admin/clients/{client.client_key}/remove"), "Remove permanently")
    assert console.client(client.client_key) is None


def test_decision_redirects_to_the_original_list_only(console):
    key = console.add_client().client_key
    requested = "/admin/clients?kind=oidc&sort=key"
    page = console.browser.get(f"/admin/clients/{key}/approve", query_string={"back": requested})
    assert console.press(page, "Approve").location == f"{requested}&row={key}"
    for elsewhere in [
        "https://evil.example/",
        "//evil.example/",
        "/admin\\evil",
        "/account",
        "/administer",
        "/admin/../x",
    ]:
        page = console.browser.get(f"/admin/clients/{key}/disapprove", query_string={"back": elsewhere})
        assert console.press(page, "Disapprove").location == f"/admin/clients/{key}"


@pytest.mark.both_databases
def test_removed_client_is_not_found(console):
    for path in ["", "/edit", "/approve", "/disapprove", "/remove", "/credentials", "/activity"]:
        assert console.get(f"/admin/clients/0123{path}").status_code == 404
        assert console.get(f"/admin/clients/%00{path}").status_code == 404


def test_htmx_gets_a_fragment_and_a_redirect_header(console):
    key = console.add_client().client_key
    page = console.browser.get(f"/admin/clients/{key}/approve", headers=HTMX_DIALOG)
    assert "<html" not in page.text
    done = console.press(page, "Approve", headers=HTMX_DIALOG)
    assert (done.status_code, done.headers["HX-Redirect"]) == (204, f"/admin/clients/{key}")
    assert "Location" not in done.headers
    assert console.press(page, "Approve", headers=HTMX_DIALOG).status_code == 409


def test_bulk_approval_skips_changed_clients(console):
    kept, first, second = (console.add_client(name) for name in ["Kept", "First", "Second"])
    ticked = [("key", client.client_key) for client in (kept, first, second)]
    page = console.browser.get("/admin/clients/bulk/approve", query_string=ticked)
    console.press(console.get(f"/admin/clients/{kept.client_key}/edit"), "Save", name="Changed")
    response = console.press(page, "Approve")
    states = [console.client(client.client_key).status for client in (kept, first, second)]
    assert states == ["pending", "approved", "approved"]
    message = console.get(response.location).text
    assert "2 clients were approved." in message
    assert "Skipped because they have changed: <bdi>Changed</bdi>." in message


def test_bulk_disapproval_and_removal_skip_clients_in_use(console):
    used, unused = console.add_client("Used", approve=True), console.add_client("Unused", approve=True)
    record_sign_in_time(console, used, timedelta(days=1))
    ticked = [("key", client.client_key) for client in (used, unused)]
    page = console.browser.get("/admin/clients/bulk/remove", query_string=ticked)
    console.press(page, "Remove permanently")
    assert console.client(unused.client_key) is None
    page = console.browser.get("/admin/clients/bulk/disapprove", query_string=ticked)
    console.press(page, "Disapprove")
    assert console.client(used.client_key).status == "disapproved"


def test_bulk_action_without_selection_is_an_error(console):
    answer = console.get("/admin/clients/bulk/approve")
    assert "Select at least one client." in console.get(answer.location).text
