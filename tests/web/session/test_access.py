"""Access to pages: sign-in, recent sign-in and permission. Forms are preserved during a sign-in."""

import pytest
from flask import request

from authserver.web import current
from authserver.web.session import access
from tests.support import forms
from tests.support.moving_clock import MovingClock
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import set_up
from tests.web.browser_session import sign_in

pytestmark = pytest.mark.own_app


@pytest.fixture
def app(app):
    @access.require_recent_sign_in
    def danger():
        if request.method == "POST":
            fields = "&".join(
                f"{name}={value}" for name, value in request.form.items() if name != "csrf_token"
            )
            return f"{fields} by {current.current_session().user.username}"
        return "the form"

    app.add_url_rule("/danger", view_func=danger, methods=["GET", "POST"])
    return app


@pytest.fixture
def clock(monkeypatch):
    return MovingClock(monkeypatch)


def post(client, **fields):
    token = dict(forms.find(client.get("/sign-out"), "logout-confirm").fields)["csrf_token"]
    return client.post("/danger", data={"csrf_token": token, **fields})


def test_anonymous_user_signs_in_and_returns(client, sample_users):
    response = client.get("/danger?a=1&b=%2F")
    assert response.status_code == 303
    assert sign_in(client, "alice", url=response.location).location == "/danger?a=1&b=%2F"


def test_recent_sign_in_is_sufficient(client, sample_users):
    sign_in(client, "alice")
    assert client.get("/danger").text == "the form"
    assert post(client, name="x").text == "name=x by alice"


def test_old_sign_in_is_renewed_before_the_form_is_shown(client, sample_users, clock, settings):
    sign_in(client, "alice")
    clock.advance(settings.recent_sign_in, seconds=1)
    response = client.get("/danger")
    assert "again=1" in response.location
    assert sign_in(client, "alice", url=response.location).location == "/danger"
    assert client.get("/danger").text == "the form"


def test_form_sent_after_the_limit_is_preserved(client, sample_users, clock, settings):
    sign_in(client, "alice")
    clock.advance(settings.recent_sign_in, seconds=1)
    asked = post(client, name="<b>", secret="typed by hand")
    assert asked.status_code == 403
    assert "Sign in again" in asked.text
    assert "typed by hand" not in asked.text
    mistyped = forms.submit(client, asked, "login-submit", password="wrong")
    resumed = forms.submit(client, mistyped, "login-submit", password=PASSWORD)
    assert resumed.status_code == 200
    assert forms.submit(client, resumed, "resume-submit").text == "name=<b>&secret=typed by hand by alice"


def test_preserved_form_belongs_to_its_user(client, sample_users, clock, settings):
    sign_in(client, "alice")
    clock.advance(settings.recent_sign_in, seconds=1)
    asked = post(client, name="x")
    sealed = dict(forms.find(asked, "login-submit").fields)["resume"]
    switch = client.get("/sign-in?switch=1")
    response = forms.submit(client, switch, "login-submit", username="bob", password=PASSWORD, resume=sealed)
    assert response.location == "/account"


@pytest.mark.parametrize("resume", ["x", "a.b", "...."])
def test_forged_preserved_form_is_ignored(client, sample_users, resume):
    assert sign_in(client, "alice", resume=resume).location == "/account"


def test_htmx_request_is_redirected_to_the_sign_in_page(client, sample_users, clock, settings):
    sign_in(client, "alice")
    clock.advance(settings.recent_sign_in, seconds=1)
    page = client.get("/sign-out")
    token = dict(forms.find(page, "logout-confirm").fields)["csrf_token"]
    response = client.post("/danger", data={"csrf_token": token}, headers={"HX-Request": "true"})
    assert (response.status_code, "again=1" in response.location) == (303, True)


def test_console_requires_configure_server(client, sample_users):
    sign_in(client, "alice")
    page = client.get("/admin")
    assert page.status_code == 403
    assert "Configure Server" in page.text
    assert "signed in as alice" in page.text
    assert 'href="/sign-in?next=/admin&amp;switch=1"' in page.text
    assert sign_in(client, "admin", url="/sign-in?next=/admin&switch=1").location == "/admin"


def test_console_redirects_anonymous_users_to_the_sign_in_page(client):
    assert client.get("/admin").location == "/sign-in?next=/admin"


def test_password_is_insufficient_with_a_second_factor(app, client, sample_users):
    sign_in(client, "alice")
    totp_app = set_up(app)
    asked = client.get("/danger?a=1")
    assert asked.location == "/sign-in/code?next=/danger?a%3D1&again=1"
    response = forms.submit(client, client.get(asked.location), "login-submit", code=totp_app.code())
    assert response.location == "/danger?a=1"
    assert client.get("/danger?a=1").text == "the form"


def test_form_is_preserved_during_the_second_factor(app, client, sample_users):
    sign_in(client, "alice")
    totp_app = set_up(app)
    response = post(client, name="<b>", code="field of the same name")
    assert (response.status_code, 'id="code"' in response.text) == (403, True)
    mistyped = forms.submit(client, response, "login-submit", code="000000")
    resumed = forms.submit(client, mistyped, "login-submit", code=totp_app.code())
    kept = forms.submit(client, resumed, "resume-submit").text
    assert kept == "name=<b>&code=field of the same name by alice"


def test_sign_in_with_both_factors_is_sufficient(app, client, sample_users):
    totp_app = set_up(app)
    half_way = sign_in(client, "alice")
    forms.submit(client, half_way, "login-submit", code=totp_app.code())
    assert client.get("/danger").text == "the form"
