"""Audit entries name who did what, for every event and however a user signs in."""

import re

import pytest
from markupsafe import Markup

from authserver.domain import audit
from authserver.domain.audit import AuditEvent, Event
from authserver.domain.clients import client_secrets
from authserver.web.admin import audit_sentences
from authserver.web.admin.audit_sentences import Names
from tests.support import sample_users
from tests.support.consumer import register
from tests.support.sample_users import PASSWORD

NOBODY = Names({}, {})


def text_of(html):
    return " ".join(Markup(html).striptags().split())


def lines(console, path="/admin/activity"):
    found = re.findall(r'<p class="trail-line">(.*?)</p>', console.get(path).text, re.DOTALL)
    return [text_of(line) for line in found]


def event(kind, **values):
    usual = {"actor_name": "ada", "actor_id": 1, "subject_name": "Portal", "user_id": 2, "client_id": 3}
    return AuditEvent(event=kind, after=None, **(usual | values))


@pytest.mark.parametrize("kind", list(Event))
def test_every_event_has_a_sentence_with_names(kind):
    text = text_of(audit_sentences.sentence(event(kind), Names({2: "alice"}, {3: "Engineering Portal"})))
    assert text.endswith(".")
    assert "Someone" not in text
    assert " a user" not in text
    assert " a client" not in text
    assert any(name in text for name in ("ada", "alice", "Portal"))
    assert text != audit.EVENTS[kind]


@pytest.mark.parametrize("kind", list(Event))
def test_sentences_about_removed_records_have_no_gaps(kind):
    text = text_of(audit_sentences.sentence(event(kind, subject_name="", actor_name=""), NOBODY))
    assert " ." not in text
    assert text[0].isupper()


def test_names_cannot_contain_markup():
    html = audit_sentences.sentence(event(Event.CLIENT_CREATE, subject_name="<b>{actor}</b>"), NOBODY)
    assert "&lt;b&gt;{actor}&lt;/b&gt;" in html


def test_own_changes_are_described_as_such():
    own = event(Event.USER_SET_PASSWORD, actor_id=2)
    assert text_of(audit_sentences.sentence(own, NOBODY)) == "ada changed their password."
    assert (
        text_of(audit_sentences.sentence(event(Event.USER_SET_PASSWORD), NOBODY))
        == "ada set the password of Portal."
    )


@pytest.mark.both_databases
def test_sign_in_to_a_client_names_user_and_client(app, services, console):
    consumer = register(services, app)
    consumer.get_token_credentials()
    found = lines(console)
    assert "alice signed in to The Tool." in found
    assert "alice signed in." in found
    assert "admin signed in." in found
    assert "alice signed in to The Tool." in lines(console, f"/admin/clients/{consumer.key}/activity")


def test_password_grant_names_the_user(app, services, console, client_with_password):
    assert "alice signed in to Legacy tool with a password that the application sent." in lines(console)


def test_client_that_acts_for_itself_is_named():
    for_itself = event(
        Event.AUTHORIZATION_GRANT, subject_name="Exporter", user_id=None, actor_name="Exporter", actor_id=None
    )
    for_itself.after = {"grant_type": "client_credentials"}
    assert (
        text_of(audit_sentences.sentence(for_itself, NOBODY))
        == "Exporter was authorized to act on its own behalf."
    )


@pytest.fixture
def client_with_password(app, services, console):
    """A client to which alice signed in with the password grant."""
    values = {
        "kind": "oauth2", "name": "Legacy tool", "grant_types": ("password",), "response_types": (),
        "scopes": ("profile",), "redirect_uris": (),
    }  # fmt: skip
    client = console.add_client(approve=True, **values)
    with services.database.transaction() as db:
        secret = client_secrets.generate(db, sample_users.ACTOR, services.vault, db.merge(client))
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD}
    response = app.test_client().post("/oauth2/token", data=form, auth=(client.client_key, secret))
    assert response.status_code == 200, response.text
    return client
