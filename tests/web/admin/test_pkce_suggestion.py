"""The console observes whether a client sends PKCE, and offers to require it."""

import pytest

from authserver.domain.clients.clients import OBSERVED_SIGN_INS
from tests.support.relying_party import RelyingParty, edit, register, stored

SENTENCE = "This client sent PKCE in its last 20 sign-ins. Require it."
WITHOUT = {"code_challenge": None, "code_challenge_method": None}


@pytest.fixture
def party(app, services):
    return RelyingParty(app, *register(services, is_trusted=True))


def page_of(console, party, tab=""):
    return console.get(f"/admin/clients/{party.key}{tab}")


def observe(services, party, count):
    """Set the number of sign-ins with PKCE."""
    with services.database.transaction() as db:
        db.merge(stored(services, party.key)).pkce_sign_ins = count


@pytest.mark.both_databases
def test_client_that_always_sends_pkce_can_be_required_to_with_one_click(console, services, trail, party):
    for _ in range(OBSERVED_SIGN_INS - 1):
        party.code()
    assert "Require PKCE" not in page_of(console, party).text
    party.code()
    party.code()
    assert SENTENCE in page_of(console, party, "/settings").text
    page = page_of(console, party)
    assert SENTENCE in page.text
    response = console.press(page, "Require PKCE")
    assert response.location == f"/admin/clients/{party.key}"
    assert "must use PKCE now." in console.get(response.location).text
    assert "Require PKCE" not in page_of(console, party).text
    assert stored(services, party.key).is_pkce_required
    event = trail()[0]
    assert (event.event, event.before["pkce_required"], event.after["pkce_required"]) == (
        "client:edit",
        False,
        True,
    )
    assert "error=invalid_request" in party.authorize(**WITHOUT).location


@pytest.mark.both_databases
def test_sign_in_without_pkce_starts_the_count_again(console, services, party):
    observe(services, party, OBSERVED_SIGN_INS - 1)
    party.code(**WITHOUT)
    party.code()
    assert stored(services, party.key).pkce_sign_ins == 1
    assert "Require PKCE" not in page_of(console, party).text


def test_sign_in_with_the_consent_page_is_counted(app, services, sample_users):
    party = RelyingParty(app, *register(services))
    assert party.authorized(prompt="consent").status_code == 303
    assert stored(services, party.key).pkce_sign_ins == 1


def test_observation_does_not_change_the_revision(services, party):
    before = stored(services, party.key).revision
    party.code()
    assert stored(services, party.key).revision == before


def test_sign_in_without_a_code_is_not_counted(app, services):
    registration = {"grant_types": ("implicit",), "response_types": ("id_token",), "is_trusted": True}
    party = RelyingParty(app, *register(services, **registration))
    party.authorized(response_type="id_token", **WITHOUT)
    assert stored(services, party.key).pkce_sign_ins is None


def test_public_client_gets_no_suggestion(app, console, services):
    party = RelyingParty(app, *register(services, auth_method="none"))
    observe(services, party, OBSERVED_SIGN_INS)
    assert "Require PKCE" not in page_of(console, party).text


def test_click_after_a_sign_in_without_pkce_changes_nothing(console, services, party):
    observe(services, party, OBSERVED_SIGN_INS)
    page = page_of(console, party)
    party.code(**WITHOUT)
    response = console.press(page, "Require PKCE")
    assert "Nothing was changed" in console.get(response.location).text
    assert not stored(services, party.key).is_pkce_required


def test_click_after_another_change_shows_the_conflict(console, services, party):
    observe(services, party, OBSERVED_SIGN_INS)
    page = page_of(console, party)
    edit(services, party.key, name="Another name")
    assert console.press(page, "Require PKCE").status_code == 409
    assert not stored(services, party.key).is_pkce_required


def test_click_needs_a_recent_sign_in(console, services, party, outdate_sign_in):
    observe(services, party, OBSERVED_SIGN_INS)
    page = page_of(console, party)
    outdate_sign_in()
    asked = console.press(page, "Require PKCE")
    assert asked.status_code == 403
    assert not stored(services, party.key).is_pkce_required
    assert f'href="/admin/clients/{party.key}"' in asked.text


def test_command_line_shows_the_observation(runner, services, party):
    observe(services, party, 7)
    assert runner.run_json("clients", "show", party.key)["pkce_sign_ins"] == 7
