"""Users > Groups, and the groups and attributes on the page of a user."""

from html import unescape

import pytest

from authserver.domain.groups import groups as records
from tests.support import groups
from tests.web.admin.console import HTMX_DIALOG, HTMX_RESULTS


def find(console, name):
    with console.services.database.transaction(write=False) as db:
        return records.find(db, name)


def user(console, username="alice"):
    with console.services.database.transaction(write=False) as db:
        return groups.find_user(db, username)


def path(console, name="Engineering"):
    return f"/admin/users/groups/{find(console, name).id}"


@pytest.fixture
def engineering(console):
    """A group with Alice."""
    return groups.add(console.services.database, "Engineering", "alice")


def test_group_is_created(console, trail):
    page = console.press(
        console.get("/admin/users/groups/new"), "Save", name="Engineering", description="Builds aircraft"
    )
    assert page.location == path(console)
    text = console.get("/admin/users/groups").text
    assert "Engineering" in text
    assert "Builds aircraft" in text
    assert (trail()[0].event, trail()[0].subject_name) == ("group:add", "Engineering")


@pytest.mark.parametrize("name", ["", "ENGINEERING", "a=b", "a\0b"])
def test_invalid_name_is_shown_again(console, engineering, name):
    page = console.press(
        console.get("/admin/users/groups/new"), "Save", name=name, description="Builds aircraft"
    )
    assert page.status_code == 422
    assert 'id="name-error"' in page.text
    assert "Builds aircraft" in page.text


def test_group_is_renamed(console, engineering, trail):
    form = console.get(f"{path(console)}/edit")
    assert "A new name changes the claim" in form.text
    assert console.press(form, "Save", name="Aerodynamics").status_code == 303
    assert user(console).group_names == ["Aerodynamics"]
    assert trail()[0].before["name"] == "Engineering"


def test_conflicting_edit_shows_the_other_change(console, engineering):
    pages = [console.get(f"{path(console)}/edit") for _ in range(2)]
    assert console.press(pages[0], "Save", description="First words").status_code == 303
    answer = console.press(pages[1], "Save", headers=HTMX_DIALOG, description="Second words")
    assert answer.status_code == 409
    assert "First words" in answer.text
    assert find(console, "Engineering").description == "First words"


def test_members_are_found_added_and_removed(console, engineering, trail):
    page = console.get(f"{path(console)}?q=bob")
    assert console.press(page, "Add bob").status_code == 303
    assert user(console, "bob").group_names == ["Engineering"]
    assert "bob was added" not in trail()[0].event
    page = console.get(path(console))
    assert console.press(page, "Remove alice").status_code == 303
    assert user(console).group_names == []
    assert (trail()[0].event, trail()[0].subject_name) == ("group:remove-member", "Engineering")
    assert "admin removed alice from the group Engineering." in striptags(console.get("/admin/activity"))


def striptags(page):
    import re

    return unescape(re.sub(r"<[^>]+>", "", page.text))


def test_search_shows_the_results_alone(console, engineering):
    page = console.get(f"{path(console)}?q=bo", **HTMX_RESULTS)
    assert "Add" in page.text
    assert "<html" not in page.text
    assert "No other user matches." in console.get(f"{path(console)}?q=nobody").text


@pytest.mark.parametrize("user_id", ["", "x", "0", "9" * 30, "999"])
def test_unknown_member_is_not_found(console, engineering, user_id):
    page = console.get(f"{path(console)}?q=bob")
    assert console.press(page, "Add bob", user_id=user_id).status_code == 404


def test_unknown_group_is_not_found(console):
    assert console.get("/admin/users/groups/999").status_code == 404


def test_group_is_removed(console, engineering, trail):
    page = console.get(f"{path(console)}/remove")
    assert "The group has 1 member." in page.text
    assert console.press(page, "Remove").status_code == 303
    assert find(console, "Engineering") is None
    assert user(console).group_names == []
    assert trail()[0].before["members"] == 1


def test_group_of_a_client_is_not_removed(console, engineering):
    page = console.get(f"{path(console)}/remove")
    console.add_client("Portal", details={"allowed_groups": ["Engineering"]})
    assert console.press(page, "Remove").status_code == 409
    page = console.get(f"{path(console)}/remove")
    assert "Portal" in page.text
    assert "cannot be removed" in page.text
    assert "Portal" in console.get(path(console)).text


def test_groups_of_a_user_are_changed(console, engineering):
    other = groups.add(console.services.database, "Wing")
    alice = f"/admin/users/{user(console).id}"
    assert "Engineering" in console.get(alice).text
    assert console.press(console.get(f"{alice}/groups"), "Save", group=[other.id]).status_code == 303
    assert user(console).group_names == ["Wing"]


def test_conflicting_change_of_the_groups_of_a_user(console, engineering):
    alice = f"/admin/users/{user(console).id}"
    form = console.get(f"{alice}/groups")
    groups.leave(console.services.database, "Engineering", "alice")
    answer = console.press(form, "Save", headers=HTMX_DIALOG)
    assert answer.status_code == 409
    assert "removed" in answer.text
    assert user(console).group_names == []


def test_attributes_are_changed(console):
    alice = f"/admin/users/{user(console).id}"
    typed = "department=Wings\nteams[]=a\nteams[]=b"
    assert console.press(console.get(f"{alice}/attributes"), "Save", attributes=typed).status_code == 303
    assert user(console).attributes == {"department": "Wings", "teams": ["a", "b"]}
    assert "Wings" in console.get(alice).text
    form = console.get(f"{alice}/attributes")
    assert console.press(form, "Save", attributes="department").status_code == 422
    assert "Write each attribute as NAME=VALUE" in console.press(form, "Save", attributes="department").text
    assert user(console).attributes["department"] == "Wings"


def test_deleted_line_removes_the_attribute(console):
    alice = f"/admin/users/{user(console).id}"
    groups.set_attributes(console.services.database, "alice", department="Wings", site="North")
    console.press(console.get(f"{alice}/attributes"), "Save", attributes="site=North\n")
    assert user(console).attributes == {"site": "North"}


@pytest.mark.parametrize("page", ["/edit", "/remove"])
def test_changes_need_a_recent_sign_in(console, engineering, outdate_sign_in, page):
    outdate_sign_in()
    assert "/sign-in" in console.get(f"{path(console)}{page}").location
