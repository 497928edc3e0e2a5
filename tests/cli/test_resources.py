"""`authserver resources`, the options of clients about resources, and the setting that resources replaced."""

import pytest

API = "https://api.example.org/models"


def test_resource_is_added_listed_changed_and_removed(runner):
    added = runner.run_json("resources", "add", API, "--name", "Models API", "--scope", "a.read a.write")
    expected = {"identifier": API, "name": "Models API", "scopes": ["a.read", "a.write"], "open": False}
    assert added == expected
    changed = runner.run_json("resources", "edit", API, "--open", "--scope", "a.read", "--scope", "b.read")
    assert changed == expected | {"open": True, "scopes": ["a.read", "b.read"]}
    assert runner.run_json("resources", "edit", API, "--name", "API")["scopes"] == ["a.read", "b.read"]
    assert runner.run_json("resources", "edit", API, "--scope", "")["scopes"] == []
    assert [row["name"] for row in runner.run_json("resources", "list")] == ["API"]
    runner.run("resources", "remove", API)
    assert runner.run_json("resources", "list") == []


def test_list_is_a_table(runner):
    assert "No resources are defined." in runner.run("resources", "list")
    runner.run("resources", "add", API, "--name", "Models API", "--scope", "a.read")
    output = runner.run("resources", "list")
    assert all(text in output for text in (API, "Models API", "a.read"))


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["models", "--name", "API"], "absolute URI"),
        ([f"{API}#part", "--name", "API"], "absolute URI"),
        (["https://api.example.org/é", "--name", "API"], "absolute URI"),
        ([f"{API}/{'x' * 2000}", "--name", "API"], "absolute URI"),
        ([API, "--name", " "], "Enter the name"),
        ([API, "--name", "API", "--scope", "openid"], "OpenID Connect defines the scope openid"),
        ([API, "--name", "API", "--scope", 'quo"te'], "scope is invalid"),
        ([API, "--name", "API", "--scope", " ".join(map(str, range(101)))], "at most 100 scopes"),
    ],
)
def test_invalid_resource_is_rejected(runner, arguments, fault):
    result = runner.invoke("resources", "add", *arguments)
    assert result.exit_code != 0
    assert fault in result.output.replace("\n", " ")
    assert runner.run_json("resources", "list") == []


def test_resource_cannot_be_defined_twice(runner):
    runner.run("resources", "add", API, "--name", "API")
    result = runner.invoke("resources", "add", API, "--name", "Other")
    assert result.exit_code != 0
    assert "already defined" in result.output


@pytest.mark.parametrize("command", [["edit", API, "--open"], ["remove", API]])
def test_unknown_resource_is_an_error(runner, command):
    result = runner.invoke("resources", *command)
    assert result.exit_code != 0
    assert "does not exist" in result.output


def test_client_has_the_right_and_the_type_header(runner):
    client = runner.run_json(
        "clients", "add", "--type", "oauth2", "--name", "Gateway", "--grant-type", "client_credentials",
        "--option", "may_introspect_all=true", "--option", "access_token_typ=JWT",
    )  # fmt: skip
    assert client["details"] == {"may_introspect_all": True, "access_token_typ": "JWT"}
    edit = ["clients", "edit", client["client_key"]]
    assert runner.run_json(*edit, "--option", "may_introspect_all=")["details"] == {"access_token_typ": "JWT"}
    assert "Choose one of at+jwt, JWT." in runner.invoke(*edit, "--option", "access_token_typ=jwt").output
