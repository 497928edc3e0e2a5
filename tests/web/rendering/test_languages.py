"""Language negotiation, fallbacks, and translated texts."""

import copy
from datetime import UTC, datetime, timedelta

import pytest
from babel.support import Translations
from flask import render_template_string, url_for
from flask_babel import gettext

from authserver import clock, languages
from authserver.domain.audit import EVENTS
from authserver.domain.clients import redirect_uris
from authserver.domain.users import profiles
from authserver.errors import InvalidInput
from authserver.messages import message, plural_message
from authserver.protocol.errors import ProtocolError
from authserver.protocol.http import MAX_PARAMETERS, parse_pairs
from authserver.web import current
from authserver.web.rendering import durations, scope_labels, template_globals
from authserver.web.rendering import languages as pages_languages
from authserver.web.rendering.languages import translate
from tests.support import forms
from tests.web.browser_session import sign_in

NOW = datetime(2026, 11, 3, 14, 22, 5, tzinfo=UTC)


def language_of(page):
    """Return the language that a page declares."""
    return page.text.partition('<html lang="')[2].partition('"')[0]


@pytest.fixture
def german(app):
    """A request with German pages."""
    with app.test_request_context("/sign-in", headers={"Accept-Language": "de"}):
        yield
        current.release()


@pytest.fixture
def three_languages(monkeypatch):
    monkeypatch.setattr(languages, "supported", lambda: ("en", "de", "pt-BR"))


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["pt-BR"], "pt-BR"),
        (["PT-br"], "pt-BR"),
        (["pt-BR-x-private"], "pt-BR"),
        (["pt"], None),
        (["pt-PT", "de-Latn-DE-1996"], "de"),
        (["", "-", "--de", "de-"], "de"),
        ([*["xx"] * 20, "de"], None),
        (["x-" * 5000 + "de"], None),
        ([], None),
    ],
)
def test_language_tags_are_looked_up_by_rfc4647(three_languages, tags, found):
    assert languages.first_supported(tags) == found


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("de", "de"),
        ("de-AT, en;q=0.8", "de"),
        ("en;q=0.8, de;q=0.9", "de"),
        ("en, de", "en"),
        ("fr, nl;q=0.9, de;q=0.1", "de"),
        ("de;q=0, fr", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("*, de;q=0.5", "de"),
        ("", "en"),
        (";;q=,,=", "en"),
        ("de;q=nonsense, en", "en"),
        ("x" * 7000, "en"),
    ],
)
def test_browser_language_is_the_default(client, accepted, expected):
    page = client.get("/sign-in", headers={"Accept-Language": accepted})
    assert language_of(page) == page.headers["Content-Language"] == expected
    assert "Accept-Language" in page.headers["Vary"]


@pytest.mark.parametrize(
    "path", ["/nothing", "/sign-out", "/device", "/setup?token=nothing", "/oauth/authorize", "/account"]
)
def test_all_user_pages_are_translated(client, path):
    page = client.get(path, headers={"Accept-Language": "de"}, follow_redirects=True)
    assert language_of(page) == "de"


@pytest.mark.parametrize("path", ["/", "/nothing", "/admin/nothing", "/admin", "/account", "/admin/clients"])
def test_invalid_language_is_never_an_error(client, sample_users, path):
    sign_in(client, "admin")
    for ui_locales in ("de", "%ED%B3%BF", "%FF", "%00", "de+" * 500, "&ui_locales=de"):
        page = client.get(f"{path}?ui_locales={ui_locales}", headers={"Accept-Language": "de,\xff;q=1"})
        assert page.status_code < 500


def test_console_is_english(client, sample_users):
    sign_in(client, "admin")
    page = client.get("/admin/clients?ui_locales=de", headers={"Accept-Language": "de"})
    assert language_of(page) == page.headers["Content-Language"] == "en"
    assert "Create client" in page.text
    assert all(
        words in page.text for words in (">Account</a>", ">Console</a>", "Sign out", "Skip to content")
    )


def test_urls_keep_ui_locales(app):
    with app.test_request_context("/sign-in?ui_locales=xx+de-CH"):
        assert url_for("frontchannel.sign_out") == "/sign-out?ui_locales=de"
        assert url_for("frontchannel.sign_out", ui_locales="en") == "/sign-out?ui_locales=en"
        assert url_for("account.profile") == "/account?ui_locales=de"
        assert url_for("admin.overview") == "/admin"
    for path in ("/sign-in", "/sign-in?ui_locales=xx"):
        with app.test_request_context(path, headers={"Accept-Language": "de"}):
            assert url_for("frontchannel.sign_out") == "/sign-out"


def test_forms_keep_ui_locales(client):
    page = client.get("/sign-in?ui_locales=de", headers={"Accept-Language": "en"})
    assert ("ui_locales", "de") in forms.find(page, "login-submit").fields
    assert "ui_locales" not in client.get("/sign-in", headers={"Accept-Language": "de"}).text


def test_stored_request_can_choose_the_language(app):
    with app.test_request_context("/oauth2/continue"):
        pages_languages.choose_language("xx")
        assert pages_languages.current_language() == "en"
        pages_languages.choose_language("de-AT")
        assert pages_languages.current_language() == "de"
        pages_languages.choose_language(None)
        assert url_for("frontchannel.sign_in") == "/sign-in?ui_locales=de"


def test_form_too_large_error_uses_the_browser_language(client, settings):
    body = {"ui_locales": "de", "x": "a" * settings.max_body_bytes}
    page = client.post("/sign-in", data=body, headers={"Accept-Language": "de"})
    assert (page.status_code, language_of(page)) == (413, "de")
    assert "zu groß" in page.text


def test_texts_outside_of_requests_are_english():
    assert gettext("Sign in") == "Sign in"
    assert durations.format_since(timedelta(days=2)) == "2 days ago"


@pytest.mark.own_app
def test_names_are_escaped(app, german):
    template = "{% trans name=evil | bdi %}Allow {{ name }} to use your account?{% endtrans %}"
    app.jinja_env.autoescape = True
    page = render_template_string(template, evil="<script>alert(1)</script>%(x)s")
    assert page == "Darf <bdi>&lt;script&gt;alert(1)&lt;/script&gt;%(x)s</bdi> Ihr Konto verwenden?"
    assert render_template_string("{{ evil }}", evil=message("<b>")) == "&lt;b&gt;"
    repeated = message("%(name)s is repeated.", name="<b>")
    assert render_template_string("{{ evil }}", evil=repeated) == "&lt;b&gt; kommt mehrfach vor."


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=3), "gerade eben"),
        (timedelta(minutes=1), "vor 1 Minute"),
        (timedelta(days=1), "vor 1 Tag"),
        (timedelta(days=3), "vor 3 Tagen"),
        (timedelta(days=70), "vor 2 Monaten"),
        (timedelta(days=800), "vor 2 Jahren"),
        (timedelta(days=-3), "in 3 Tagen"),
    ],
)
def test_relative_times_in_german(german, monkeypatch, distance, words):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    assert f">{words}<" in template_globals.ago(NOW - distance)


def test_waiting_times_in_german(german):
    assert (
        template_globals.wait_then_try_again(90) == "Warten Sie 2 Minuten und versuchen Sie es dann erneut."
    )
    assert template_globals.format_wait(1) == "1 Sekunde"
    assert durations.format_duration(timedelta(days=3)) == "3 Tage"


def test_scopes_in_german(german):
    assert scope_labels.label_of_scope("email") == "Ihre E-Mail-Adresse sehen"
    assert scope_labels.label_of_scope("models:read") == "„models:read“ in Ihrem Namen verwenden"


def test_a_message_is_english_text_until_it_is_translated(german, services):
    with pytest.raises(InvalidInput) as short:
        services.passwords.check_new("short", username="alice")
    assert short.value.fields["password"] == "The password needs at least 12 characters."
    assert translate(short.value.fields["password"]) == "Das Passwort muss mindestens 12 Zeichen lang sein."
    with pytest.raises(ProtocolError) as long:
        parse_pairs("a=b&" * (MAX_PARAMETERS + 1))
    assert translate(long.value.args[0]) == "Eine Anfrage kann höchstens 100 Parameter haben."
    assert translate(redirect_uris.list_error(["javascript:x(1)"])) == (
        "javascript:x(1): Das Schema javascript ist für eine Redirect-URI nicht sicher. Verwenden Sie https."
    )
    for other in ("", "Sign in", "%", "%(name)s"):
        assert translate(other) == other


def test_plural_messages_are_translated(german):
    for count, english, translated in ((1, "1 day ago", "vor 1 Tag"), (3, "3 days ago", "vor 3 Tagen")):
        text = plural_message("%(num)s day ago", "%(num)s days ago", count)
        assert (text, translate(text)) == (english, translated)


def test_a_message_survives_a_copy(german):
    text = message("%(name)s is repeated.", name="100 %")
    assert translate(copy.deepcopy(text)) == "100 % kommt mehrfach vor."


def test_a_page_translates_messages(german):
    assert render_template_string("{{ text }}", text=message("Sign in")) == "Anmelden"
    assert render_template_string("{{ text }}", text="Sign in") == "Sign in"


def test_labels_within_messages_are_translated(german):
    with pytest.raises(InvalidInput) as long:
        profiles.clean_profile({"nickname": "x" * 500, "website": "ftp://x", "phone_number": "\n"})
    translated = {field: translate(text) for field, text in long.value.fields.items()}
    assert translated["nickname"] == "„Spitzname“ darf höchstens 200 Zeichen lang sein."
    assert translated["website"].startswith("Geben Sie eine URL ein")


def test_every_event_is_translated(german):
    assert translate(EVENTS["user:set-password"]) == "Ein Passwort wurde geändert."
    assert all(translate(text) != text for text in EVENTS.values())


def test_catalog_is_read_once(german, monkeypatch):
    gettext("Sign in")
    monkeypatch.setattr(Translations, "load", None)
    assert gettext("Sign in") == "Anmelden"
