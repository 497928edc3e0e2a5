"""Decisions about changes that clients propose: they apply to the shown revision, and are audited."""

import pytest

from tests.support import forms
from tests.support.registrant import Registrant, find_pending_change
from tests.support.relying_party import approve, disapprove, stored
from tests.web.admin.console import HTMX_DIALOG, Console


@pytest.fixture
def registrant(app, services):
    """An approved client with a proposed redirect URI and name."""
    made = Registrant.new(
        app, policy_uri="https://client.example/privacy", tos_uri="https://elsewhere.example/terms"
    )
    approve(services, made.key)
    assert made.put(redirect_uris=["https://evil.example/cb"], client_name="Bank").status_code == 200
    return made


def page_of(console: Console, registrant: Registrant):
    return console.get(f"/admin/clients/{registrant.key}")


def test_change_is_shown_before_and_after(console, registrant):
    page = page_of(console, registrant)
    assert "Changes pending approval" in page.text
    for text in ("My Example", "Bank", "https://client.example/callback", "https://evil.example/cb", "127.0.0.1",
                 "Privacy policy", "https://client.example/privacy"):  # fmt: skip
        assert text in page.text
    assert "requested a change" in console.get("/admin").text
    assert f"/admin/clients/{registrant.key}/change/approve" in console.get("/admin").text


def test_approved_change_takes_effect(console, registrant, services, trail):
    form = console.get(f"/admin/clients/{registrant.key}/change/approve")
    done = console.press(form, "Approve changes")
    assert done.status_code == 303
    row = stored(services, registrant.key)
    assert (row.name, row.redirect_uris, row.status) == ("Bank", ["https://evil.example/cb"], "approved")
    assert "privacy" not in str(row.details)
    event = trail()[0]
    assert (event.event, event.actor_name) == ("client:approve-change", "admin")
    assert (event.before["name"], event.after["name"]) == ("My Example", "Bank")
    assert "Changes pending" not in page_of(console, registrant).text


def test_discarded_change_has_no_effect(console, registrant, services, trail):
    form = console.get(f"/admin/clients/{registrant.key}/change/discard")
    assert console.press(form, "Discard changes").status_code == 303
    assert stored(services, registrant.key).name == "My Example"
    assert find_pending_change(services, registrant.key) is None
    assert trail()[0].event == "client:discard-change"


@pytest.mark.parametrize(("verb", "words"), [("approve", "Approve changes"), ("discard", "Discard changes")])
def test_decision_applies_to_the_change_that_was_shown(console, registrant, services, verb, words):
    """S2, S22: a later change by the client makes the open page outdated."""
    form = console.get(f"/admin/clients/{registrant.key}/change/{verb}")
    registrant.put(redirect_uris=["https://worse.example/cb"])
    answer = console.press(form, words)
    assert answer.status_code == 409
    assert "Someone else changed this client" in answer.text
    assert stored(services, registrant.key).redirect_uris == ["https://client.example/callback"]
    assert find_pending_change(services, registrant.key).after["redirect_uris"] == [
        "https://worse.example/cb"
    ]


@pytest.mark.parametrize(("verb", "words"), [("approve", "Approve changes"), ("discard", "Discard changes")])
def test_second_decision_is_a_conflict(console, registrant, verb, words):
    path = f"/admin/clients/{registrant.key}/change/{verb}"
    form = console.get(path)
    assert console.press(form, words).status_code == 303
    assert console.press(form, words).status_code == 409
    assert "This client has no pending changes." in console.get(path).text


def test_changed_pending_client_must_be_reviewed_again(console, app, services):
    """S2: an approval applies only to the registration that the page showed."""
    registrant = Registrant.new(app)
    form = console.get(f"/admin/clients/{registrant.key}/approve")
    registrant.put(redirect_uris=["https://evil.example/cb"])
    assert console.press(form, "Approve").status_code == 409
    assert stored(services, registrant.key).status == "pending"
    assert "evil.example" in console.get(f"/admin/clients/{registrant.key}/approve").text


def test_change_of_a_disapproved_client_is_suspended(console, registrant, services):
    """S2: the change cannot be decided while the client is disapproved, and returns when it is approved again."""
    form = console.get(f"/admin/clients/{registrant.key}/change/approve")
    disapprove(services, registrant.key)
    assert console.press(form, "Approve changes").status_code == 409
    assert "Changes pending" not in page_of(console, registrant).text
    assert "/change/approve" not in console.get("/admin").text
    approve(services, registrant.key)
    assert stored(services, registrant.key).name == "My Example"
    assert "Changes pending" in page_of(console, registrant).text


def test_deleted_client_cannot_be_approved(console, app):
    registrant = Registrant.new(app)
    form = console.get(f"/admin/clients/{registrant.key}/approve")
    assert registrant.manage("DELETE").status_code == 204
    assert console.press(form, "Approve").status_code == 404


@pytest.mark.parametrize("verb", ["approve", "discard"])
def test_decision_requires_a_recent_sign_in(console, registrant, services, outdate_sign_in, verb):
    """S22: a decision needs a recent sign-in."""
    path = f"/admin/clients/{registrant.key}/change/{verb}"
    (form,) = [form for form in forms.parse(console.get(path).text) if form.action == path]
    outdate_sign_in()
    assert console.get(path).status_code == 303
    answer = console.browser.post(path, data=dict(form.fields))
    assert answer.status_code == 403
    assert "Sign in again" in answer.text
    assert stored(services, registrant.key).name == "My Example"


def test_similar_name_shows_a_warning(console, registrant):
    console.add_client("B\u0430nk", approve=True)
    page = console.get(f"/admin/clients/{registrant.key}/change/approve", **HTMX_DIALOG)
    assert "is easily confused with another" in page.text


def test_review_shows_the_self_description(console, app):
    registrant = Registrant.new(
        app, client_uri="https://elsewhere.example/", contacts=["owner@client.example"]
    )
    page = page_of(console, registrant)
    for text in ("self-registered", "127.0.0.1", "https://elsewhere.example/", "another host",
                 "owner@client.example", "Review before you approve"):  # fmt: skip
        assert text.lower() in page.text.lower()
    listed = console.get("/admin/clients?itself=1").text
    assert registrant.key in listed


def test_audit_trail_describes_the_proposal(console, registrant):
    text = console.get(f"/admin/clients/{registrant.key}/activity").text
    assert "requested a change to its registration." in text
    assert "the client itself" in text
