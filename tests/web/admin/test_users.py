"""Users: create, edit, permissions, disable, reset, sessions, and protection of the last administrator."""

import re

import pytest

from authserver.domain import throttles, user_sessions
from authserver.domain.users import second_factors, users
from authserver.domain.users.sign_in_limits import SignInLimits
from tests.support.sample_users import PASSWORD, open_session
from tests.support.second_factors import set_up
from tests.web.admin.console import HTMX_DIALOG, HTMX_RESULTS
from tests.web.browser_session import sign_in

pytestmark = pytest.mark.both_databases


def find(console, username):
    with console.services.database.transaction(write=False) as db:
        return users.find(db, username)


def path(console, username):
    return f"/admin/users/{find(console, username).id}"


def shown_password(page):
    return re.search(r"<dt>Password</dt>\s*<dd><bdi dir=\"ltr\"><code>([^<]+)<", page.text)[1]


def valid_sessions(console, username):
    with console.services.database.transaction(write=False) as db:
        return user_sessions.sessions_of_user(db, users.find(db, username))


def test_list_is_searched_and_paginated(console):
    with console.services.database.transaction() as db:
        from authserver.context import SYSTEM

        for number in range(30):
            users.add(
                db,
                SYSTEM,
                username=f"user{number:02}",
                email=f"u{number}@Example.NET",
                password_hash=None,
            )
    first = console.get("/admin/users")
    assert len(re.findall(r'class="name"', first.text)) == 25
    assert "33" in first.text
    assert len(re.findall(r'class="name"', console.get("/admin/users?page=2").text)) == 8
    assert console.get("/admin/users?page=9").location == "/admin/users?page=2"
    assert "user07" in console.get("/admin/users?q=USER07").text
    assert "30 found" in console.browser.get("/admin/users?q=example.net", headers=HTMX_RESULTS).text
    for nothing in ["%25", "%00", "_", "%ff"]:
        assert "No user matches" in console.get(f"/admin/users?q={nothing}").text


def test_account_is_created_with_a_password_that_is_shown_once(console, trail):
    page = console.press(
        console.get("/admin/users/new"), "Save", username="dora", name="Dora D", email="d@example.org"
    )
    password = shown_password(page)
    user = find(console, "DORA")
    assert console.services.passwords.verify(user.password_hash, password)
    assert not user.may_configure_server
    assert password not in console.get(f"/admin/users/{user.id}").text
    assert (trail()[0].event, trail()[0].actor_name) == ("user:create", "admin")


def test_account_is_created_with_a_typed_password_and_the_permission(console):
    phrase = "staples are correct horses"
    typed = {"password_choice": "typed", "password": phrase, "password_again": phrase}
    page = console.press(
        console.get("/admin/users/new"), "Save", username="erin", may_configure_server="1", **typed
    )
    assert page.status_code == 303
    assert find(console, "erin").may_configure_server


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"username": ""}, "username", "Enter the user name."),
        ({"username": "Alice"}, "username", "This user name is taken. Choose another one."),
        ({"username": "a\0b"}, "username", "not allowed"),
        ({"email": "nobody"}, "email", "such as name@example.org"),
        (
            {"password_choice": "typed", "password": "short", "password_again": "short"},
            "password",
            "at least 12 characters",
        ),
        (
            {"password_choice": "typed", "password": "x" * 14, "password_again": "y" * 14},
            "password_again",
            "differ",
        ),
    ],
)
def test_invalid_input_is_shown_again(console, values, field, sentence):
    page = console.press(
        console.get("/admin/users/new"), "Save", **({"username": "frank", "name": "Frank"} | values)
    )
    assert page.status_code == 422
    assert sentence in page.text
    assert f'id="{field}-error"' in page.text
    assert 'value="Frank"' in page.text
    assert find(console, "frank") is None


def test_name_and_email_are_edited(console, trail):
    page = console.get(f"{path(console, 'alice')}/edit")
    assert console.press(page, "Save", email="wrong").status_code == 422
    console.press(page, "Save", name="Alice Armstrong", email="aa@example.org")
    assert (find(console, "alice").name, find(console, "alice").email) == (
        "Alice Armstrong",
        "aa@example.org",
    )
    assert trail()[0].before["name"] == "Alice Adams"


def test_conflicting_edit_shows_the_other_change(console, trail):
    pages = [console.get(f"{path(console, 'alice')}/edit") for _ in range(2)]
    assert console.press(pages[0], "Save", name="First Name").status_code == 303
    answer = console.press(pages[1], "Save", headers=HTMX_DIALOG, email="second@example.org")
    assert answer.status_code == 409
    assert "alice has changed" in answer.text
    assert all(words in answer.text for words in ("Alice Adams", "First Name", "Your change was not applied"))
    assert f'href="{path(console, "alice")}"' in answer.text
    assert trail()[0].after["name"] == "First Name"
    assert "second@example.org" not in console.get(path(console, "alice")).text


def test_change_by_the_user_is_not_overwritten(console, app):
    page = console.get(f"{path(console, 'alice')}/edit")
    browser = app.test_client()
    open_session(browser, console.services, "alice")
    own = console.__class__(browser, console.services)
    assert own.press(own.get("/account"), "Save", name="Her Own Name").status_code == 303
    assert console.press(page, "Save", email="admins@example.org").status_code == 409


def test_sign_in_does_not_change_the_revision(console, app):
    page = console.get(f"{path(console, 'alice')}/edit")
    open_session(app.test_client(), console.services, "alice")
    assert console.press(page, "Save", name="New Name").status_code == 303


def test_permission_is_granted_and_revoked(console):
    console.press(console.get(f"{path(console, 'alice')}/grant"), "Grant permission")
    assert find(console, "alice").may_configure_server
    console.press(console.get(f"{path(console, 'alice')}/withdraw"), "Withdraw permission")
    assert not find(console, "alice").may_configure_server


def test_disabling_ends_sessions_and_enabling_does_not_restore_them(console, app):
    phone = app.test_client()
    open_session(phone, console.services, "alice")
    assert phone.get("/account").status_code == 200
    console.press(console.get(f"{path(console, 'alice')}/disable"), "Disable")
    assert phone.get("/account").status_code == 303
    console.press(console.get(f"{path(console, 'alice')}/enable"), "Enable")
    assert find(console, "alice").is_active
    assert phone.get("/account").status_code == 303


@pytest.mark.parametrize(("change", "button"), [("disable", "Disable"), ("withdraw", "Withdraw permission")])
def test_last_administrator_cannot_be_removed(console, trail, change, button):
    count = len(trail())
    page = console.get(f"{path(console, 'admin')}/{change}")
    assert "your own account" in page.text
    answer = console.press(page, button)
    assert answer.status_code == 409
    assert "admin is the last administrator. Grant Configure Server to another user first." in answer.text
    assert find(console, "admin").is_active
    assert find(console, "admin").may_configure_server
    assert find(console, "admin").epoch == 0
    assert len(trail()) == count


def test_one_of_two_administrators_can_be_removed(console):
    console.press(console.get(f"{path(console, 'alice')}/grant"), "Grant permission")
    console.press(console.get(f"{path(console, 'admin')}/withdraw"), "Withdraw permission")
    assert console.get("/admin").status_code == 403


def test_password_reset_ends_all_sessions(console, app):
    phone = app.test_client()
    open_session(phone, console.services, "alice")
    page = console.get(f"{path(console, 'alice')}/password")
    password = shown_password(console.press(page, "Set password"))
    stored = find(console, "alice").password_hash
    assert console.services.passwords.verify(stored, password)
    assert not console.services.passwords.verify(stored, PASSWORD)
    assert phone.get("/account").status_code == 303
    again = console.press(page, "Set password")
    assert "was already submitted" in console.get(again.location).text
    assert find(console, "alice").password_hash == stored


def test_typed_password_is_checked_and_set(console):
    page = console.get(f"{path(console, 'alice')}/password")
    common = {"password_choice": "typed", "password": "alicealicealice", "password_again": "x"}
    assert console.press(page, "Set password", **common).status_code == 422
    good = {
        "password_choice": "typed",
        "password": "a much better phrase",
        "password_again": "a much better phrase",
    }
    assert console.press(page, "Set password", **good).status_code == 303
    assert console.services.passwords.verify(find(console, "alice").password_hash, "a much better phrase")


def test_sessions_are_listed_and_ended(console, app):
    browsers = [app.test_client() for _ in range(3)]
    for browser in browsers:
        open_session(browser, console.services, "alice")
    page = console.get(path(console, "alice"))
    assert page.text.count("203.0.113.9") >= 3
    console.press(page, "End session of 203.0.113.9")
    assert len(valid_sessions(console, "alice")) == 2
    console.press(console.get(path(console, "alice")), "End all")
    assert valid_sessions(console, "alice") == []
    assert all(browser.get("/account").status_code == 303 for browser in browsers)


def test_ending_own_sessions_keeps_the_current_one(console, app):
    other = app.test_client()
    open_session(other, console.services, "admin")
    console.press(console.get(path(console, "admin")), "End all other sessions")
    assert other.get("/account").status_code == 303
    assert console.get("/admin").status_code == 200


def test_unknown_user_is_not_found(console):
    for address in ["999", str(2**70), "0", "x"]:
        assert console.get(f"/admin/users/{address}").status_code == 404
    assert console.get(f"{path(console, 'alice')}/promote").status_code == 404


def test_second_factor_is_shown_without_its_secrets(app, console):
    assert "Remove second factor" not in console.get(path(console, "alice")).text
    totp_app = set_up(app)
    page = console.get(path(console, "alice")).text
    assert "Authenticator app" in page
    assert re.search(r"10\s+recovery codes left", page)
    listed = re.findall(r'data-label="Second factor">(.*?)</td>', console.get("/admin/users").text)
    assert ["App" in cell for cell in listed] == [False, True, False]
    for shown in (page, console.get("/admin/activity").text):
        assert not [secret for secret in (totp_app.seed, *totp_app.recovery_codes) if secret in shown]


def test_second_factor_is_removed(app, console, trail):
    set_up(app)
    asked = console.get(f"{path(console, 'alice')}/remove-second-factor")
    assert "the password alone will be enough to sign in" in asked.text
    answer = console.press(asked, "Remove second factor")
    assert answer.location == path(console, "alice")
    assert "<bdi>alice</bdi> can now sign in with the password alone." in console.get(answer.location).text
    with console.services.database.transaction(write=False) as db:
        assert not second_factors.is_enrolled(db, find(console, "alice").id)
    event = trail()[0]
    assert (event.event, event.actor_name, event.subject_name) == (
        "user:remove-second-factor",
        "admin",
        "alice",
    )
    assert console.press(asked, "Remove second factor").status_code == 303
    assert [event.event for event in trail()].count("user:remove-second-factor") == 1


def test_removing_a_second_factor_requires_a_recent_sign_in(app, console, outdate_sign_in):
    set_up(app)
    asked = console.get(f"{path(console, 'alice')}/remove-second-factor")
    outdate_sign_in()
    assert console.press(asked, "Remove second factor").status_code == 403
    assert "again=1" in console.get(f"{path(console, 'alice')}/remove-second-factor").location


def exhaust(console, count):
    """Count wrong passwords for alice from many networks."""
    services = console.services
    limits = SignInLimits(services.settings, services.vault)
    with services.database.transaction() as db:
        for number in range(count):
            throttles.charge(db, limits.of_browser("alice", f"198.51.{number // 5}.1", None))


def test_sign_in_limit_is_shown_and_lifted(console, trail, settings):
    page = console.get(path(console, "alice"))
    assert ("not reached" in page.text, "Lift the sign-in limit" in page.text) == (True, False)
    exhaust(console, settings.sign_in_attempts_per_account)
    page = console.get(path(console, "alice"))
    assert "for all browsers in which the user has not signed in before" in page.text
    asked = console.get(f"{path(console, 'alice')}/lift-limit")
    assert console.press(asked, "Lift the limit").location == path(console, "alice")
    page = console.get(path(console, "alice"))
    assert "<bdi>alice</bdi> can try to sign in again." in page.text
    assert "Lift the sign-in limit" not in page.text
    assert (trail()[0].event, trail()[0].actor_name) == ("user:lift-limit", "admin")
    assert console.press(asked, "Lift the limit").status_code == 303
    assert [event.event for event in trail()].count("user:lift-limit") == 1


def test_sign_in_limit_of_one_network_is_shown(app, console, settings):
    for _ in range(settings.sign_in_attempts):
        sign_in(app.test_client(), "alice", "wrong")
    assert "for some networks, browsers or applications" in console.get(path(console, "alice")).text


def test_lifting_a_limit_requires_a_recent_sign_in(console, outdate_sign_in):
    asked = console.get(f"{path(console, 'alice')}/lift-limit")
    outdate_sign_in()
    assert console.press(asked, "Lift the limit").status_code == 403


def test_dialog_is_sent_as_a_page_when_the_code_is_missing(app, console):
    """An administrator who set up an app elsewhere must enter a code before the next sensitive action."""
    page = console.get(f"{path(console, 'alice')}/edit")
    set_up(app, "admin")
    by_script = console.press(page, "Save", headers={"HX-Request": "true"}, name="Typed")
    assert (by_script.status_code, by_script.text) == (403, "")
    as_a_page = console.press(page, "Save", name="Typed")
    assert (as_a_page.status_code, 'id="code"' in as_a_page.text) == (403, True)


def test_sessions_show_the_authentication_methods(console):
    assert "signed in with password <time" in console.get(path(console, "admin")).text
