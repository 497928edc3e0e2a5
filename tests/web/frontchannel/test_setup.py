"""The setup page opens with the printed link, creates one administrator, and closes."""

import pytest

from authserver.domain.users import setup, user_search, users
from tests.support import forms
from tests.support import sample_users as samples
from tests.support.moving_clock import MovingClock

PASSWORD = "a password of the first administrator"


@pytest.fixture
def link(database, settings):
    with database.transaction() as db:
        return f"/setup?token={setup.issue(db, settings)}"


def fill_in(client, link, **changes):
    typed = {"username": "root", "password": PASSWORD, "password_again": PASSWORD} | changes
    return forms.submit(client, client.get(link), "setup-submit", **typed)


def test_link_leads_to_the_console(client, link, database):
    response = fill_in(client, link, name="Ruth Root", email="root@example.org")
    assert (response.status_code, response.location) == (303, "/admin")
    assert client.get("/admin").status_code == 200
    with database.transaction(write=False) as db:
        user = users.find(db, "root")
        assert (user.name, user.email, user.may_configure_server) == ("Ruth Root", "root@example.org", True)
        assert user.email_verified


def test_token_is_in_the_form_and_not_in_its_url(client, link):
    form = forms.find(client.get(link), "setup-submit")
    assert form.action == "/setup"
    assert ("token", link.partition("=")[2]) in form.fields


def test_page_is_closed_afterwards(client, link, database, settings):
    old = client.get(link)
    fill_in(client, link)
    page = client.get(link)
    assert page.status_code == 410
    assert "is already set up" in page.text
    assert client.get("/setup").status_code == 410
    other_browser = client.application.test_client()
    other_browser.get(link)
    assert forms.submit(client, old, "setup-submit", username="second", password=PASSWORD).status_code in {
        400,
        410,
    }


def test_one_of_two_open_pages_succeeds(app, link, database):
    one, other = app.test_client(), app.test_client()
    pages = [browser.get(link) for browser in (one, other)]
    typed = {"password": PASSWORD, "password_again": PASSWORD}
    first = forms.submit(one, pages[0], "setup-submit", username="first", **typed)
    second = forms.submit(other, pages[1], "setup-submit", username="second", **typed)
    assert (first.status_code, second.status_code) == (303, 410)
    with database.transaction(write=False) as db:
        assert [user.username for user in user_search.page_of_users(db)[0]] == ["first"]


def test_administrator_from_the_command_line_closes_the_page(client, link, database, settings):
    samples.add(database, settings, "admin")
    assert client.get(link).status_code == 410


@pytest.mark.both_databases
@pytest.mark.parametrize("query", ["", "?token=", "?token=asl_1_" + "A" * 43, "?token=%00"])
def test_page_requires_a_valid_link(client, link, query):
    page = client.get(f"/setup{query}")
    assert page.status_code == 403
    assert "setup-submit" not in page.text


def test_expired_link_says_what_to_do(client, link, settings, monkeypatch):
    MovingClock(monkeypatch).advance(settings.setup_link_lifetime, seconds=1)
    page = client.get(link)
    assert page.status_code == 403
    assert "Restart the server" in page.text


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"username": ""}, "Enter the user name."),
        ({"password": "short", "password_again": "short"}, "at least 12 characters"),
        (
            {"password": "password1234", "password_again": "password1234"},
            "too common",
        ),
        ({"password_again": "another one"}, "The two passwords differ. Enter the same password twice."),
        ({"email": "nonsense"}, "Enter an e-mail address"),
        ({"username": "a\0b"}, "not allowed"),
    ],
)
def test_errors_are_named_and_other_input_is_kept(client, link, changes, sentence):
    page = fill_in(client, link, **({"name": "Ruth Root"} | changes))
    assert page.status_code == 422
    assert sentence in page.text
    assert 'id="error-summary"' in page.text
    assert 'value="Ruth Root"' in page.text
    assert PASSWORD not in page.text
    assert fill_in(client, link).status_code == 303


def test_form_requires_a_csrf_token(client, link):
    token = link.partition("=")[2]
    data = {"token": token, "username": "root", "password": PASSWORD}
    assert client.post("/setup", data=data).status_code == 400


def test_root_says_that_the_server_is_not_set_up_and_where_the_link_is(client, link):
    page = client.get("/")
    assert page.status_code == 200
    assert "This server is not set up yet" in page.text
    assert "authserver serve" in page.text
    assert "15 minutes" in page.text
    assert link.partition("=")[2] not in page.text
    assert 'id="sign-in"' not in page.text


@pytest.mark.parametrize("path", ["/sign-in", "/admin", "/account"])
def test_sign_in_page_leads_to_the_explanation_before_setup(client, link, path):
    page = client.get(path, follow_redirects=True)
    assert "This server is not set up yet" in page.text
    assert '<a href="/">Where to find the setup link</a>' in page.text


@pytest.mark.parametrize("path", ["/", "/sign-in", "/admin"])
def test_pages_lead_to_the_sign_in_after_setup(client, link, path):
    fill_in(client, link)
    page = client.application.test_client().get(path, follow_redirects=True)
    assert 'id="login-submit"' in page.text
    assert "not set up" not in page.text


def test_administrator_of_the_command_line_ends_setup(client, runner):
    runner.run(
        "users", "add", "root", "--password-stdin", "--grant", "configure_server", stdin=PASSWORD + "\n"
    )
    assert client.get("/").location == "/sign-in"


def test_users_without_an_administrator_can_sign_in(client, runner):
    runner.run("users", "add", "root", "--password-stdin", stdin=PASSWORD + "\n")
    page = client.get("/")
    assert "not set up yet" in page.text
    assert 'id="sign-in"' in page.text
    assert "not set up yet" not in client.get("/sign-in").text
