"""The token settings and keys of a client in the console: shown, saved and validated."""

import json

import pytest

from authserver.domain.clients import clients, registrations
from authserver.errors import InvalidInput
from authserver.web.admin.client_forms import ClientForm
from tests.support import assertions, forms


def page(console, client):
    return console.get(f"/admin/clients/{client.client_key}/tokens")


def test_options_are_saved_and_shown_again(console):
    client = console.add_client()
    response = console.press(
        page(console, client),
        "Save",
        id_token_signed_response_alg="ES256",
        access_token_signed_response_alg="EdDSA",
        subject_type="pairwise",
        resources="https://a.example/\nhttps://b.example/",
    )
    assert response.status_code == 303
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


def test_client_keys_are_saved(console):
    client = console.add_client()
    jwks = {"keys": [assertions.public(assertions.generate(), kid="one")]}
    response = console.press(
        page(console, client), "Save", auth_method="private_key_jwt", jwks=json.dumps(jwks)
    )
    assert response.status_code == 303
    saved = console.client(client.client_key)
    assert (saved.auth_method, saved.details["jwks"]) == ("private_key_jwt", jwks)


def test_private_and_malformed_keys_are_rejected(console):
    client = console.add_client()
    private = {"keys": [assertions.generate().as_dict(private=True)]}
    for values, fault in (
        ({"jwks": json.dumps(private)}, "Never share private"),
        ({"jwks": "nonsense"}, "Enter a JWK set in JSON"),
        ({"auth_method": "private_key_jwt"}, "needs the application&#39;s public keys"),
        ({"jwks_uri": "http://keys.example/"}, "https URL"),
        ({"resources": "calendar"}, "absolute URI"),
    ):
        response = console.press(page(console, client), "Save", **values)
        assert response.status_code == 422, values
        assert fault in response.text
    assert console.client(client.client_key).details == {}


def test_other_details_are_kept(console):
    client = console.add_client(details={"may_verify_requests": True})
    console.press(page(console, client), "Save", subject_type="pairwise")
    assert console.client(client.client_key).details == {
        "may_verify_requests": True,
        "subject_type": "pairwise",
    }


def test_lifetimes_are_entered_with_units(console):
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


def test_lifetime_outside_the_limits_is_rejected(console):
    client = console.add_client()
    for value, fault in (("2d", "from 1m to 1d"), ("5s", "from 1m to 1d"), ("soon", "Enter a duration")):
        response = console.press(page(console, client), "Save", access_token_lifetime=value)
        assert response.status_code == 422, value
        assert fault in response.text
        assert f'value="{value}"' in response.text
    assert console.client(client.client_key).details == {}


@pytest.mark.both_databases
def test_oauth1_consumer_has_no_token_settings(console):
    client = console.add_client(kind="oauth1")
    settings = f"/admin/clients/{client.client_key}/settings"
    assert page(console, client).location == settings
    edit = console.get(f"/admin/clients/{client.client_key}/edit")
    token = next(dict(form.fields)["csrf_token"] for form in forms.parse(edit.text) if form.method == "post")
    sent = {"csrf_token": token, "auth_method": "a\0b", "jwks_uri": "javascript:alert(1)"}
    assert console.browser.post(f"/admin/clients/{client.client_key}/tokens", data=sent).location == settings
    assert "do not apply to OAuth 1.0a consumers" in console.get(settings).text
    assert console.client(client.client_key).details == {}


@pytest.mark.both_databases
@pytest.mark.parametrize("auth_method", ["a\0b", "nonsense", "x" * 40, "\ud800", "private_key_jwt"])
@pytest.mark.parametrize("kind", ["oauth1", "oidc"])
def test_authentication_method_is_validated_for_every_kind(console, kind, auth_method):
    client = console.add_client(kind=kind)
    with console.services.database.transaction() as db:
        stored = clients.get(db, client.client_key)
        values = ClientForm.from_client(stored).values() | {"auth_method": auth_method}
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
def test_details_are_validated_for_oauth1_consumers_too(console, details):
    with pytest.raises(InvalidInput):
        console.add_client(kind="oauth1", details=details)
