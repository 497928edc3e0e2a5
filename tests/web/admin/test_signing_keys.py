"""Settings > Signing keys: the states of the keys of every algorithm, and manual rotation."""

import re
from dataclasses import replace

import pytest

from authserver.domain.keys import signing_keys

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


def kids(console):
    return [key["kid"] for key in console.get("/jwks.json").get_json()["keys"]]


def test_every_algorithm_is_shown(console):
    text = console.get("/admin/settings/signing-keys").text
    assert all(algorithm in text for algorithm in ALGORITHMS)
    assert all(kid in text for kid in kids(console))
    assert "90 days" in text


@pytest.mark.only_on("sqlite")
def test_key_is_rotated(console, trail):
    before = kids(console)
    page = console.get("/admin/settings/signing-keys/ES256/rotate")
    answer = console.press(page, "Rotate")
    if answer.status_code == 409:
        assert "clients may not have fetched it" in answer.text
        answer = console.press(answer, "Rotate", urgent="1")
    assert answer.status_code == 303
    assert trail()[0].event == "key:rotate"
    assert set(before) < set(kids(console))
    assert "Retired" in console.get("/admin/settings/signing-keys").text


def test_unknown_algorithm_is_not_found(console):
    assert console.get("/admin/settings/signing-keys/HS256/rotate").status_code == 404


def states(console, algorithm):
    with console.services.database.transaction(write=False) as db:
        return sorted(row.state for row in signing_keys.all_keys(db) if row.algorithm == algorithm)


def test_repeated_form_rotates_once(console):
    page = console.get("/admin/settings/signing-keys/ES256/rotate")
    assert console.press(page, "Rotate", urgent="1").status_code == 303
    again = console.press(page, "Rotate", urgent="1")
    assert again.status_code == 409
    assert "Someone else rotated the keys" in again.text
    assert states(console, "ES256") == ["active", "next", "retired"]


def test_stolen_keys_are_replaced(console):
    before = kids(console)
    page = console.get("/admin/settings/signing-keys/EdDSA/rotate")
    assert console.press(page, "Rotate", stolen="1").status_code == 303
    assert states(console, "EdDSA") == ["active", "next"]
    assert len(set(before) - set(kids(console))) == 2


def test_unpublished_algorithm_is_shown_while_a_client_needs_it(console, services, monkeypatch):
    client = console.add_client(details={"id_token_signed_response_alg": "PS256"})
    restricted = services.settings.model_copy(update={"signing_algorithms": ("RS256",)})
    monkeypatch.setitem(
        console.browser.application.extensions, "authserver", replace(services, settings=restricted)
    )
    page = console.get("/admin/settings/signing-keys").text
    assert "is registered for PS256, which is no longer published" in page
    form = console.get(f"/admin/clients/{client.client_key}/tokens").text
    select = form.partition('name="id_token_signed_response_alg"')[2].partition("</select>")[0]
    choices = set(re.findall(r'<option value="(\w+)"', select))
    assert choices == {"RS256", "PS256"}
