"""OpenID Connect Core, section 3.1.2.1, and RP-Initiated Logout, section 2: ui_locales, the language of the pages."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from authserver.protocol.services import Services
from tests.support import forms
from tests.support.relying_party import RelyingParty, disapprove, response_parameters
from tests.support.second_factors import set_up

GERMAN_BROWSER = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}


def language(page) -> str:
    """Return the language that a page declares, in the html element and in the header."""
    declared = re.search(r'<html lang="([^"]+)"', page.text)[1]
    assert page.headers["Content-Language"] == declared
    return declared


@pytest.mark.parametrize(
    ("ui_locales", "expected"),
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
def test_first_supported_language_is_used(rp: RelyingParty, ui_locales: str, expected: str) -> None:
    """ui_locales: a space-separated list of BCP 47 language tags, ordered by preference."""
    assert language(rp.authorize(ui_locales=ui_locales)) == expected


@pytest.mark.parametrize(
    "ui_locales",
    ["se xx", "d", "deutsch", "-de", "de_DE.UTF-8", "*", "%", "<script>", "ä", "x" * 3000, "- - -"],
)
def test_unknown_or_malformed_tags_are_ignored(rp: RelyingParty, ui_locales: str) -> None:
    """An error SHOULD NOT result if some or all of the requested locales are not supported."""
    page = rp.authorize(ui_locales=ui_locales)
    assert language(page) == "en"
    assert "code" in response_parameters(rp.authorized(ui_locales=ui_locales))


def test_all_pages_use_the_language(rp: RelyingParty) -> None:
    """Every page of the interaction: sign-in, errors, consent."""
    page = rp.authorize(ui_locales="de")
    assert (language(page), "um mit" in page.text) == ("de", True)
    page = rp.sign_in(page, password="wrong")
    assert (page.status_code, language(page)) == (422, "de")
    assert "Benutzername oder Passwort ist falsch." in page.text
    page = rp.sign_in(page)
    assert (language(page), "Ihre E-Mail-Adresse sehen" in page.text) == ("de", True)
    assert "code" in response_parameters(rp.allow(page))


def test_posted_request_uses_the_language(rp: RelyingParty) -> None:
    """Authorization requests with GET and with POST have the same parameters."""
    page = rp.follow(rp.browser.post("/oauth2/authorize", data=rp.request(ui_locales="de")))
    assert language(page) == "de"
    assert language(rp.sign_in(page)) == "de"


def test_expired_form_uses_the_language(rp: RelyingParty) -> None:
    """Errors on the way are shown in the same language."""
    page = rp.authorize(ui_locales="de")
    form = dict(forms.find(page, "login-submit").fields) | {"csrf_token": "old", "username": "alice"}
    page = rp.browser.post(forms.find(page, "login-submit").action, data=form)
    assert (page.status_code, language(page)) == (400, "de")
    page = rp.sign_in(page)
    stale = dict(forms.find(page, "consent-allow").fields) | {"csrf_token": "old"}
    page = rp.follow(rp.browser.post("/consent", data=stale))
    assert ("E-Mail-Adresse" in page.text, language(page)) == (True, "de")


def test_switching_the_account_keeps_the_language(rp: RelyingParty) -> None:
    """The link to another account on the consent page belongs to the same interaction."""
    page = rp.sign_in(rp.authorize(ui_locales="de"))
    link = re.search(r'href="([^"]+)">Konto wechseln', page.text)[1].replace("&amp;", "&")
    page = rp.browser.get(link)
    assert language(page) == "de"
    assert language(rp.sign_in(page, "bob")) == "de"


def test_second_factor_page_uses_the_language(rp: RelyingParty, app: Flask) -> None:
    """Users with an authenticator app see one more page, which can show errors."""
    totp_app = set_up(app)
    page = rp.sign_in(rp.authorize(ui_locales="de"))
    assert (language(page), "Code aus Ihrer Authenticator-App" in page.text) == ("de", True)
    page = forms.submit(rp.browser, page, "login-submit", code="000000")
    assert (page.status_code, language(page)) == (422, "de")
    page = rp.follow(forms.submit(rp.browser, page, "login-submit", code=totp_app.code()))
    assert (language(page), 'id="consent-allow"' in page.text) == ("de", True)


def test_prompts_use_the_language(rp: RelyingParty) -> None:
    """prompt=login and prompt=select_account show the same pages."""
    rp.authorized()
    for prompt in ("login", "select_account", "consent"):
        assert language(rp.authorize(prompt=prompt, ui_locales="de")) == "de"


def test_error_pages_use_the_language(rp: RelyingParty, services: Services) -> None:
    """Errors that cannot be returned to the client are shown to the user. The error code is not translated."""
    page = rp.authorize(ui_locales="de", redirect_uri="https://evil.example/")
    assert (page.status_code, language(page)) == (400, "de")
    assert "Diese redirect_uri ist für den Client nicht registriert." in page.text
    assert "<code>invalid_request</code>" in page.text
    page = rp.browser.get("/oauth2/continue?interaction=nothing&ui_locales=de")
    assert (page.status_code, language(page)) == (400, "de")
    disapprove(services, rp.key)
    page = rp.authorize(ui_locales="de")
    assert (page.status_code, language(page), "Nicht freigegeben" in page.text) == (403, "de", True)


def test_form_post_page_uses_the_language(rp: RelyingParty) -> None:
    """Form Post: users can see the page with the button."""
    page = rp.authorized(ui_locales="de", response_mode="form_post")
    assert (language(page), "Zurück zur Anwendung" in page.text) == ("de", True)


def test_error_descriptions_are_english(rp: RelyingParty) -> None:
    """RFC 6749, 4.1.2.1: error_description is for developers, in ASCII."""
    response = response_parameters(rp.authorize(ui_locales="de", prompt="none"))
    english = response_parameters(rp.authorize(prompt="none"))
    assert response["error"] == "login_required"
    assert (
        "The request has prompt=none, but the user must sign in or consent." in response["error_description"]
    )
    assert response["error_description"].partition("(")[0] == english["error_description"].partition("(")[0]


def test_ui_locales_override_accept_language(rp: RelyingParty) -> None:
    """ui_locales come first, then Accept-Language, then English."""
    rp.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = GERMAN_BROWSER["Accept-Language"]
    assert language(rp.authorize(ui_locales="en")) == "en"
    assert language(rp.authorize(ui_locales="se")) == "de"
    assert language(rp.authorize()) == "de"


def test_language_applies_to_one_request(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """The next request in the same browser has its own language."""
    other_rp.browser = rp.browser
    page = rp.authorize(ui_locales="de")
    assert language(other_rp.authorize()) == "en"
    page = rp.sign_in(page)
    assert language(page) == "de"
    assert language(other_rp.authorize()) == "en"
    assert "code" in response_parameters(rp.allow(page))
    assert language(other_rp.authorize(prompt="login")) == "en"
    assert language(rp.browser.get("/sign-out")) == "en"


def test_sign_out_uses_the_language(rp: RelyingParty) -> None:
    """RP-Initiated Logout, 2: ui_locales applies to the question, the form and the result."""
    rp.authorized()
    page = rp.browser.get("/oidc/end_session", query_string={"client_id": rp.key, "ui_locales": "de-CH en"})
    assert (language(page), "möchte Sie abmelden" in page.text) == ("de", True)
    page = rp.follow(forms.submit(rp.browser, page, "logout-confirm"))
    assert (language(page), "Sie sind abgemeldet" in page.text) == ("de", True)


def test_sign_out_by_post_or_with_a_hint_uses_the_language(rp: RelyingParty) -> None:
    """RP-Initiated Logout, 2: a request can be sent by POST. With a hint, the server asks no question."""
    hint = rp.tokens()["id_token"]
    posted = rp.browser.post("/oidc/end_session", data={"client_id": rp.key, "ui_locales": "de"})
    assert language(rp.follow(posted)) == "de"
    redirect = rp.browser.get("/oidc/end_session", query_string={"id_token_hint": hint, "ui_locales": "de"})
    page = rp.follow(redirect)
    assert (language(page), "Sie sind abgemeldet" in page.text) == ("de", True)


def test_rejected_sign_out_uses_the_language(rp: RelyingParty) -> None:
    """RP-Initiated Logout, 4: errors are shown on a page."""
    page = rp.browser.get(f"/oidc/end_session?client_id={rp.key}&client_id={rp.key}&ui_locales=de")
    assert (page.status_code, language(page)) == (400, "de")
    assert "client_id kommt mehrfach vor." in page.text
    assert 'href="/sign-out?ui_locales=de"' in page.text


def test_discovery_lists_the_languages(rp: RelyingParty, client: FlaskClient) -> None:
    """Discovery, 3, and RFC 8414, 2: ui_locales_supported lists the languages of the pages."""
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        listed = client.get(path).get_json()["ui_locales_supported"]
        assert listed == ["en", "de"]
        assert [language(rp.authorize(ui_locales=tag)) for tag in listed] == listed
