"""The logout metadata of a client on the command line."""

import json

import pytest

RETURN = "https://app.example/out"
BACK = "https://app.example/back"
FRONT = "https://app.example/front"


@pytest.fixture
def add(runner):
    """Return a function that registers a client with options and returns the printed JSON."""

    def run(*options):
        arguments = [
            "clients",
            "add",
            "--type",
            "oidc",
            "--name",
            "App",
            "--redirect-uri",
            "https://app.example/cb",
        ]
        return json.loads(runner.run(*arguments, *options, "--json"))

    return run


def test_logout_uris_are_registered(add):
    printed = add(
        *("--post-logout-redirect-uri", RETURN, "--post-logout-redirect-uri", f"{RETURN}2"),
        *("--backchannel-logout-uri", BACK, "--frontchannel-logout-uri", FRONT),
    )
    assert printed["details"] == {
        "post_logout_redirect_uris": [RETURN, f"{RETURN}2"],
        "backchannel_logout_uri": BACK,
        "frontchannel_logout_uri": FRONT,
    }


def test_unnamed_fields_are_kept_and_empty_values_remove(runner, add):
    key = add("--post-logout-redirect-uri", RETURN, "--backchannel-logout-uri", BACK)["client_key"]
    runner.run("clients", "edit", key, "--backchannel-logout-uri", "")
    printed = json.loads(runner.run("clients", "show", key, "--json"))
    assert printed["details"] == {"post_logout_redirect_uris": [RETURN]}


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("option", ["--backchannel-logout-uri", "--frontchannel-logout-uri"])
def test_invalid_logout_uri_is_rejected(runner, option):
    arguments = [
        "clients",
        "add",
        "--type",
        "oidc",
        "--name",
        "App",
        "--redirect-uri",
        "https://app.example/cb",
    ]
    result = runner.invoke(*arguments, option, "http://app.example/x")
    assert result.exit_code != 0
    assert "http://" in result.output
