"""The account pages in the user's language, and ui_locales on their links."""

import pytest

from tests.support import forms
from tests.support.sample_users import PASSWORD
from tests.web.browser_session import sign_in

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def german(client, sample_users):
    """Alice's browser, which prefers German."""
    client.environ_base |= {"HTTP_ACCEPT_LANGUAGE": "de-DE,de;q=0.9,en;q=0.5"}
    sign_in(client, "alice")
    return client


@pytest.fixture
def signed_in(client, sample_users):
    sign_in(client, "alice")
    return client


def test_profile_messages_in_german(german):
    page = german.get("/account")
    assert all(label in page.text for label in ("Vorname", "Postleitzahl", "Zeitzone", "Benutzername"))
    refused = forms.submit(german, page, "profile-save", zoneinfo="Mars", nickname="x" * 201)
    assert refused.status_code == 422
    assert "Geben Sie eine Zeitzone wie Europe/Berlin ein." in refused.text
    assert "„Spitzname“ darf höchstens 200 Zeichen lang sein." in refused.text
    forms.submit(german, page, "profile-save", zoneinfo="Europe/Berlin")
    assert "Ihr Profil wurde gespeichert." in german.get("/account").text


def test_password_errors_in_german(german):
    page, fresh = german.get("/account/password"), "four quite new words"
    for old, new, again, words in [
        ("wrong", fresh, fresh, "Das derzeitige Passwort ist falsch."),
        (PASSWORD, PASSWORD, PASSWORD, "Das ist Ihr derzeitiges Passwort. Wählen Sie ein anderes."),
        (PASSWORD, fresh, "other words", "Die beiden Passwörter stimmen nicht überein."),
    ]:
        typed = {"old_password": old, "new_password": new, "new_password_again": again}
        assert words in forms.submit(german, page, "password-save", **typed).text


def test_activity_in_german(german, runner):
    runner.run("users", "edit", "alice", "--name", "Alice B")
    page = german.get("/account/activity").text
    assert "Sie haben sich angemeldet." in page
    assert "Ein Konto wurde bearbeitet." in page
    assert "durch <bdi>Befehlszeile (" in page


def test_sessions_in_german(app, german):
    sign_in_elsewhere(app)
    page = german.get("/account/sessions")
    assert "Firefox (Windows)" in page.text
    assert " mit Passwort von <bdi" in page.text
    forms.submit(german, page, "end-others")
    assert "Eine andere Sitzung wurde abgemeldet." in german.get("/account/sessions").text


def sign_in_elsewhere(app):
    browser = app.test_client()
    browser.environ_base |= {"HTTP_USER_AGENT": FIREFOX}
    sign_in(browser, "alice")


def test_pages_in_english(app, signed_in):
    sign_in_elsewhere(app)
    page = signed_in.get("/account/sessions")
    assert "<strong>Firefox on Windows</strong>" in page.text
    assert "Signed in with password <time" in page.text
    forms.submit(signed_in, page, "end-others")
    assert "One other session is signed out." in signed_in.get("/account/sessions").text


def test_ui_locales_is_kept_on_links(signed_in):
    """All links and forms of the account and the front channel keep ui_locales. Those of the console do not need it."""
    page = signed_in.get("/account?ui_locales=de-AT")
    assert page.headers["Content-Language"] == "de"
    for path in ("/account/sessions", "/account/activity", "/account/theme", "/sign-out"):
        assert f'"{path}?ui_locales=de"' in page.text
    saved = forms.submit(signed_in, page, "profile-save")
    assert saved.location == "/account?ui_locales=de"
    assert "Ihr Profil wurde gespeichert." in signed_in.get(saved.location).text


def test_links_without_ui_locales(german):
    assert "ui_locales" not in german.get("/account").text


def test_sign_in_keeps_ui_locales(client, sample_users):
    location = client.get("/account/authenticator?ui_locales=de").location
    assert "ui_locales=de" in location
    back = sign_in(client, "alice", url=location).location
    assert client.get(back).headers["Content-Language"] == "de"
