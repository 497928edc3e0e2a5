"""`authserver groups`, and the attributes and groups that other commands show and change."""

import pytest

from tests.support import groups
from tests.support.relying_party import register, stored

pytestmark = pytest.mark.usefixtures("sample_users")


def failure(runner, *arguments):
    """Run a command that must fail, and return its output."""
    result = runner.invoke(*arguments)
    assert result.exit_code == 1, result.output
    return result.output


def test_group_is_added_listed_changed_and_removed(runner):
    added = runner.run_json("groups", "add", "Engineering", "--description", "Builds aircraft")
    assert added == {"name": "Engineering", "description": "Builds aircraft"}
    changed = runner.run_json("groups", "edit", "engineering", "--name", "Aerodynamics")
    assert changed == added | {"name": "Aerodynamics"}
    assert runner.run_json("groups", "list") == [changed | {"members": 0}]
    assert runner.run_json("groups", "remove", "Aerodynamics") == changed | {"removed": True}
    assert runner.run("groups", "list") == "There are no groups.\n"


def test_members_are_added_and_removed(runner):
    runner.run("groups", "add", "Engineering")
    assert runner.run("groups", "add-member", "Engineering", "ALICE") == (
        "alice is now a member of Engineering.\n"
    )
    assert runner.run_json("groups", "add-member", "Engineering", "alice")["changed"] is False
    assert runner.run_json("groups", "show", "Engineering")["members"] == ["alice"]
    (alice,) = runner.run_json("users", "list", "--search", "alice")
    assert alice["groups"] == ["Engineering"]
    assert runner.run_json("groups", "remove-member", "Engineering", "alice")["groups"] == []
    assert runner.run("groups", "remove-member", "Engineering", "alice") == (
        "alice was not a member of Engineering.\n"
    )


@pytest.mark.parametrize("name", ["", "a,b", "a=b", "two\nlines", "x" * 101, "\u200b"])
def test_invalid_name_is_rejected(runner, name):
    failure(runner, "groups", "add", name)


def test_name_is_unique_in_any_case(runner):
    runner.run("groups", "add", "Engineering")
    assert "This name is taken." in failure(runner, "groups", "add", "ENGINEERING")


@pytest.mark.parametrize(
    "arguments", [("show", "x"), ("edit", "x"), ("remove", "x"), ("add-member", "x", "alice")]
)
def test_unknown_group_is_an_error(runner, arguments):
    assert "There is no group with the name x." in failure(runner, "groups", *arguments)


def test_unknown_member_is_an_error(runner):
    runner.run("groups", "add", "Engineering")
    assert "There is no user with the name nobody." in failure(
        runner, "groups", "add-member", "Engineering", "nobody"
    )


def test_group_of_a_client_cannot_be_removed(runner, services):
    key, _ = register(services, name="Portal")
    runner.run("groups", "add", "Engineering")
    runner.run("clients", "edit", key, "--option", 'allowed_groups=["engineering"]')
    assert stored(services, key).details["allowed_groups"] == ["Engineering"]
    assert "Portal" in failure(runner, "groups", "remove", "Engineering")
    assert runner.run_json("groups", "show", "Engineering")["clients"] == ["Portal"]
    runner.run("clients", "edit", key, "--option", "allowed_groups=")
    runner.run("groups", "remove", "Engineering")


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ('allowed_groups=["Nobody"]', "There is no group Nobody."),
        ('roles=["editor=Nobody"]', "There is no group Nobody."),
        ('roles=["editor"]', "Write each role as ROLE=GROUP"),
        ("id_token_claims=some", "Choose one of minimal, all."),
    ],
)
def test_invalid_option_of_a_client_is_rejected(runner, services, option, sentence):
    key, _ = register(services)
    assert sentence in failure(runner, "clients", "edit", key, "--option", option)


def test_options_are_set_for_a_new_client(runner, database):
    groups.add(database, "Engineering")
    options = ("--option", 'roles=["editor=Engineering"]', "--option", "id_token_claims=all")
    client = runner.run_json(
        "clients",
        "add",
        "--type",
        "oidc",
        "--name",
        "Portal",
        "--redirect-uri",
        "https://a.example/cb",
        *options,
    )
    assert client["details"]["roles"] == ["editor=Engineering"]
    assert client["details"]["id_token_claims"] == "all"


def test_attributes_are_set_and_removed(runner):
    values = (
        "--attribute",
        "department=Wings",
        "--attribute",
        "teams[]=a",
        "--attribute",
        "n=1",
        "--attribute",
        "n=2",
    )
    user = runner.run_json("users", "edit", "alice", *values)
    assert user["attributes"] == {"department": "Wings", "n": ["1", "2"], "teams": ["a"]}
    user = runner.run_json("users", "edit", "alice", "--attribute", "teams=", "--attribute", "n=3")
    assert user["attributes"] == {"department": "Wings", "n": "3"}


@pytest.mark.parametrize("value", ["department", "=x", "two words=x", "a=" + "x" * 501, "a=\u200b"])
def test_invalid_attribute_is_rejected(runner, value):
    failure(runner, "users", "edit", "alice", "--attribute", value)
