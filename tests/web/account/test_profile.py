"""The profile page: what users may change is a setting, and a new address needs a recent sign-in."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from authserver.context import SYSTEM
from authserver.domain.orm import Database
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import profiles, users
from authserver.domain.users.users import User
from authserver.settings import Settings
from tests.support import forms
from tests.support.sample_users import PASSWORD
from tests.web.browser_session import sign_in


@pytest.fixture
def allowed() -> tuple[str, ...]:
    """What users may change in a test."""
    return ("name", "email")


@pytest.fixture
def settings(settings: Settings, allowed: tuple[str, ...]) -> Settings:
    return settings.model_copy(update={"users_may_change": allowed})


@pytest.fixture
def signed_in(client: FlaskClient, sample_users: dict[str, User]) -> FlaskClient:
    sign_in(client, "alice")
    return client


def stored(database: Database, username: str = "alice") -> User:
    with database.transaction(write=False) as db:
        user = users.find(db, username)
        assert user is not None
        return user


def post(browser: FlaskClient, **values: str) -> Any:
    """Post the profile form with these fields only, as somebody who does not use the page could."""
    token = dict(forms.find(browser.get("/account"), "profile-save").fields)["csrf_token"]
    return browser.post("/account", data={"csrf_token": token} | values)


def outdate_sign_in(database: Database, settings: Settings) -> None:
    with database.transaction() as db:
        too_old = settings.recent_sign_in + timedelta(minutes=1)
        row = db.query(UserSession).one()
        db.execute(update(UserSession).values(signed_in_at=row.signed_in_at - too_old))


def test_own_change_of_the_address_is_unverified(signed_in: FlaskClient, database: Database) -> None:
    with database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.edit(db, SYSTEM, user, name=user.name, email=user.email, email_verified=True)
    assert "confirmed by an administrator" in signed_in.get("/account").text
    answer = forms.submit(signed_in, signed_in.get("/account"), "profile-save", email="new@example.org")
    assert answer.status_code == 303
    assert (stored(database).email, stored(database).email_verified) == ("new@example.org", False)
    assert "not confirmed" in signed_in.get("/account").text


def test_user_cannot_verify_the_own_address_or_phone_number(
    signed_in: FlaskClient, database: Database
) -> None:
    marks = {"email_verified": "1", "phone_number_verified": "true", "phone_number": "+49 30 1234567"}
    assert post(signed_in, **marks).status_code == 303
    user = stored(database)
    assert (user.email_verified, user.profile) == (
        False,
        {"phone_number": "+49 30 1234567", profiles.VERIFIED: False},
    )


def test_address_of_another_account_is_refused_without_its_name(
    signed_in: FlaskClient, database: Database
) -> None:
    page = signed_in.get("/account")
    answer = forms.submit(signed_in, page, "profile-save", email="BOB@example.org", nickname="Al")
    assert answer.status_code == 422
    assert "This e-mail address is taken. Enter another one." in answer.text
    assert 'value="Al"' in answer.text
    assert "Bob Brown" not in answer.text
    assert stored(database).email == "alice@example.org"


def test_invalid_address_is_named_and_other_input_is_kept(signed_in: FlaskClient, database: Database) -> None:
    page = signed_in.get("/account")
    answer = forms.submit(signed_in, page, "profile-save", name="New name", email="nonsense")
    assert answer.status_code == 422
    assert "Enter an e-mail address such as" in answer.text
    assert 'value="New name"' in answer.text
    assert stored(database).name == "Alice Adams"


def test_new_address_requires_a_recent_sign_in(
    signed_in: FlaskClient, database: Database, settings: Settings
) -> None:
    """S22: the input survives the sign-in. Other changes need none."""
    outdate_sign_in(database, settings)
    page = signed_in.get("/account")
    assert forms.submit(signed_in, page, "profile-save", name="Alice B").status_code == 303
    asked = forms.submit(signed_in, signed_in.get("/account"), "profile-save", email="new@example.org")
    assert asked.status_code == 403
    assert stored(database).email == "alice@example.org"
    offered = forms.submit(signed_in, asked, "login-submit", password=PASSWORD)
    assert forms.submit(signed_in, offered, "resume-submit").status_code == 303
    assert stored(database).email == "new@example.org"


@pytest.mark.parametrize(
    ("allowed", "locked"),
    [
        (("name",), {"email"}),
        (("email",), {"name"}),
        ((), {"name", "email"}),
    ],
)
def test_locked_fields_are_text_and_cannot_be_posted(
    signed_in: FlaskClient, database: Database, locked: set[str]
) -> None:
    page = signed_in.get("/account")
    names = forms.find(page, "profile-save").names
    assert {"name", "email"} - names == locked
    assert {"Alice Adams", "alice@example.org"} <= {
        shown for shown in ("Alice Adams", "alice@example.org") if shown in page.text
    }
    assert "Only an administrator can change your" in page.text
    for name in locked:
        answer = post(signed_in, **{name: "mallory@example.org", "website": "https://alice.example"})
        assert answer.status_code == 422
        assert "You cannot change this yourself. Ask an administrator." in answer.text
        assert f'href="#{name}"' in answer.text
        assert f'id="{name}" tabindex="-1"' in answer.text
        assert 'value="https://alice.example"' in answer.text
    user = stored(database)
    assert (user.name, user.email, user.profile) == ("Alice Adams", "alice@example.org", {})
    assert forms.submit(signed_in, page, "profile-save", website="https://alice.example").status_code == 303


@pytest.mark.parametrize("allowed", [("email",)])
@pytest.mark.parametrize("name", profiles.NAMES_OF_PERSON)
def test_parts_of_a_locked_name_are_locked(signed_in: FlaskClient, database: Database, name: str) -> None:
    assert post(signed_in, **{name: "Somebody Else"}).status_code == 422
    assert stored(database).profile == {}


@pytest.mark.parametrize("allowed", [("name",)])
def test_unchanged_values_of_locked_fields_are_accepted(signed_in: FlaskClient, database: Database) -> None:
    """A form from before the setting was changed still works."""
    assert post(signed_in, email="alice@example.org", name="Alice B").status_code == 303
    assert stored(database).name == "Alice B"


@pytest.mark.parametrize("allowed", [()])
def test_administrators_find_their_account_in_the_console(
    client: FlaskClient, sample_users: dict[str, User]
) -> None:
    sign_in(client, "admin")
    assert f'href="/admin/users/{sample_users["admin"].id}"' in client.get("/account").text
