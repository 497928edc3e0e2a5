"""`authserver clients show|approve|approve-change|discard-change`: self-registered clients and their proposed changes."""

import json

import pytest

from tests.support.registrant import Registrant, find_pending_change
from tests.support.relying_party import stored


@pytest.fixture
def registrant(app):
    return Registrant.new(app)


@pytest.fixture
def changing_client(runner, registrant):
    """An approved client with a proposed name."""
    assert runner.invoke("clients", "approve", registrant.key).exit_code == 0
    assert registrant.put(client_name="Bank").status_code == 200
    return registrant


def show(runner, registrant):
    return json.loads(runner.invoke("clients", "show", registrant.key, "--json").stdout)


def test_change_is_shown_and_approved(runner, changing_client, services):
    facts = show(runner, changing_client)
    assert (facts["change"]["before"], facts["change"]["after"]) == ({"name": "My Example"}, {"name": "Bank"})
    assert "name: My Example -> Bank" in runner.invoke("clients", "show", changing_client.key).stdout
    done = runner.invoke(
        "clients", "approve-change", changing_client.key, "--revision", str(facts["revision"])
    )
    assert (done.exit_code, done.stdout) == (0, "Approved the change to Bank: name.\n")
    assert stored(services, changing_client.key).name == "Bank"
    assert show(runner, changing_client)["change"] is None


def test_change_is_discarded(runner, changing_client, services):
    done = runner.invoke("clients", "discard-change", changing_client.key, "--json")
    assert json.loads(done.stdout) == {"client_key": changing_client.key, "discarded": ["name"]}
    assert find_pending_change(services, changing_client.key) is None


@pytest.mark.parametrize("verb", ["approve-change", "discard-change"])
def test_decision_applies_to_one_revision(runner, changing_client, services, verb):
    revision = show(runner, changing_client)["revision"]
    changing_client.put(client_name="Other bank")
    result = runner.invoke("clients", verb, changing_client.key, "--revision", str(revision))
    assert result.exit_code == 1
    assert "Someone else changed this client" in result.stderr
    assert find_pending_change(services, changing_client.key).after["name"] == "Other bank"


@pytest.mark.parametrize("verb", ["approve-change", "discard-change"])
def test_decision_without_a_change_is_an_error(runner, registrant, verb):
    result = runner.invoke("clients", verb, registrant.key)
    assert result.exit_code == 1
    assert "This client has no pending change." in result.stderr


def test_approval_applies_to_one_revision(runner, registrant, services):
    """S2: a pending client may change its registration while an administrator looks at it."""
    revision = show(runner, registrant)["revision"]
    registrant.put(client_name="Bank")
    assert runner.invoke("clients", "approve", registrant.key, "--revision", str(revision)).exit_code == 1
    assert stored(services, registrant.key).status == "pending"
    revision = show(runner, registrant)["revision"]
    assert runner.invoke("clients", "approve", registrant.key, "--revision", str(revision)).exit_code == 0
