"""What a client registers for logout, on the command line."""

import json

import pytest

RETURN = "https://app.example/out"
BACK = "https://app.example/back"
FRONT = "https://app.example/front"


@pytest.fixture
def add(runner):
    """Register a client with these options and return what was printed."""

    def run(*options):
        words = [
            "clients",
            "add",
            "--type",
            "oidc",
            "--name",
            "App",
            "--redirect-uri",
            "https://app.example/cb",
        ]
        return json.loads(runner.run(*words, *options, "--json"))

    return run


def test_logout_addresses_are_registered(add):
    printed = add(
        *("--post-logout-redirect-uri", RETURN, "--post-logout-redirect-uri", f"{RETURN}2"),
        *("--backchannel-logout-uri", BACK, "--frontchannel-logout-uri", FRONT),
    )
    assert printed["details"] == {
        "post_logout_redirect_uris": [RETURN, f"{RETURN}2"],
        "backchannel_logout_uri": BACK,
        "frontchannel_logout_uri": FRONT,
    }


def test_what_is_not_named_stays_and_empty_means_none(runner, add):
    key = add("--post-logout-redirect-uri", RETURN, "--backchannel-logout-uri", BACK)["client_key"]
    runner.run("clients", "edit", key, "--backchannel-logout-uri", "")
    printed = json.loads(runner.run("clients", "show", key, "--json"))
    assert printed["details"] == {"post_logout_redirect_uris": [RETURN]}


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("option", ["--backchannel-logout-uri", "--frontchannel-logout-uri"])
def test_a_wrong_address_is_refused_with_a_sentence(runner, option):
    words = ["clients", "add", "--type", "oidc", "--name", "App", "--redirect-uri", "https://app.example/cb"]
    result = runner.invoke(*words, option, "http://app.example/x")
    assert result.exit_code != 0
    assert "http://" in result.output
