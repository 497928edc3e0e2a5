"""`authserver keys`: the list of signing keys, and rotation."""

from datetime import timedelta

import pytest

from authserver.domain.keys import signing_keys


def states(runner, algorithm="RS256"):
    rows = runner.run_json("keys", "list")
    return {row["kid"]: row["state"] for row in rows if row["algorithm"] == algorithm}


@pytest.mark.only_on("sqlite")
def test_list_shows_the_active_key(runner, services):
    signer = services.key_ring.signer()
    assert states(runner)[signer.kid] == "active"
    assert signer.kid in runner.run("keys", "list")


@pytest.mark.only_on("sqlite")
def test_unpublished_key_is_not_activated(runner):
    result = runner.invoke("keys", "rotate")
    assert result.exit_code == 1
    assert "clients may not have fetched it yet" in result.stderr


def test_rotation_activates_the_next_key(runner, services, moving_clock):
    before = states(runner)
    moving_clock.advance(signing_keys.PUBLISH_BEFORE_USE, seconds=1)
    runner.run("keys", "rotate")
    after = states(runner)
    changes = {(before.get(kid), state) for kid, state in after.items()}
    assert changes == {("active", "retired"), ("next", "active"), (None, "next")}
    services.key_ring.refresh()
    assert after[services.key_ring.signer().kid] == "active"


@pytest.mark.only_on("sqlite")
def test_urgent_rotation_does_not_wait(runner):
    before = {kid for kid, state in states(runner).items() if state == "active"}
    runner.run("keys", "rotate", "--now")
    assert {states(runner)[kid] for kid in before} == {"retired"}
    assert timedelta(0) < signing_keys.PUBLISH_BEFORE_USE


@pytest.mark.only_on("sqlite")
def test_keys_are_rotated_for_published_algorithms_only(runner, services, monkeypatch):
    monkeypatch.setitem(runner._environment, "AUTHSERVER_SIGNING_ALGORITHMS", "RS256")
    runner.run("keys", "rotate", "--algorithm", "ES256", "--now")  # The server has not retired it yet.
    with services.database.transaction() as db:
        for row in signing_keys.all_keys(db):
            if row.algorithm != "RS256":
                db.delete(row)
    result = runner.invoke("keys", "rotate", "--algorithm", "ES256")
    assert (result.exit_code, "AUTHSERVER_SIGNING_ALGORITHMS" in result.stderr) == (1, True)
    runner.run("keys", "rotate", "--now")
    assert {row["algorithm"] for row in runner.run_json("keys", "list")} == {"RS256"}


def test_stolen_keys_are_replaced_and_withdrawn(runner, client):
    stolen = states(runner) | states(runner, "ES256")
    runner.run("keys", "rotate", "--algorithm", "ES256", "--now")
    before = states(runner, "PS256")
    runner.run("keys", "rotate", "--stolen", "--algorithm", "RS256", "--algorithm", "ES256")
    for algorithm in ("RS256", "ES256"):
        assert sorted(states(runner, algorithm).values()) == ["active", "next"]
        assert not set(states(runner, algorithm)) & set(stolen)
    assert states(runner, "PS256") == before
    published = {key["kid"] for key in client.get("/jwks.json").get_json()["keys"]}
    assert not published & set(stolen)


@pytest.mark.only_on("sqlite")
def test_repeated_algorithm_is_rotated_once(runner):
    runner.run("keys", "rotate", "--now", "--algorithm", "ES256", "--algorithm", "ES256")
    assert sorted(states(runner, "ES256").values()) == ["active", "next", "retired"]
