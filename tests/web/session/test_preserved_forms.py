"""Forms are preserved while a user signs in. Only the user who filled in a form can send it."""

import re
import secrets

import pytest

from authserver.domain import user_sessions
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import users
from authserver.web import current
from tests.support import forms
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import set_up
from tests.web.browser_session import sign_in

TYPED = "Typed by hand"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def name_of(sample_users, database):
    """Return a function that reads a user's stored name."""

    def read(username):
        with database.transaction(write=False) as db:
            return users.get(db, sample_users[username].id).name

    return read


@pytest.fixture
def end_sessions(sample_users, database):
    """Return a function that ends all sessions of a user."""

    def end(username):
        with database.transaction() as db:
            for row in db.query(UserSession).filter_by(user_id=sample_users[username].id):
                user_sessions.end(db, current.Actor(name="admin"), row)

    return end


def opened(browser, username="alice", **more):
    """Sign a user in, and open the profile in one tab."""
    sign_in(browser, username, **more)
    return browser.get("/account")


def sent(browser, page, **more):
    return forms.submit(browser, page, "profile-save", name=TYPED, **more)


def is_too_old(answer):
    return answer.status_code == 400 and "has expired" in answer.text and "resume-submit" not in answer.text


def test_form_still_works_after_signing_in_again(client, sample_users, name_of):
    page = opened(client)
    sign_in(client, "alice", url="/sign-in?again=1")
    assert sent(client, page).status_code == 303
    assert name_of("alice") == TYPED


def test_form_still_works_after_the_second_factor(app, client, sample_users, name_of):
    page = opened(client)
    totp_app = set_up(app)
    forms.submit(client, client.get("/sign-in/code"), "login-submit", code=totp_app.code())
    assert sent(client, page).status_code == 303
    assert name_of("alice") == TYPED


def test_form_of_another_user_is_rejected_and_not_preserved(client, sample_users, name_of):
    page = opened(client)
    sign_in(client, "bob", url="/sign-in?switch=1")
    assert is_too_old(sent(client, page))
    assert (name_of("alice"), name_of("bob")) == ("Alice Adams", sample_users["bob"].name)


def test_form_older_than_a_sign_in_needs_confirmation(client, sample_users, name_of):
    page = opened(client)
    forms.submit(client, client.get("/sign-out"), "logout-confirm")
    sign_in(client, "alice")
    offered = sent(client, page)
    assert offered.status_code == 400
    assert "as <strong><bdi>alice</bdi></strong>" in offered.text
    assert name_of("alice") == "Alice Adams"
    assert forms.submit(client, offered, "resume-submit").location == "/account"
    assert name_of("alice") == TYPED


def test_form_without_form_mark_is_not_preserved(client, sample_users):
    opened(client)
    assert is_too_old(client.post("/account", data={"csrf_token": "x", "name": "Chosen by an attacker"}))


@pytest.mark.both_databases
@pytest.mark.parametrize("mark", ["x", "a.b", "....", "\0", "é.é"])
def test_forged_form_mark_is_ignored(client, sample_users, mark):
    opened(client)
    assert is_too_old(client.post("/account", data={"csrf_token": "x", "name": "x", "shown_to": mark}))


def test_form_mark_is_valid_only_in_its_browser(app, client, sample_users):
    elsewhere = dict(forms.find(opened(app.test_client()), "profile-save").fields)
    opened(client)
    assert is_too_old(client.post("/account", data=elsewhere))


def test_form_mark_is_no_csrf_token(client, sample_users, name_of):
    mark = dict(forms.find(opened(client), "profile-save").fields)["shown_to"]
    client.post("/account", data={"csrf_token": mark, "shown_to": mark, "name": "x"})
    assert name_of("alice") == "Alice Adams"


def test_expired_form_of_htmx_is_not_preserved(client, sample_users):
    page = opened(client)
    fields = dict(forms.find(page, "profile-save").fields) | {"csrf_token": "x"}
    assert is_too_old(client.post("/account", data=fields, headers=HTMX))


def test_form_sent_after_the_session_ended_is_preserved(client, sample_users, name_of, end_sessions):
    page = opened(client)
    end_sessions("alice")
    asked = sent(client, page)
    assert asked.status_code == 403
    assert "Your input is preserved" in asked.text
    assert TYPED not in asked.text
    mistyped = forms.submit(client, asked, "login-submit", username="alice", password="wrong")
    resumed = forms.submit(client, mistyped, "login-submit", username="alice", password=PASSWORD)
    assert name_of("alice") == "Alice Adams"
    assert forms.submit(client, resumed, "resume-submit").location == "/account"
    assert name_of("alice") == TYPED


def test_form_sent_after_sign_out_in_another_tab_is_preserved(client, sample_users, name_of):
    page = opened(client)
    forms.submit(client, client.get("/sign-out"), "logout-confirm")
    resumed = forms.submit(client, sent(client, page), "login-submit", username="alice", password=PASSWORD)
    forms.submit(client, resumed, "resume-submit")
    assert name_of("alice") == TYPED


def test_form_is_preserved_during_both_factors(app, client, sample_users, name_of, end_sessions):
    page = opened(client)
    totp_app = set_up(app)
    end_sessions("alice")
    code_page = forms.submit(client, sent(client, page), "login-submit", username="alice", password=PASSWORD)
    resumed = forms.submit(client, code_page, "login-submit", code=totp_app.code())
    forms.submit(client, resumed, "resume-submit")
    assert name_of("alice") == TYPED


def test_another_user_does_not_get_the_form(client, sample_users, name_of, end_sessions):
    page = opened(client)
    end_sessions("alice")
    response = forms.submit(client, sent(client, page), "login-submit", username="bob", password=PASSWORD)
    assert response.location == "/account"
    assert TYPED not in client.get("/account").text
    assert (name_of("alice"), name_of("bob")) == ("Alice Adams", sample_users["bob"].name)


def test_preserved_form_is_shown_without_secrets(client, sample_users, end_sessions):
    sign_in(client, "alice")
    page = client.get("/account/password")
    end_sessions("alice")
    typed = {"old_password": "the old secret", "new_password": "the new secret", "colour": "<b>red"}
    asked = forms.submit(client, page, "password-save", **typed)
    resumed = forms.submit(client, asked, "login-submit", username="alice", password=PASSWORD)
    seen = re.sub(r"<form.*</form>", "", resumed.text, flags=re.DOTALL)
    assert all(words in seen for words in ("/account/password", "old_password", "colour", "&lt;b&gt;red"))
    assert not any(words in seen for words in ("the old secret", "the new secret", "shown_to"))


def test_preserved_form_without_a_page_returns_to_its_list(app, client, sample_users, end_sessions):
    sign_in(app.test_client(), "alice")
    sign_in(client, "alice")
    page = client.get("/account/sessions")
    end_sessions("alice")
    asked = forms.submit(client, page, "end-others")
    resumed = forms.submit(client, asked, "login-submit", username="alice", password=PASSWORD)
    assert re.search(r'<a class="button" href="([^"]+)">', resumed.text)[1] == "/account/sessions"
    done = forms.submit(client, resumed, "resume-submit")
    assert client.get(done.location).status_code == 200
    assert client.get("/account/sessions").status_code == 200


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/account/sessions/7/end", "/account/sessions"),
        ("/account/sessions/end-others", "/account/sessions"),
        ("/account/theme", "/account"),
        ("/admin/users/3/sessions/end", "/admin/users/3"),
        ("/admin/users/3/sessions/9/end", "/admin/users/3"),
        ("/device/decision", "/device"),
        ("/account/password", "/account/password"),
    ],
)
def test_anonymous_post_redirects_to_a_page(client, path, page):
    token = dict(forms.find(client.get("/sign-in"), "login-submit").fields)["csrf_token"]
    response = client.post(path, data={"csrf_token": token})
    assert (response.status_code, response.location) == (303, f"/sign-in?next={page}")


@pytest.mark.parametrize(
    ("named", "page"), [("/account/activity", "/account/activity"), ("//evil.example", "/account")]
)
def test_form_can_name_its_page(client, named, page):
    token = dict(forms.find(client.get("/sign-in"), "login-submit").fields)["csrf_token"]
    response = client.post("/account/theme", data={"csrf_token": token, "next": named})
    assert response.location == f"/sign-in?next={page}"


def test_long_form_is_preserved(client, sample_users, end_sessions):
    """The form is as long as a client with sixty long redirect URIs, which is below the limit for forms."""
    page, uris = (
        opened(client),
        "\n".join(f"https://app{n}.example.org/{'callback/' * 100}" for n in range(60)),
    )
    end_sessions("alice")
    asked = sent(client, page, email=uris)
    resumed = forms.submit(client, asked, "login-submit", username="alice", password=PASSWORD)
    assert dict(forms.find(resumed, "resume-submit").fields)["email"] == uris


def test_oversized_form_is_not_preserved(client, sample_users, end_sessions):
    page, noise = opened(client), secrets.token_urlsafe(36_000)
    end_sessions("alice")
    assert sent(client, page, email=noise).status_code == 413
    forms.submit(client, client.get("/sign-in"), "login-submit", username="bob", password=PASSWORD)
    forms.submit(client, client.get("/sign-out"), "logout-confirm")
    assert is_too_old(sent(client, page, email=noise))


def test_sign_out_without_a_session(client, sample_users):
    sign_in(client, "alice")
    first, second = client.get("/sign-out"), client.get("/sign-out")
    forms.submit(client, first, "logout-confirm")
    assert forms.submit(client, second, "logout-confirm").location == "/sign-out"
