"""The account pages: users see and change their own account only."""

import pytest
from sqlalchemy import select

from authserver.context import SYSTEM
from authserver.domain.audit import AuditEvent
from authserver.domain.authorizations import consents
from authserver.domain.authorizations.authorizations import (
    Authorization,
    UserAuthentication,
)
from authserver.domain.clients import clients
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import users
from tests.support import forms, grants
from tests.support.moving_clock import MovingClock
from tests.support.sample_users import PASSWORD
from tests.web.browser_session import session_cookie, sign_in, use_cookie

NEW = "four quite new words"
PAGES = ["", "/sessions", "/applications", "/password", "/activity", "/authenticator", "/data"]


@pytest.fixture
def signed_in(client, sample_users):
    sign_in(client, "alice")
    return client


@pytest.fixture
def elsewhere(app, sample_users):
    """Another browser of alice."""
    browser = app.test_client()
    sign_in(browser, "alice")
    return browser


def is_signed_in(browser):
    return browser.get("/account").status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_every_page_requires_a_sign_in(client, path):
    assert client.get(f"/account{path}").location.startswith("/sign-in?next=/account")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens(signed_in, path):
    assert signed_in.get(f"/account{path}").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["", "/theme", "/sessions/1/end", "/sessions/end-others", "/password", "/applications/x/remove", "/data"],
)
def test_forms_require_a_csrf_token(signed_in, path):
    assert signed_in.post(f"/account{path}").status_code == 400


def test_console_link_is_shown_only_to_administrators(client, sample_users):
    sign_in(client, "alice")
    assert ">Console<" not in client.get("/account").text
    sign_in(client, "admin", url="/sign-in?switch=1")
    assert ">Console<" in client.get("/account").text


def test_edit_profile(signed_in, database, sample_users):
    page = signed_in.get("/account")
    response = forms.submit(signed_in, page, "profile-save", name="Alice Ängström", nickname="Al")
    assert response.location == "/account"
    assert "Your profile was saved." in signed_in.get("/account").text
    with database.transaction(write=False) as db:
        user = users.get(db, sample_users["alice"].id)
        assert (user.name, user.profile) == ("Alice Ängström", {"nickname": "Al"})


def test_invalid_claim_is_named_and_other_input_is_kept(signed_in, database, sample_users):
    page = signed_in.get("/account")
    answer = forms.submit(signed_in, page, "profile-save", name="New name", birthdate="nonsense")
    assert answer.status_code == 422
    assert "Enter a date such as" in answer.text
    assert 'value="New name"' in answer.text
    with database.transaction(write=False) as db:
        assert users.get(db, sample_users["alice"].id).name == "Alice Adams"


def test_user_cannot_change_user_name_or_permissions(signed_in, database, sample_users):
    page = signed_in.get("/account")
    forms.submit(signed_in, page, "profile-save", username="root", may_configure_server="1", is_active="0")
    with database.transaction(write=False) as db:
        user = users.get(db, sample_users["alice"].id)
        assert (user.username, user.may_configure_server, user.is_active) == ("alice", False, True)


def test_sessions_are_listed_and_the_current_one_is_marked(signed_in, elsewhere):
    page = signed_in.get("/account/sessions").text
    assert page.count("This device") == 1
    assert page.count('class="card row"') == 2


def test_idle_sessions_are_not_listed(signed_in, app, settings, monkeypatch):
    MovingClock(monkeypatch).advance(settings.session_idle_lifetime, seconds=1)
    browser = app.test_client()
    sign_in(browser, "alice")
    assert browser.get("/account/sessions").text.count('class="card row"') == 1


def test_signing_in_again_keeps_authorizations(signed_in, database, sample_users, application):
    with database.transaction() as db:
        row = db.scalars(select(UserSession)).one()
        authorize(db, sample_users["alice"], application, session_id=row.id)
    sign_in(signed_in, "alice", url="/sign-in?again=1")
    with database.transaction(write=False) as db:
        assert db.scalars(select(Authorization)).one().revoked_at is None
        assert db.scalars(select(UserSession)).one().ended_at is None


def test_end_another_session(signed_in, elsewhere, database):
    with database.transaction(write=False) as db:
        other = db.scalars(select(UserSession.id).order_by(UserSession.id.desc())).first()
    page = signed_in.get("/account/sessions")
    token = dict(forms.find(page, "end-others").fields)["csrf_token"]
    signed_in.post(f"/account/sessions/{other}/end", data={"csrf_token": token})
    assert (is_signed_in(signed_in), is_signed_in(elsewhere)) == (True, False)


def test_sessions_of_other_users_cannot_be_ended(app, signed_in, database):
    bob = app.test_client()
    sign_in(bob, "bob")
    with database.transaction(write=False) as db:
        bobs_session = db.scalars(select(UserSession.id).order_by(UserSession.id.desc())).first()
    token = dict(forms.find(signed_in.get("/account"), "profile-save").fields)["csrf_token"]
    assert (
        signed_in.post(f"/account/sessions/{bobs_session}/end", data={"csrf_token": token}).status_code == 404
    )
    assert is_signed_in(bob)


def test_end_all_other_sessions(signed_in, elsewhere):
    forms.submit(signed_in, signed_in.get("/account/sessions"), "end-others")
    assert "One other session is signed out." in signed_in.get("/account/sessions").text
    assert (is_signed_in(signed_in), is_signed_in(elsewhere)) == (True, False)


def change_password(browser, old=PASSWORD, new=NEW, **more):
    page = browser.get("/account/password")
    typed = {"old_password": old, "new_password": new, "new_password_again": new} | more
    return forms.submit(browser, page, "password-save", **typed)


def test_change_password(app, signed_in, elsewhere):
    before = session_cookie(signed_in)
    assert change_password(signed_in).location == "/account"
    assert "Your password was changed" in signed_in.get("/account").text
    assert (is_signed_in(signed_in), is_signed_in(elsewhere)) == (True, False)
    other_browser = app.test_client()
    use_cookie(other_browser, before)
    assert not is_signed_in(other_browser)
    assert sign_in(app.test_client(), "alice").status_code == 422
    assert sign_in(app.test_client(), "alice", NEW).status_code == 303


def test_new_password_voids_authorizations(signed_in, database, sample_users, application):
    with database.transaction() as db:
        authorize(db, sample_users["alice"], application)
    change_password(signed_in)
    with database.transaction(write=False) as db:
        granted, now = db.execute(
            select(Authorization.user_epoch, users.User.epoch).join(
                users.User, users.User.id == Authorization.user_id
            )
        ).one()
        assert granted < now


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"old": "wrong"}, "The current password is wrong."),
        ({"new": "short"}, "at least 12 characters"),
        ({"new": "password1234"}, "too common"),
        ({"new": PASSWORD}, "This is your current password."),
        (
            {"new_password_again": "something else"},
            "The two passwords differ. Enter the same password twice.",
        ),
    ],
)
def test_invalid_password_is_rejected(signed_in, typed, sentence):
    response = change_password(signed_in, **typed)
    assert response.status_code == 422
    assert sentence in response.text
    assert NEW not in response.text
    assert is_signed_in(signed_in)


def test_guessing_the_old_password_is_throttled(signed_in, settings):
    for _ in range(settings.sign_in_attempts):
        assert change_password(signed_in, old="wrong").status_code == 422
    answer = change_password(signed_in)
    assert (answer.status_code, "Too many attempts" in answer.text) == (429, True)


def test_password_page_requires_a_recent_sign_in(signed_in, settings, monkeypatch):
    MovingClock(monkeypatch).advance(settings.recent_sign_in, seconds=1)
    assert "again=1" in signed_in.get("/account/password").location


def test_database_is_not_locked_while_passwords_are_hashed(signed_in, services, monkeypatch):
    hasher, written = services.passwords.hash, []

    def write_meanwhile(password):
        with services.database.transaction() as db:
            written.append(db.scalar(select(UserSession.id)))
        return hasher(password)

    monkeypatch.setattr(services.passwords, "hash", write_meanwhile)
    assert change_password(signed_in).status_code == 303
    assert len(written) == 1


@pytest.fixture
def application(database):
    registration = ClientMetadata(
        kind="oidc",
        name="Model <review>",
        redirect_uris=("https://review.example.org/cb",),
        grant_types=("authorization_code",),
        response_types=("code",),
        scopes=("openid", "email"),
    )
    with database.transaction() as db:
        client = clients.register(db, SYSTEM, registration, source="command")
        clients.approve(db, SYSTEM, client, revision=client.revision)
        return client


def authorize(db, user, client, **more):
    return grants.add_authorization(db, client, UserAuthentication(user.id, user.epoch, **more))


def test_applications_are_listed_with_their_scopes(signed_in, database, sample_users, application):
    assert "No applications yet" in signed_in.get("/account/applications").text
    with database.transaction() as db:
        consents.remember(db, sample_users["alice"].id, application.id, ("openid", "email"))
    page = signed_in.get("/account/applications").text
    assert "Model &lt;review&gt;" in page
    assert "See your e-mail address" in page


def test_remove_access_of_an_application(signed_in, database, sample_users, application):
    with database.transaction() as db:
        consents.remember(db, sample_users["alice"].id, application.id, ("openid",))
        authorize(db, sample_users["alice"], application)
    ask = signed_in.get(f"/account/applications/{application.client_key}/remove")
    assert "Model &lt;review&gt;" in ask.text
    response = forms.submit(signed_in, ask, "remove-confirm")
    assert response.location == "/account/applications"
    assert "No applications yet" in signed_in.get("/account/applications").text
    with database.transaction(write=False) as db:
        assert db.scalars(select(Authorization)).one().revoked_at is not None
        assert consents.find(db, sample_users["alice"].id, application.id) is None


def test_consent_of_other_users_is_kept(signed_in, database, sample_users, application):
    with database.transaction() as db:
        consents.remember(db, sample_users["bob"].id, application.id, ("openid",))
    assert signed_in.get(f"/account/applications/{application.client_key}/remove").status_code == 404
    assert signed_in.get("/account/applications/nothing/remove").status_code == 404


def test_activity_shows_only_own_events(app, signed_in, sample_users):
    sign_in(app.test_client(), "bob")
    sign_in(app.test_client(), "alice", "wrong")
    page = signed_in.get("/account/activity").text
    assert "You signed in." in page
    assert "A sign-in with your user name failed." in page
    assert "bob" not in page


def test_activity_is_paginated(signed_in, database, sample_users):
    for number in range(30):
        forms.submit(signed_in, signed_in.get("/account"), "profile-save", name=f"Name {number}")
    first, last = signed_in.get("/account/activity"), signed_in.get("/account/activity?page=2")
    assert (first.text.count("<li>\n    <div>"), "Page 1 of 2" in first.text) == (25, True)
    assert last.text.count("<li>\n    <div>") > 0
    with database.transaction(write=False) as db:
        assert db.scalar(select(AuditEvent.id).where(AuditEvent.event == "user:edit").limit(1))


@pytest.mark.both_databases
@pytest.mark.parametrize("page", ["0", "-1", "x", "\0"])
def test_invalid_page_number_is_no_error(signed_in, page):
    assert signed_in.get("/account/activity", query_string={"page": page}).status_code == 200


@pytest.mark.both_databases
@pytest.mark.parametrize("page", ["2", "4001", "99999999999999999999"])
def test_page_after_the_last_one_redirects_to_the_last(signed_in, page):
    response = signed_in.get("/account/activity", query_string={"page": page})
    assert (response.status_code, response.location) == (303, "/account/activity?page=1")
