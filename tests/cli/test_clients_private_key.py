"""Clients with private_key_jwt have no secret on the command line."""

import json

import pytest

from authserver.domain.clients import client_secrets, clients
from tests.support import assertions

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def arguments(tmp_path):
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [assertions.public(assertions.generate())]}))
    registration = ("--type", "oauth2", "--name", "Robot", "--grant-type", "client_credentials")
    return ("clients", "add", *registration, "--auth-method", "private_key_jwt", "--option", f"jwks=@{keys}")


def test_no_secret_is_generated(runner, database, arguments):
    added = runner.run_json(*arguments)
    assert "client_secret" not in added
    with database.transaction(write=False) as db:
        assert client_secrets.secrets_of_client(db, clients.get(db, added["client_key"])) == []


@pytest.mark.parametrize("option", ["--generate-secret", "--secret-stdin"])
def test_secret_option_is_an_error(runner, arguments, option):
    result = runner.invoke(*arguments, option, stdin="a secret that is long enough\n")
    assert result.exit_code == 2
    assert "--auth-method private_key_jwt has no secret" in result.stderr


def test_secret_command_is_an_error(runner, arguments):
    key = runner.run_json(*arguments)["client_key"]
    result = runner.invoke("clients", "secret", key)
    assert result.exit_code == 1
    assert "authenticates with private_key_jwt, so it has no secret" in result.stderr
