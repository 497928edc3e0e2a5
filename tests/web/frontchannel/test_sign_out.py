"""Signing out: asked for, done by a form, and final on every node."""

from sqlalchemy import select, update

from authserver import clock
from authserver.domain.sessions.user_sessions import UserSession
from tests.support import forms
from tests.support.relying_party import RelyingParty, register
from tests.web.browser_session import session_cookie, sign_in, use_cookie


def test_signing_out(client, people, database):
    sign_in(client, "alice")
    page = client.get("/sign-out")
    assert 'id="logout-cancel"' in page.text
    answer = forms.submit(client, page, "logout-confirm")
    assert answer.location == "/sign-out"
    assert "You are signed out" in client.get("/sign-out").text
    assert session_cookie(client) is None
    with database.transaction(write=False) as db:
        assert db.scalars(select(UserSession)).one().ended_at is not None


def test_a_copied_cookie_is_dead(app, client, people):
    sign_in(client, "alice")
    thief = app.test_client()
    use_cookie(thief, session_cookie(client))
    assert thief.get("/account").status_code == 200
    forms.submit(client, client.get("/sign-out"), "logout-confirm")
    assert thief.get("/account").status_code == 303


def test_looking_at_the_page_signs_nobody_out(client, people):
    sign_in(client, "alice")
    client.get("/sign-out")
    assert client.get("/account").status_code == 200


def test_another_site_cannot_sign_people_out(client, people):
    sign_in(client, "alice")
    assert client.post("/sign-out").status_code == 400
    assert client.get("/account").status_code == 200


def test_signing_out_twice_does_no_harm(app, client, people):
    sign_in(client, "alice")
    page = client.get("/sign-out")
    forms.submit(client, page, "logout-confirm")
    assert "You are signed out" in client.get("/sign-out").text


def test_a_browser_that_is_not_signed_in_is_told_so(client):
    assert "You are signed out" in client.get("/sign-out").text


def test_the_menu_of_every_page_signs_out(client, people):
    sign_in(client, "alice")
    forms.submit(client, client.get("/account"), "sign-out")
    assert client.get("/account").status_code == 303


def test_what_the_page_tells_is_over_as_soon_as_anybody_signs_in(app, services, people, database):
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


def test_the_page_tells_who_keeps_access(app, services, people):
    words = {"offline_access": "Keeps the access that you gave it", "profile": "Has lost its access"}
    parties = {scope: RelyingParty(app, *register(services, name=f"For {scope}")) for scope in words}
    browser = app.test_client()
    for scope, party in parties.items():
        party.browser = browser
        party.tokens(scope=f"openid {scope}", prompt="consent")
    page = forms.submit(browser, browser.get("/sign-out"), "logout-confirm")
    lines = browser.get(page.location).text.split('id="logout-results"')[1].split("<li>")[1:]
    for (scope, told), line in zip(words.items(), lines, strict=True):
        assert f"For {scope}" in line
        assert told in line
