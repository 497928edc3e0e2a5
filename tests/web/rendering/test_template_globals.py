"""The functions of the templates: times, durations, URLs, scopes, devices, and the color scheme."""

from datetime import UTC, datetime, timedelta

import pytest

from authserver import clock
from authserver.web import current, user_agents
from authserver.web.rendering import scope_labels, template_globals
from tests.support import forms
from tests.web.browser_session import sign_in

NOW = datetime(2026, 11, 3, 14, 22, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=40), "40 seconds ago"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
        (timedelta(days=70), "2 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(minutes=-3), "in 3 minutes"),
    ],
)
def test_relative_time(monkeypatch, distance, words):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    assert f">{words}<" in template_globals.ago(NOW - distance)


def test_relative_time_contains_the_exact_time(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    assert 'title="2026-11-03 14:22:05 UTC"' in template_globals.ago(NOW)
    assert 'datetime="2026-11-03T14:22:05+00:00"' in template_globals.ago(NOW)
    assert template_globals.ago(None) == "never"


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 second"), (59, "59 seconds"), (61, "2 minutes"), (900, "15 minutes")]
)
def test_waiting_times_are_rounded_up(seconds, words):
    assert template_globals.format_wait(seconds) == words


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://app.example.org:8443/callback?x=1", "https://app.example.org:8443"),
        ("com.example.app:/callback", "com.example.app:"),
        ("http://127.0.0.1/cb", "http://127.0.0.1"),
    ],
)
def test_origin_of_a_redirect_uri(uri, origin):
    assert template_globals.origin(uri) == origin


def test_scope_labels(app):
    with app.test_request_context():
        assert scope_labels.label_of_scope("email") == "See your e-mail address"
        assert scope_labels.label_of_scope("models:read") == "Use “models:read” on your behalf"
        current.release()


def test_scope_order():
    assert scope_labels.in_order(["models:read", "email", "openid"]) == ["openid", "email", "models:read"]


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36",
            "Chrome on Windows",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 Version/17 Safari/605.1.15",
            "Safari on macOS",
        ),
        ("", "A browser"),
    ],
)
def test_device_names(user_agent, words):
    assert user_agents.describe_user_agent(user_agent) == words


def test_undefined_name_in_a_template_is_an_error(app):
    with app.test_request_context(), pytest.raises(Exception, match="undefined"):
        app.jinja_env.from_string("{{ forgotten }}").render()


def test_user_chooses_the_color_scheme(client, sample_users):
    assert 'data-theme="auto"' in client.get("/sign-in").text
    sign_in(client, "alice")
    form = forms.find(client.get("/account/sessions"), "sign-out")
    token = dict(form.fields)["csrf_token"]
    response = client.post(
        "/account/theme", data={"csrf_token": token, "theme": "dark", "next": "/account/sessions"}
    )
    assert response.location == "/account/sessions"
    assert 'data-theme="dark"' in client.get("/account").text
    assert 'data-theme="dark"' in client.get("/sign-out").text


@pytest.mark.parametrize("chosen", ["purple", "", '"><script>'])
def test_unknown_color_scheme_is_ignored(client, sample_users, chosen):
    client.set_cookie("authserver_theme", chosen)
    assert 'data-theme="auto"' in client.get("/sign-in").text
