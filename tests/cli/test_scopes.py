"""`authserver scopes`, the metadata options of clients, and the rotation of the keys of several algorithms."""

import json

import pytest

from tests.support import assertions

ROBOT = ["clients", "add", "--type", "oauth2", "--name", "Robot", "--grant-type", "client_credentials"]


def test_scope_is_added_listed_changed_and_removed(runner):
    added = runner.run_json("scopes", "add", "models.read", "--words", "Read your models")
    assert added == {"name": "models.read", "words": "Read your models", "open": False, "claims": []}
    changed = runner.run_json("scopes", "edit", "models.read", "--open")
    assert changed == added | {"open": True}
    assert runner.run_json("scopes", "list") == [changed]
    runner.run("scopes", "remove", "models.read")
    assert runner.run_json("scopes", "list") == []


def test_claims_of_a_scope_are_replaced_and_removed(runner):
    options = ("--claim", "department=attribute:department", "--claim", 'tenant="acme"')
    added = runner.run_json("scopes", "add", "directory", "--words", "See your work", *options)
    assert added["claims"] == ["department = attribute:department", 'tenant = "acme"']
    assert runner.run_json("scopes", "edit", "directory", "--open")["claims"] == added["claims"]
    changed = runner.run_json("scopes", "edit", "directory", "--claim", "login=username")
    assert changed["claims"] == ["login = username"]
    assert runner.run_json("scopes", "edit", "directory", "--no-claims")["claims"] == []
    refused = runner.invoke("scopes", "edit", "directory", "--claim", "sub=username")
    assert (refused.exit_code, "The claim sub is reserved." in refused.output) == (1, True)


@pytest.mark.parametrize("name", ["openid", "two words", 'quo"te', "é", ""])
def test_invalid_scope_name_is_rejected(runner, name):
    assert runner.invoke("scopes", "add", name, "--words", "Words").exit_code != 0


def test_removing_an_unknown_scope_is_an_error(runner):
    assert runner.invoke("scopes", "remove", "nothing").exit_code != 0


def test_client_is_registered_with_options(runner, tmp_path):
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [assertions.public(assertions.generate())]}))
    options = ["--auth-method", "private_key_jwt", "--option", f"jwks=@{keys}"]
    options += ["--option", 'resources=["https://a.example/"]', "--option", "subject_type=pairwise"]
    client = runner.run_json(*ROBOT, *options)
    assert client["details"] == {
        "jwks": json.loads(keys.read_text()),
        "resources": ["https://a.example/"],
        "subject_type": "pairwise",
    }
    edited = runner.run_json("clients", "edit", client["client_key"], "--option", "subject_type=")
    assert set(edited["details"]) == {"jwks", "resources"}


@pytest.mark.parametrize(
    "option",
    [
        "nonsense=1",
        "jwks",
        "jwks=[",
        "jwks=@/no/such/file",
        "id_token_signed_response_alg=none",
        "jwks_uri=http://x.example/",
    ],
)
def test_invalid_option_is_rejected(runner, option):
    assert runner.invoke(*ROBOT, "--option", option).exit_code != 0


def test_private_key_jwt_needs_keys(runner):
    assert "public keys" in runner.invoke(*ROBOT, "--auth-method", "private_key_jwt").output


@pytest.mark.only_on("sqlite")
def test_one_or_all_algorithms_are_rotated(runner):
    rotated = runner.run_json("keys", "rotate", "--now", "--algorithm", "ES256")
    assert [key["algorithm"] for key in rotated] == ["ES256"]
    assert {key["algorithm"] for key in runner.run_json("keys", "rotate", "--now")} == {
        "RS256",
        "PS256",
        "ES256",
        "EdDSA",
    }
    assert runner.run_json("keys", "purge") == {"removed": 0}
