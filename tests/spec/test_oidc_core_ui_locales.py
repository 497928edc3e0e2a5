"""OpenID Connect Core, section 3.1.2.1, and RP-Initiated Logout, section 2: ui_locales, the language of the pages."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from authserver.protocol.services import Services
from tests.support import forms
from tests.support.relying_party import RelyingParty, answered, disapprove
from tests.support.second_factors import set_up

GERMAN_BROWSER = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}


def language(page) -> str:
    """The language that a page says it is in, by element and header alike."""
    stated = re.search(r'<html lang="([^"]+)"', page.text)[1]
    assert page.headers["Content-Language"] == stated
    return stated


@pytest.mark.parametrize(
    ("ui_locales", "spoken"),
    [
        ("de", "de"),
        ("en", "en"),
        ("de en", "de"),
        ("en de", "en"),
        ("se xx de", "de"),
        ("de-AT", "de"),
        ("de-Latn-CH-1996 en", "de"),
        ("DE-de", "de"),
        ("  de  ", "de"),
    ],
)
def test_the_first_language_that_is_known_is_spoken(rp: RelyingParty, ui_locales: str, spoken: str) -> None:
    """ui_locales: a space-separated list of BCP 47 language tags, ordered by preference."""
    assert language(rp.authorize(ui_locales=ui_locales)) == spoken


@pytest.mark.parametrize(
    "ui_locales",
    ["se xx", "d", "deutsch", "-de", "de_DE.UTF-8", "*", "%", "<script>", "ä", "x" * 3000, "- - -"],
)
def test_what_is_unknown_or_malformed_is_no_error(rp: RelyingParty, ui_locales: str) -> None:
    """An error SHOULD NOT result if some or all of the requested locales are not supported."""
    page = rp.authorize(ui_locales=ui_locales)
    assert language(page) == "en"
    assert "code" in answered(rp.authorized(ui_locales=ui_locales))


def test_the_whole_detour_speaks_it(rp: RelyingParty) -> None:
    """Sign-in, its mistakes, consent: every page that the request leads over."""
    page = rp.authorize(ui_locales="de")
    assert (language(page), "um mit" in page.text) == ("de", True)
    page = rp.sign_in(page, password="wrong")
    assert (page.status_code, language(page)) == (422, "de")
    assert "Benutzername oder Passwort ist falsch." in page.text
    page = rp.sign_in(page)
    assert (language(page), "Ihre E-Mail-Adresse sehen" in page.text) == ("de", True)
    assert "code" in answered(rp.allow(page))


def test_a_posted_request_speaks_it(rp: RelyingParty) -> None:
    """Authorization requests work by GET and by POST, and so do their parameters."""
    page = rp.follow(rp.browser.post("/oauth2/authorize", data=rp.request(ui_locales="de")))
    assert language(page) == "de"
    assert language(rp.sign_in(page)) == "de"


def test_a_form_that_was_open_too_long_speaks_it(rp: RelyingParty) -> None:
    """What goes wrong on the way is told in the same language."""
    page = rp.authorize(ui_locales="de")
    form = dict(forms.find(page, "login-submit").fields) | {"csrf_token": "old", "username": "alice"}
    page = rp.browser.post(forms.find(page, "login-submit").action, data=form)
    assert (page.status_code, language(page)) == (400, "de")
    page = rp.sign_in(page)
    stale = dict(forms.find(page, "consent-allow").fields) | {"csrf_token": "old"}
    page = rp.follow(rp.browser.post("/consent", data=stale))
    assert ("E-Mail-Adresse" in page.text, language(page)) == (True, "de")


def test_switching_the_account_keeps_it(rp: RelyingParty) -> None:
    """The consent page's link to another account belongs to the same detour."""
    page = rp.sign_in(rp.authorize(ui_locales="de"))
    link = re.search(r'href="([^"]+)">Konto wechseln', page.text)[1].replace("&amp;", "&")
    page = rp.browser.get(link)
    assert language(page) == "de"
    assert language(rp.sign_in(page, "bob")) == "de"


def test_the_second_factor_speaks_it(rp: RelyingParty, app: Flask) -> None:
    """Who has an authenticator app sees one page more, mistakes included."""
    telephone = set_up(app)
    page = rp.sign_in(rp.authorize(ui_locales="de"))
    assert (language(page), "Code aus Ihrer Authenticator-App" in page.text) == ("de", True)
    page = forms.submit(rp.browser, page, "login-submit", code="000000")
    assert (page.status_code, language(page)) == (422, "de")
    page = rp.follow(forms.submit(rp.browser, page, "login-submit", code=telephone.code()))
    assert (language(page), 'id="consent-allow"' in page.text) == ("de", True)


def test_asking_again_speaks_it(rp: RelyingParty) -> None:
    """prompt=login and prompt=select_account lead over the same pages."""
    rp.authorized()
    for prompt in ("login", "select_account", "consent"):
        assert language(rp.authorize(prompt=prompt, ui_locales="de")) == "de"


def test_errors_on_a_page_speak_it(rp: RelyingParty, services: Services) -> None:
    """What cannot be sent back to the client is told to the person; the error code stays as it is."""
    page = rp.authorize(ui_locales="de", redirect_uri="https://evil.example/")
    assert (page.status_code, language(page)) == (400, "de")
    assert "Diese redirect_uri ist für den Client nicht registriert." in page.text
    assert "<code>invalid_request</code>" in page.text
    page = rp.browser.get("/oauth2/continue?interaction=nothing&ui_locales=de")
    assert (page.status_code, language(page)) == (400, "de")
    disapprove(services, rp.key)
    page = rp.authorize(ui_locales="de")
    assert (page.status_code, language(page), "Nicht freigegeben" in page.text) == (403, "de", True)


def test_the_form_post_page_speaks_it(rp: RelyingParty) -> None:
    """Form Post: the page with the button is one that people can see."""
    page = rp.authorized(ui_locales="de", response_mode="form_post")
    assert (language(page), "Zurück zur Anwendung" in page.text) == ("de", True)


def test_what_the_client_is_told_stays_english(rp: RelyingParty) -> None:
    """RFC 6749, 4.1.2.1: error_description is for developers, and ASCII."""
    told = answered(rp.authorize(ui_locales="de", prompt="none"))
    english = answered(rp.authorize(prompt="none"))
    assert told["error"] == "login_required"
    assert "prompt=none, but the user has to act." in told["error_description"]
    assert told["error_description"].partition("(")[0] == english["error_description"].partition("(")[0]


def test_the_wish_comes_before_the_browser_s(rp: RelyingParty) -> None:
    """The application's wish, then Accept-Language, then English."""
    rp.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = GERMAN_BROWSER["Accept-Language"]
    assert language(rp.authorize(ui_locales="en")) == "en"
    assert language(rp.authorize(ui_locales="se")) == "de"
    assert language(rp.authorize()) == "de"


def test_the_wish_of_one_application_is_none_of_another_s(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """It belongs to the request: the next one in the same browser is asked in its own language."""
    other_rp.browser = rp.browser
    page = rp.authorize(ui_locales="de")
    assert language(other_rp.authorize()) == "en"
    page = rp.sign_in(page)
    assert language(page) == "de"
    assert language(other_rp.authorize()) == "en"
    assert "code" in answered(rp.allow(page))
    assert language(other_rp.authorize(prompt="login")) == "en"
    assert language(rp.browser.get("/sign-out")) == "en"


def test_signing_out_speaks_it(rp: RelyingParty) -> None:
    """RP-Initiated Logout, 2: ui_locales, over the question, the form and the result."""
    rp.authorized()
    page = rp.browser.get("/oidc/end_session", query_string={"client_id": rp.key, "ui_locales": "de-CH en"})
    assert (language(page), "möchte Sie abmelden" in page.text) == ("de", True)
    page = rp.follow(forms.submit(rp.browser, page, "logout-confirm"))
    assert (language(page), "Sie sind abgemeldet" in page.text) == ("de", True)


def test_signing_out_by_post_or_with_a_hint_speaks_it(rp: RelyingParty) -> None:
    """RP-Initiated Logout, 2: the request can be posted, and asks nothing with a hint."""
    hint = rp.tokens()["id_token"]
    posted = rp.browser.post("/oidc/end_session", data={"client_id": rp.key, "ui_locales": "de"})
    assert language(rp.follow(posted)) == "de"
    done = rp.browser.get("/oidc/end_session", query_string={"id_token_hint": hint, "ui_locales": "de"})
    page = rp.follow(done)
    assert (language(page), "Sie sind abgemeldet" in page.text) == ("de", True)


def test_a_refused_sign_out_speaks_it(rp: RelyingParty) -> None:
    """RP-Initiated Logout, 4: errors are told on a page."""
    page = rp.browser.get(f"/oidc/end_session?client_id={rp.key}&client_id={rp.key}&ui_locales=de")
    assert (page.status_code, language(page)) == (400, "de")
    assert "client_id kommt mehrfach vor." in page.text
    assert 'href="/sign-out?ui_locales=de"' in page.text


def test_discovery_announces_the_languages_that_are_spoken(rp: RelyingParty, client: FlaskClient) -> None:
    """Discovery, 3, and RFC 8414, 2: ui_locales_supported, each of them true."""
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        announced = client.get(path).get_json()["ui_locales_supported"]
        assert announced == ["en", "de"]
        assert [language(rp.authorize(ui_locales=tag)) for tag in announced] == announced
