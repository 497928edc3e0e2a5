"""Accounts in the console: verified addresses, renaming, erasing and exporting."""

import json
import re

import pytest

from authserver.context import SYSTEM
from authserver.domain.users import user_search, users
from authserver.domain.users.users import User
from tests.support.sample_users import open_session
from tests.web.admin.console import HTMX_DIALOG

pytestmark = pytest.mark.both_databases


def find(console, username):
    with console.services.database.transaction(write=False) as db:
        return users.find(db, username)


def path(console, username):
    return f"/admin/users/{find(console, username).id}"


def test_new_account_has_a_verified_address_only_with_the_mark(console):
    new = console.get("/admin/users/new")
    console.press(new, "Save", username="dora", email="dora@example.org", email_verified="1")
    console.press(new, "Save", username="erin", email="erin@example.org")
    assert (find(console, "dora").email_verified, find(console, "erin").email_verified) == (True, False)


def test_address_is_verified_and_the_trail_says_so(console, trail):
    page = console.get(f"{path(console, 'alice')}/edit")
    console.press(page, "Save", email_verified="1")
    assert find(console, "alice").email_verified
    event = trail()[0]
    assert (event.before["email_verified"], event.after["email_verified"]) == (False, True)
    assert re.search(r"alice@example.org</bdi> <span[^>]*>verified", console.get(path(console, "alice")).text)
    assert re.search(r"bob@example.org</bdi> <span[^>]*>not verified", console.get(path(console, "bob")).text)
    page = console.get(f"{path(console, 'alice')}/edit")
    console.press(page, "Save", email_verified=None)
    assert not find(console, "alice").email_verified


def test_removed_address_is_not_verified(console):
    console.press(console.get(f"{path(console, 'alice')}/edit"), "Save", email="", email_verified="1")
    assert (find(console, "alice").email, find(console, "alice").email_verified) == ("", False)


def test_phone_number_is_set_and_verified(console):
    page = console.get(f"{path(console, 'alice')}/edit")
    bad = console.press(page, "Save", phone_number="030", name="Other")
    assert bad.status_code == 422
    assert 'id="phone_number-error"' in bad.text
    assert find(console, "alice").name == "Alice Adams"
    console.press(page, "Save", phone_number="+49 30 1234567", phone_number_verified="1")
    assert find(console, "alice").profile == {
        "phone_number": "+49 30 1234567",
        "phone_number_verified": True,
    }
    assert "+49 30 1234567" in console.get(path(console, "alice")).text
    console.press(console.get(f"{path(console, 'alice')}/edit"), "Save", phone_number="")
    assert find(console, "alice").profile == {}


@pytest.mark.parametrize("email", ["bob@example.org", "BOB@example.org"])
def test_taken_address_is_an_error(console, email):
    answer = console.press(console.get(f"{path(console, 'alice')}/edit"), "Save", email=email)
    assert answer.status_code == 422
    assert "This e-mail address is taken. Enter another one." in answer.text
    new = console.press(console.get("/admin/users/new"), "Save", username="dora", email=email)
    assert new.status_code == 422
    assert find(console, "dora") is None


def test_address_of_several_accounts_is_named(console):
    with console.services.database.transaction() as db:
        bob = db.get_one(User, find(console, "bob").id)
        bob.email, bob.email_key = "alice@example.org", None
    page = console.get(path(console, "bob")).text
    assert f'href="{path(console, "alice")}"' in page
    assert "has the same address" in page
    assert "has the same address" not in console.get(path(console, "alice")).text
    console.press(console.get(f"{path(console, 'alice')}/edit"), "Save", email="new@example.org")
    assert "Edit the user and save the address again." in console.get(path(console, "bob")).text
    console.press(console.get(f"{path(console, 'bob')}/edit"), "Save")
    assert find(console, "bob").email_key == "alice@example.org"
    assert "save the address again" not in console.get(path(console, "bob")).text


def test_user_is_renamed_and_stays_signed_in(console, app, trail):
    phone = app.test_client()
    open_session(phone, console.services, "alice")
    before = find(console, "alice")
    answer = console.press(console.get(f"{path(console, 'alice')}/rename"), "Rename", username="Alicia")
    assert "Alicia" in console.get(answer.location).text
    after = find(console, "alicia")
    assert (after.id, after.subject, after.epoch) == (before.id, before.subject, before.epoch)
    assert find(console, "alice") is None
    assert "Alicia" in phone.get("/account").text
    event = trail()[0]
    assert (event.event, event.before["username"], event.after["username"]) == (
        "user:rename", "alice", "Alicia",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["bob", "BOB", "bob@example.org", "", "a\0b"])
def test_taken_or_invalid_name_is_an_error(console, name):
    page = console.get(f"{path(console, 'alice')}/rename")
    answer = console.press(page, "Rename", headers=HTMX_DIALOG, username=name)
    assert answer.status_code == 422
    assert 'id="username-error"' in answer.text
    assert find(console, "alice") is not None


def test_rename_conflicts_with_another_change(console):
    page = console.get(f"{path(console, 'alice')}/rename")
    with console.services.database.transaction() as db:
        user = users.find(db, "alice")
        users.edit(db, SYSTEM, user, name="Other", email=user.email)
    assert console.press(page, "Rename", username="alicia").status_code == 409
    assert find(console, "alice") is not None


def test_account_is_erased_after_the_name_was_typed(console, app, trail):
    phone = app.test_client()
    open_session(phone, console.services, "alice")
    own, page = path(console, "alice"), console.get(f"{path(console, 'alice')}/erase")
    assert "1 session, and the access of 0 applications" in " ".join(page.text.split())
    wrong = console.press(page, "Erase permanently", typed_name="bob")
    assert wrong.status_code == 422
    assert 'id="typed_name-error"' in wrong.text
    assert find(console, "alice").is_active
    answer = console.press(page, "Erase permanently", typed_name="alice")
    assert answer.location == own
    shown = console.get(own).text
    assert "The account <bdi>alice</bdi> was erased." in shown
    assert "Erased" in shown
    assert "Enable" not in shown
    assert phone.get("/account").status_code == 303
    assert "alice@example.org" not in console.get("/admin/users").text
    assert (trail()[0].event, trail()[0].subject_name, trail()[0].actor_name) == (
        "user:erase", "alice", "admin",
    )  # fmt: skip
    assert "erased the account" in console.get("/admin/activity").text


def test_erased_account_cannot_be_changed_from_a_page_that_is_still_open(console):
    own = path(console, "alice")
    presses = {
        "edit": "Save", "rename": "Rename", "erase": "Erase permanently", "grant": "Grant permission",
        "password": "Set password",
    }  # fmt: skip
    pages = {name: console.get(f"{own}/{name}") for name in presses}
    console.press(console.get(f"{own}/erase"), "Erase permanently", typed_name="alice")
    statuses = {
        name: console.press(pages[name], button, typed_name="alice").status_code
        for name, button in presses.items()
        if name != "password"
    }
    assert set(statuses.values()) <= {409, 422}
    assert console.press(pages["password"], "Set password").status_code == 303
    assert console.press(console.get(f"{own}/password"), "Set password").status_code == 409
    assert console.press(console.get(f"{own}/enable"), "Enable").status_code == 409
    assert console.get(f"{own}/erase").status_code == 200
    user = find(console, f"erased-{own.rpartition('/')[2]}")
    assert (user.is_active, user.password_hash, user.may_configure_server) == (False, None, False)


def test_own_account_cannot_be_erased(console):
    console.press(console.get(f"{path(console, 'alice')}/grant"), "Grant permission")
    page = console.get(f"{path(console, 'admin')}/erase")
    assert "This is your own account." in page.text
    assert "Erase permanently" not in page.text
    other = console.get(f"{path(console, 'alice')}/erase")
    form_page = console.browser.post(
        f"{path(console, 'admin')}/erase",
        data={"typed_name": "admin", "revision": "1", "csrf_token": csrf_token(other)},
    )
    assert form_page.status_code == 409
    assert find(console, "admin").is_active


def csrf_token(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]


def test_data_of_a_user_is_exported(console, trail):
    page = console.get(path(console, "alice"))
    response = console.press(page, "Export data of alice")
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    assert json.loads(response.text)["account"]["username"] == "alice"
    assert (trail()[0].event, trail()[0].actor_name, trail()[0].subject_name) == (
        "user:export", "admin", "alice",
    )  # fmt: skip


@pytest.mark.parametrize("action", ["rename", "erase"])
def test_dialogs_require_a_recent_sign_in(console, outdate_sign_in, action):
    page = console.get(f"{path(console, 'alice')}/{action}")
    detail = console.get(path(console, "alice"))
    outdate_sign_in()
    assert console.get(f"{path(console, 'alice')}/{action}").status_code == 303
    button = {"rename": "Rename", "erase": "Erase permanently"}[action]
    assert console.press(page, button, typed_name="alice", username="zoe").status_code == 403
    assert console.press(detail, "Export data of alice").status_code == 403
    assert find(console, "alice").is_active


def test_erased_accounts_are_not_counted(console):
    with console.services.database.transaction(write=False) as db:
        before = user_search.count(db)
    console.press(console.get(f"{path(console, 'alice')}/erase"), "Erase permanently", typed_name="alice")
    with console.services.database.transaction(write=False) as db:
        assert user_search.count(db) == (before[0] - 1, before[1] - 1)
