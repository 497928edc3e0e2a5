"""A client's tokens and keys in the console: every option is shown, saved, and refused when it is wrong."""

import json

import pytest

from authserver.domain.clients import clients, registrations
from authserver.errors import InvalidInput
from authserver.web.admin.client_forms import ClientForm
from tests.support import assertions
from tests.web.admin.console import forms


def page(console, client):
    return console.get(f"/admin/clients/{client.client_key}/tokens")


def test_options_are_saved_and_shown_again(console):
    client = console.add_client()
    answer = console.press(
        page(console, client),
        "Save",
        id_token_signed_response_alg="ES256",
        access_token_signed_response_alg="EdDSA",
        subject_type="pairwise",
        resources="https://a.example/\nhttps://b.example/",
    )
    assert answer.status_code == 303
    assert console.client(client.client_key).details == {
        "id_token_signed_response_alg": "ES256",
        "access_token_signed_response_alg": "EdDSA",
        "subject_type": "pairwise",
        "resources": ["https://a.example/", "https://b.example/"],
    }
    assert console.press(page(console, client), "Save").status_code == 303
    assert console.client(client.client_key).details["resources"] == [
        "https://a.example/",
        "https://b.example/",
    ]


def test_a_client_gets_keys_of_its_own(console):
    client = console.add_client()
    jwks = {"keys": [assertions.public(assertions.generate(), kid="one")]}
    answer = console.press(
        page(console, client), "Save", auth_method="private_key_jwt", jwks=json.dumps(jwks)
    )
    assert answer.status_code == 303
    saved = console.client(client.client_key)
    assert (saved.auth_method, saved.details["jwks"]) == ("private_key_jwt", jwks)


def test_private_keys_and_nonsense_are_refused(console):
    client = console.add_client()
    private = {"keys": [assertions.generate().as_dict(private=True)]}
    for values, fault in (
        ({"jwks": json.dumps(private)}, "Never share private"),
        ({"jwks": "nonsense"}, "Enter a JWK set in JSON"),
        ({"auth_method": "private_key_jwt"}, "needs the application&#39;s public keys"),
        ({"jwks_uri": "http://keys.example/"}, "https URL"),
        ({"resources": "calendar"}, "absolute URI"),
    ):
        answer = console.press(page(console, client), "Save", **values)
        assert answer.status_code == 422, values
        assert fault in answer.text
    assert console.client(client.client_key).details == {}


def test_other_details_are_kept(console):
    client = console.add_client(details={"may_verify_requests": True})
    console.press(page(console, client), "Save", subject_type="pairwise")
    assert console.client(client.client_key).details == {
        "may_verify_requests": True,
        "subject_type": "pairwise",
    }


def test_lifetimes_are_written_as_people_write_them(console):
    client = console.add_client()
    shown = page(console, client)
    assert "(15m by default)" in shown.text
    values = {"access_token_lifetime": "1h", "id_token_lifetime": "90", "refresh_token_lifetime": "400d"}
    assert console.press(shown, "Save", **values).status_code == 303
    stored = console.client(client.client_key)
    assert stored.revision > client.revision
    assert stored.details == {
        "access_token_lifetime": 3600,
        "id_token_lifetime": 90,
        "refresh_token_lifetime": 400 * 86400,
    }
    again = page(console, client)
    assert 'value="400d"' in again.text
    assert console.press(again, "Save", access_token_lifetime="", id_token_lifetime="").status_code == 303
    assert console.client(client.client_key).details == {"refresh_token_lifetime": 400 * 86400}


def test_a_lifetime_out_of_bounds_is_refused(console):
    client = console.add_client()
    for value, fault in (("2d", "from 1m to 1d"), ("5s", "from 1m to 1d"), ("soon", "Enter a length like")):
        answer = console.press(page(console, client), "Save", access_token_lifetime=value)
        assert answer.status_code == 422, value
        assert fault in answer.text
        assert f'value="{value}"' in answer.text
    assert console.client(client.client_key).details == {}


@pytest.mark.both_databases
def test_an_oauth1_consumer_is_not_offered_them(console):
    client = console.add_client(kind="oauth1")
    settings = f"/admin/clients/{client.client_key}/settings"
    assert page(console, client).location == settings
    edit = console.get(f"/admin/clients/{client.client_key}/edit")
    token = next(dict(form.fields)["csrf_token"] for form in forms(edit.text) if form.method == "post")
    sent = {"csrf_token": token, "auth_method": "a\0b", "jwks_uri": "javascript:alert(1)"}
    assert console.browser.post(f"/admin/clients/{client.client_key}/tokens", data=sent).location == settings
    assert "OAuth 1.0a has none of these" in console.get(settings).text
    assert console.client(client.client_key).details == {}


@pytest.mark.both_databases
@pytest.mark.parametrize("auth_method", ["a\0b", "nonsense", "x" * 40, "\ud800", "private_key_jwt"])
@pytest.mark.parametrize("kind", ["oauth1", "oidc"])
def test_an_authentication_method_is_judged_for_every_kind(console, kind, auth_method):
    client = console.add_client(kind=kind)
    with console.services.database.transaction() as db:
        stored = clients.get(db, client.client_key)
        values = ClientForm.of(stored).values() | {"auth_method": auth_method}
        with pytest.raises(InvalidInput):
            registrations.validate_change(stored, values)


@pytest.mark.parametrize(
    "details",
    [
        {"jwks_uri": "javascript:alert(1)"},
        {"id_token_signed_response_alg": "none"},
        {"policy_uri": "javascript:alert(1)"},
        {"backchannel_logout_uri": "x"},
        {"access_token_lifetime": -1},
    ],
)
def test_details_are_judged_for_an_oauth1_consumer_too(console, details):
    with pytest.raises(InvalidInput):
        console.add_client(kind="oauth1", details=details)
