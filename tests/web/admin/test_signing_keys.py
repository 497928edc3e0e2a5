"""Settings > Signing keys: the states of every algorithm's keys, and rotation by hand."""

import pytest

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


def kids(console):
    return [key["kid"] for key in console.get("/jwks.json").get_json()["keys"]]


def test_every_algorithm_is_shown(console):
    text = console.get("/admin/settings/signing-keys").text
    assert all(algorithm in text for algorithm in ALGORITHMS)
    assert all(kid in text for kid in kids(console))
    assert "90 days" in text


@pytest.mark.only_on("sqlite")
def test_a_key_is_rotated(console, trail):
    before = kids(console)
    page = console.get("/admin/settings/signing-keys/ES256/rotate")
    answer = console.press(page, "Rotate")
    if answer.status_code == 409:
        assert "clients may not know it" in answer.text
        answer = console.press(answer, "Rotate", urgent="1")
    assert answer.status_code == 303
    assert trail()[0].event == "key:rotate"
    assert set(before) < set(kids(console))
    assert "Retired" in console.get("/admin/settings/signing-keys").text


def test_an_unknown_algorithm_is_not_found(console):
    assert console.get("/admin/settings/signing-keys/HS256/rotate").status_code == 404
