"""A client's tokens and keys in the console: every option is shown, saved, and refused when it is wrong."""

import json

from tests.support import assertions


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
        ({"jwks": json.dumps(private)}, "keep the private ones"),
        ({"jwks": "nonsense"}, "not a JWK set"),
        ({"auth_method": "private_key_jwt"}, "needs the application&#39;s public keys"),
        ({"jwks_uri": "http://keys.example/"}, "https address"),
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
