"""Token lifetimes of one client on the command line: given with units, stored in seconds."""

import json

import pytest

pytestmark = pytest.mark.only_on("sqlite")
ADD = ("clients", "add", "--type", "oidc", "--name", "App", "--redirect-uri", "https://app.example.org/cb")


def test_lifetimes_are_set_and_removed(runner):
    options = ("--option", "access_token_lifetime=1h", "--option", "refresh_token_lifetime=400d")
    added = runner.run_json(*ADD, *options)
    assert added["details"] == {"access_token_lifetime": 3600, "refresh_token_lifetime": 400 * 86400}
    edited = runner.run_json("clients", "edit", added["client_key"], "--option", "access_token_lifetime=")
    assert edited["details"] == {"refresh_token_lifetime": 400 * 86400}


def test_lifetime_outside_the_limits_is_rejected(runner):
    result = runner.invoke(*ADD, "--option", "id_token_lifetime=2d", "--json")
    assert result.exit_code == 1
    assert "from 1m to 1d" in json.loads(result.stdout)["fields"]["id_token_lifetime"]


def test_malformed_lifetime_is_a_usage_error(runner):
    result = runner.invoke(*ADD, "--option", "id_token_lifetime=soon")
    assert result.exit_code == 2
    assert "a duration such as 90s, 15m" in result.stderr
