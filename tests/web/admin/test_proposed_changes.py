"""The console decides about changes that clients ask for themselves: exactly what was shown, audited, never laundered."""

import pytest

from tests.support.registrant import Registrant, find_pending_change
from tests.support.relying_party import approve, disapprove, stored
from tests.web.admin.console import HTMX_DIALOG, Console, forms


@pytest.fixture
def registrant(app, services):
    """An approved client that has asked for another redirect URI and name."""
    made = Registrant.new(
        app, policy_uri="https://client.example/privacy", tos_uri="https://elsewhere.example/terms"
    )
    approve(services, made.key)
    assert made.put(redirect_uris=["https://evil.example/cb"], client_name="Bank").status_code == 200
    return made


def page_of(console: Console, registrant: Registrant):
    return console.get(f"/admin/clients/{registrant.key}")


def test_the_change_is_shown_before_and_after(console, registrant):
    page = page_of(console, registrant)
    assert "Changes pending approval" in page.text
    for text in ("My Example", "Bank", "https://client.example/callback", "https://evil.example/cb", "127.0.0.1",
                 "Privacy policy", "https://client.example/privacy"):  # fmt: skip
        assert text in page.text
    assert "asked for a change" in console.get("/admin").text
    assert f"/admin/clients/{registrant.key}/change/approve" in console.get("/admin").text


def test_approving_makes_the_change_count(console, registrant, services, trail):
    form = console.get(f"/admin/clients/{registrant.key}/change/approve")
    done = console.press(form, "Approve the change")
    assert done.status_code == 303
    row = stored(services, registrant.key)
    assert (row.name, row.redirect_uris, row.status) == ("Bank", ["https://evil.example/cb"], "approved")
    assert "privacy" not in str(row.details)
    event = trail()[0]
    assert (event.event, event.actor_name) == ("client:approve-change", "admin")
    assert (event.before["name"], event.after["name"]) == ("My Example", "Bank")
    assert "Changes pending" not in page_of(console, registrant).text


def test_discarding_leaves_the_client_as_it_was(console, registrant, services, trail):
    form = console.get(f"/admin/clients/{registrant.key}/change/discard")
    assert console.press(form, "Discard").status_code == 303
    assert stored(services, registrant.key).name == "My Example"
    assert find_pending_change(services, registrant.key) is None
    assert trail()[0].event == "client:discard-change"


@pytest.mark.parametrize(("verb", "words"), [("approve", "Approve the change"), ("discard", "Discard")])
def test_only_what_was_shown_is_decided(console, registrant, services, verb, words):
    """S2, S22: a later change by the client makes the page that is open worthless."""
    form = console.get(f"/admin/clients/{registrant.key}/change/{verb}")
    registrant.put(redirect_uris=["https://worse.example/cb"])
    answer = console.press(form, words)
    assert answer.status_code == 409
    assert "Someone else changed this client" in answer.text
    assert stored(services, registrant.key).redirect_uris == ["https://client.example/callback"]
    assert find_pending_change(services, registrant.key).after["redirect_uris"] == [
        "https://worse.example/cb"
    ]


@pytest.mark.parametrize(("verb", "words"), [("approve", "Approve the change"), ("discard", "Discard")])
def test_a_decision_is_taken_once(console, registrant, verb, words):
    path = f"/admin/clients/{registrant.key}/change/{verb}"
    form = console.get(path)
    assert console.press(form, words).status_code == 303
    assert console.press(form, words).status_code == 409
    assert "This client has no pending changes." in console.get(path).text


def test_a_pending_client_that_changes_itself_is_looked_at_again(console, app, services):
    """S2: approve exactly what you saw."""
    registrant = Registrant.new(app)
    form = console.get(f"/admin/clients/{registrant.key}/approve")
    registrant.put(redirect_uris=["https://evil.example/cb"])
    assert console.press(form, "Approve").status_code == 409
    assert stored(services, registrant.key).status == "pending"
    assert "evil.example" in console.get(f"/admin/clients/{registrant.key}/approve").text


def test_the_change_of_a_disapproved_client_rests(console, registrant, services):
    """S2: it cannot be decided about by the way, and is there again with a new approval."""
    form = console.get(f"/admin/clients/{registrant.key}/change/approve")
    disapprove(services, registrant.key)
    assert console.press(form, "Approve the change").status_code == 409
    assert "Changes pending" not in page_of(console, registrant).text
    assert "/change/approve" not in console.get("/admin").text
    approve(services, registrant.key)
    assert stored(services, registrant.key).name == "My Example"
    assert "Changes pending" in page_of(console, registrant).text


def test_a_deleted_client_cannot_be_approved(console, app):
    registrant = Registrant.new(app)
    form = console.get(f"/admin/clients/{registrant.key}/approve")
    assert registrant.manage("DELETE").status_code == 204
    assert console.press(form, "Approve").status_code == 404


@pytest.mark.parametrize("verb", ["approve", "discard"])
def test_it_takes_a_recent_sign_in(console, registrant, services, grow_old, verb):
    """S22."""
    path = f"/admin/clients/{registrant.key}/change/{verb}"
    (form,) = [form for form in forms(console.get(path).text) if form.action == path]
    grow_old()
    assert console.get(path).status_code == 303
    answer = console.browser.post(path, data=dict(form.fields))
    assert answer.status_code == 403
    assert "Sign in again" in answer.text
    assert stored(services, registrant.key).name == "My Example"


def test_a_name_that_looks_like_another_s_is_pointed_out(console, registrant):
    console.add_client("B\u0430nk", approve=True)
    page = console.get(f"/admin/clients/{registrant.key}/change/approve", **HTMX_DIALOG)
    assert "is easily confused with another" in page.text


def test_the_review_shows_who_registered_and_what_it_says_of_itself(console, app):
    registrant = Registrant.new(
        app, client_uri="https://elsewhere.example/", contacts=["owner@client.example"]
    )
    page = page_of(console, registrant)
    for text in ("self-registered", "127.0.0.1", "https://elsewhere.example/", "another host",
                 "owner@client.example", "Review before you approve"):  # fmt: skip
        assert text.lower() in page.text.lower()
    listed = console.get("/admin/clients?itself=1").text
    assert registrant.key in listed


def test_the_audit_trail_reads_well(console, registrant):
    text = console.get(f"/admin/clients/{registrant.key}/activity").text
    assert "A client asked for a change of its registration." in text
    assert "the client itself" in text
