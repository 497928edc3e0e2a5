"""`authserver clients show|approve|approve-change|discard-change`: what clients registered and asked for themselves."""

import json

import pytest

from tests.support.registrant import Registrant, find_pending_change
from tests.support.relying_party import stored


@pytest.fixture
def registrant(app):
    return Registrant.new(app)


@pytest.fixture
def asking(runner, registrant):
    """An approved client that asks for another name."""
    assert runner.invoke("clients", "approve", registrant.key).exit_code == 0
    assert registrant.put(client_name="Bank").status_code == 200
    return registrant


def shown(runner, registrant):
    return json.loads(runner.invoke("clients", "show", registrant.key, "--json").stdout)


def test_a_change_is_shown_and_approved(runner, asking, services):
    facts = shown(runner, asking)
    assert (facts["change"]["before"], facts["change"]["after"]) == ({"name": "My Example"}, {"name": "Bank"})
    assert "name: My Example -> Bank" in runner.invoke("clients", "show", asking.key).stdout
    done = runner.invoke("clients", "approve-change", asking.key, "--revision", str(facts["revision"]))
    assert (done.exit_code, done.stdout) == (0, "Approved the change of Bank: name.\n")
    assert stored(services, asking.key).name == "Bank"
    assert shown(runner, asking)["change"] is None


def test_a_change_is_discarded(runner, asking, services):
    done = runner.invoke("clients", "discard-change", asking.key, "--json")
    assert json.loads(done.stdout) == {"client_key": asking.key, "discarded": ["name"]}
    assert find_pending_change(services, asking.key) is None


@pytest.mark.parametrize("verb", ["approve-change", "discard-change"])
def test_only_what_was_seen_is_decided(runner, asking, services, verb):
    revision = shown(runner, asking)["revision"]
    asking.put(client_name="Other bank")
    refused = runner.invoke("clients", verb, asking.key, "--revision", str(revision))
    assert refused.exit_code == 1
    assert "Someone else changed this client" in refused.stderr
    assert find_pending_change(services, asking.key).after["name"] == "Other bank"


@pytest.mark.parametrize("verb", ["approve-change", "discard-change"])
def test_without_a_change_there_is_nothing_to_decide(runner, registrant, verb):
    refused = runner.invoke("clients", verb, registrant.key)
    assert refused.exit_code == 1
    assert "This client has no pending change." in refused.stderr


def test_a_client_is_approved_as_it_was_seen(runner, registrant, services):
    """S2: a pending client may change itself while somebody looks at it."""
    revision = shown(runner, registrant)["revision"]
    registrant.put(client_name="Bank")
    assert runner.invoke("clients", "approve", registrant.key, "--revision", str(revision)).exit_code == 1
    assert stored(services, registrant.key).status == "pending"
    revision = shown(runner, registrant)["revision"]
    assert runner.invoke("clients", "approve", registrant.key, "--revision", str(revision)).exit_code == 0
