"""The secrets of a client: several valid ones, replacement with an overlap, each shown once."""

import json
import re
from datetime import timedelta

import pytest

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain.clients import client_secrets
from tests.support import assertions, forms
from tests.web.admin.test_client_creation import code_after


def stored(console, client):
    with console.services.database.transaction(write=False) as db:
        return client_secrets.secrets_of_client(db, client)


@pytest.fixture
def client_with_secret(console):
    client = console.add_client()
    with console.services.database.transaction() as db:
        row = db.merge(client)
        client_secrets.generate(db, SYSTEM, console.services.vault, row)
    return console.client(client.client_key)


def replace(console, client, **values):
    return console.press(console.get(f"/admin/clients/{client.client_key}/secrets/new"), "Save", **values)


@pytest.mark.parametrize(("overlap", "hours"), [("1", 1), ("24", 24), ("168", 168)])
def test_new_and_old_secret_are_valid_during_the_overlap(console, client_with_secret, overlap, hours):
    (old,) = stored(console, client_with_secret)
    page = replace(console, client_with_secret, overlap=overlap)
    secret = code_after(page.text, "Client secret")
    first, second = stored(console, client_with_secret)
    assert first.id == old.id
    assert (
        timedelta(hours=hours) - timedelta(minutes=1)
        < first.expires_at - clock.now()
        <= timedelta(hours=hours)
    )
    assert second.expires_at is None
    assert secret not in console.get(f"/admin/clients/{client_with_secret.client_key}/credentials").text


def test_replace_now_ends_the_old_secret(console, client_with_secret):
    (old,) = stored(console, client_with_secret)
    replace(console, client_with_secret, overlap="0")
    assert [row.id for row in stored(console, client_with_secret)] != [old.id]
    assert len(stored(console, client_with_secret)) == 1


def test_repeated_form_adds_no_second_secret(console, client_with_secret):
    page = console.get(f"/admin/clients/{client_with_secret.client_key}/secrets/new")
    assert console.press(page, "Save").status_code == 200
    again = console.press(page, "Save")
    assert again.status_code == 409
    assert "added a secret to" in again.text
    assert len(stored(console, client_with_secret)) == 2


def test_typed_secret_is_checked(console, client_with_secret):
    wrong = replace(
        console, client_with_secret, secret_choice="typed", secret="x" * 12, secret_again="z" * 12
    )
    assert wrong.status_code == 422
    assert "The two secrets differ" in wrong.text
    assert replace(console, client_with_secret, overlap="48").status_code == 422
    assert len(stored(console, client_with_secret)) == 1


def test_last_secret_cannot_be_removed(console, client_with_secret):
    replace(console, client_with_secret, overlap="24")
    old, new = stored(console, client_with_secret)
    path = f"/admin/clients/{client_with_secret.client_key}/secrets"
    console.press(console.get(f"{path}/{old.id}/remove"), "Remove secret")
    assert [row.id for row in stored(console, client_with_secret)] == [new.id]
    answer = console.press(console.get(f"{path}/{new.id}/remove"), "Remove secret")
    assert answer.status_code == 409
    assert "only secret" in answer.text
    assert len(stored(console, client_with_secret)) == 1


def test_secret_of_another_client_is_not_found(console, client_with_secret):
    other = console.add_client("Other")
    (row,) = stored(console, client_with_secret)
    assert console.get(f"/admin/clients/{other.client_key}/secrets/{row.id}/remove").status_code == 404
    assert console.get(f"/admin/clients/{other.client_key}/secrets/{2**70}/remove").status_code == 404


def test_oauth1_secret_is_stored_encrypted(console):
    consumer = console.add_client(kind="oauth1")
    page = replace(console, consumer)
    secret = code_after(page.text, "Consumer secret")
    assert "stores it encrypted" in page.text
    (row,) = stored(console, consumer)
    assert client_secrets.reveal(console.services.vault, row) == secret


def test_secret_that_signs_jwts_is_stored_encrypted(console):
    client = console.add_client(auth_method="client_secret_jwt")
    text = replace(console, client).text
    assert "stores it encrypted" in text
    assert "only a digest" not in text


def test_consumer_with_an_rsa_key_needs_no_secret(console):
    options = {"public_key": "-----BEGIN PUBLIC KEY-----", "signature_methods": ["RSA-SHA256"]}
    with_key = console.add_client(kind="oauth1", details={"oauth1": options})
    without = console.add_client("Other", kind="oauth1")
    warning = "has no active secret"
    assert warning not in console.get(f"/admin/clients/{with_key.client_key}").text
    assert warning in console.get(f"/admin/clients/{without.client_key}").text


@pytest.fixture(params=["none", "private_key_jwt"])
def client_without_secret(console, request):
    """A client that authenticates without a secret."""
    keys = {"jwks": {"keys": [assertions.public(assertions.generate())]}}
    details = keys if request.param == "private_key_jwt" else {}
    return console.add_client(auth_method=request.param, details=details)


def test_client_without_secrets_gets_none(console, client_without_secret, trail):
    text = console.get(f"/admin/clients/{client_without_secret.client_key}/credentials").text
    assert "secrets/new" not in text
    assert "has no active secret" not in text
    path = f"/admin/clients/{client_without_secret.client_key}/secrets/new"
    sent = forms.parse(console.get(f"/admin/clients/{client_without_secret.client_key}/edit").text)[-1].fields
    form = dict(sent) | {"secret_choice": "generate", "overlap": "0"}
    for response in (console.get(path), console.browser.post(path, data=form)):
        assert response.location == f"/admin/clients/{client_without_secret.client_key}/credentials"
    with console.services.database.transaction(write=False) as db:
        assert client_secrets.secrets_of_client(db, client_without_secret) == []
    assert "client:add-secret" not in [event.event for event in trail()]


def test_secret_of_a_client_with_keys_can_be_removed(console):
    client = console.add_client()
    with console.services.database.transaction() as db:
        client_secrets.generate(db, SYSTEM, console.services.vault, db.merge(client))
    page = console.get(f"/admin/clients/{client.client_key}/tokens")
    jwks = json.dumps({"keys": [assertions.public(assertions.generate())]})
    assert console.press(page, "Save", auth_method="private_key_jwt", jwks=jwks).status_code == 303
    text = console.get(f"/admin/clients/{client.client_key}/credentials").text
    assert "The secrets below are not used." in text
    path = re.search(r'href="([^"]*/secrets/\d+/remove)', text)[1]
    assert console.press(console.get(path), "Remove secret").status_code == 303
    with console.services.database.transaction(write=False) as db:
        assert client_secrets.secrets_of_client(db, client) == []
