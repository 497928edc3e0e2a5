"""Sign-out: confirmed by a form, and effective on every node."""

from sqlalchemy import select, update

from authserver import clock
from authserver.domain.user_sessions import UserSession
from tests.support import forms
from tests.support.relying_party import RelyingParty, register
from tests.web.browser_session import session_cookie, sign_in, use_cookie


def test_sign_out(client, sample_users, database):
    sign_in(client, "alice")
    page = client.get("/sign-out")
    assert 'id="logout-cancel"' in page.text
    response = forms.submit(client, page, "logout-confirm")
    assert response.location == "/sign-out"
    assert "You are signed out" in client.get("/sign-out").text
    assert session_cookie(client) is None
    with database.transaction(write=False) as db:
        assert db.scalars(select(UserSession)).one().ended_at is not None


def test_copied_cookie_is_void_after_sign_out(app, client, sample_users):
    sign_in(client, "alice")
    other_browser = app.test_client()
    use_cookie(other_browser, session_cookie(client))
    assert other_browser.get("/account").status_code == 200
    forms.submit(client, client.get("/sign-out"), "logout-confirm")
    assert other_browser.get("/account").status_code == 303


def test_get_request_does_not_sign_out(client, sample_users):
    sign_in(client, "alice")
    client.get("/sign-out")
    assert client.get("/account").status_code == 200


def test_sign_out_requires_a_csrf_token(client, sample_users):
    sign_in(client, "alice")
    assert client.post("/sign-out").status_code == 400
    assert client.get("/account").status_code == 200


def test_second_sign_out_is_no_error(app, client, sample_users):
    sign_in(client, "alice")
    page = client.get("/sign-out")
    forms.submit(client, page, "logout-confirm")
    assert "You are signed out" in client.get("/sign-out").text


def test_page_without_a_session(client):
    assert "You are signed out" in client.get("/sign-out").text


def test_menu_signs_out(client, sample_users):
    sign_in(client, "alice")
    forms.submit(client, client.get("/account"), "sign-out")
    assert client.get("/account").status_code == 303


def test_result_of_the_sign_out_is_gone_after_the_next_sign_in(app, services, sample_users, database):
    rp = RelyingParty(app, *register(services))
    rp.tokens("alice")
    forms.submit(rp.browser, rp.browser.get("/sign-out"), "logout-confirm")
    assert "The Relying Party" in rp.browser.get("/sign-out").text
    sign_in(rp.browser, "bob")
    with database.transaction() as db:
        db.execute(update(UserSession).values(ended_at=clock.now()))
    page = rp.browser.get("/sign-out").text
    assert "You are signed out" in page
    assert "The Relying Party" not in page


def test_page_shows_which_clients_keep_access(app, services, sample_users):
    words = {"offline_access": "Keeps the access that you allowed", "profile": "No longer has access"}
    parties = {scope: RelyingParty(app, *register(services, name=f"For {scope}")) for scope in words}
    browser = app.test_client()
    for scope, party in parties.items():
        party.browser = browser
        party.tokens(scope=f"openid {scope}", prompt="consent")
    page = forms.submit(browser, browser.get("/sign-out"), "logout-confirm")
    lines = browser.get(page.location).text.split('id="logout-results"')[1].split("<li>")[1:]
    for (scope, sentence), line in zip(words.items(), lines, strict=True):
        assert f"For {scope}" in line
        assert sentence in line
