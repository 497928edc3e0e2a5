"""The sign-in page: the session, its errors, throttling, and redirects."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from authserver.domain.audit import AuditEvent
from authserver.domain.user_sessions import UserSession
from authserver.vocabulary import EndpointPath
from authserver.web.frontchannel import sign_in_context
from tests.support import forms
from tests.support.sample_users import PASSWORD
from tests.web.browser_session import session_cookie, sign_in, use_cookie


def sessions_in(database):
    with database.transaction(write=False) as db:
        return list(db.scalars(select(UserSession).order_by(UserSession.id)))


def test_sign_in_redirects_to_the_account(client, sample_users):
    response = sign_in(client, "alice")
    assert (response.status_code, response.location) == (303, "/account")
    assert client.get("/account").status_code == 200


def test_administrator_is_redirected_to_the_console(client, sample_users):
    assert sign_in(client, "admin").location == "/admin"


def test_root_url_redirects(client, sample_users):
    assert client.get("/").location == "/sign-in"
    sign_in(client, "alice")
    assert client.get("/").location == "/account"


def test_page_has_its_ids_and_autocomplete_attributes(client):
    page = client.get("/sign-in").text
    for attribute in (
        'id="username"',
        'id="password"',
        'id="login-submit"',
        'id="login-cancel"',
        ">Sign in</h1>",
    ):
        assert attribute in page
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page


def test_cookie_is_http_only_and_same_site(client, sample_users):
    cookies = [
        value for value in sign_in(client, "alice").headers.getlist("Set-Cookie") if "session=" in value
    ]
    assert len(cookies) == 1
    assert "HttpOnly" in cookies[0]
    assert "SameSite=Lax" in cookies[0]
    assert "Max-Age" not in cookies[0]


def test_keep_me_signed_in(client, sample_users, settings, database):
    response = sign_in(client, "alice", remember="1")
    cookie = next(value for value in response.headers.getlist("Set-Cookie") if "session=" in value)
    assert f"Max-Age={int(settings.remembered_session_lifetime.total_seconds())}" in cookie
    assert sessions_in(database)[0].is_remembered


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "next_url",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/..//evil.example",
        "/%2e%2e//evil.example",
        "/\tevil",
        "/\nevil",
        "/a\0b",
        "/é",
        "javascript:alert(1)",
        "evil",
        "",
        "/" + "a" * 5000,
    ],
)
def test_external_next_url_is_ignored(client, sample_users, next_url):
    page = client.get("/sign-in", query_string={"next": next_url})
    response = forms.submit(client, page, "login-submit", username="alice", password=PASSWORD, next=next_url)
    assert response.location == "/account"


@pytest.mark.parametrize(
    "next_url", ["/account/sessions", "/admin?tab=all&q=%20", "/oauth2/continue?interaction=a"]
)
def test_next_url_is_followed(client, sample_users, next_url):
    page = client.get("/sign-in", query_string={"next": next_url})
    assert (
        forms.submit(client, page, "login-submit", username="alice", password=PASSWORD).location == next_url
    )


@pytest.mark.both_databases
def test_all_failures_look_the_same(client, sample_users):
    def answer(username, password):
        page = sign_in(client, username, password)
        return page.status_code, re.sub(r'(nonce|value)="[^"]*"', "", page.text)

    responses = {
        answer("alice", "wrong"),
        answer("nobody", "wrong"),
        answer("alice", ""),
        answer("\0", PASSWORD),
    }
    assert len(responses) == 1
    status, text = responses.pop()
    assert status == 422
    assert "The user name or password is wrong." in text


def test_user_name_is_kept_and_password_is_not(client, sample_users):
    page = sign_in(client, "alice", "my secret guess")
    assert 'value="alice"' in page.text
    assert "my secret guess" not in page.text


def test_too_many_attempts(client, sample_users, settings):
    for _ in range(settings.sign_in_attempts):
        assert sign_in(client, "alice", "wrong").status_code == 422
    page = sign_in(client, "alice")
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 900
    assert "Wait 15 minutes" in page.text
    assert session_cookie(client) is None


def test_known_browser_can_sign_in_while_others_are_throttled(app, client, sample_users, settings):
    sign_in(client, "alice")
    forms.submit(client, client.get("/sign-out"), "logout-confirm")
    other_browser = app.test_client()
    for _ in range(settings.sign_in_attempts):
        sign_in(other_browser, "alice", "wrong")
    assert sign_in(other_browser, "alice").status_code == 429
    assert sign_in(client, "alice").status_code == 303


def test_form_without_csrf_token_is_shown_again_with_the_user_name(client, sample_users):
    answer = client.post(
        "/sign-in", data={"username": "alice", "password": PASSWORD, "next": "/account/sessions"}
    )
    assert answer.status_code == 400
    assert "has expired" in answer.text
    assert 'value="alice"' in answer.text
    assert PASSWORD not in answer.text
    again = forms.submit(client, answer, "login-submit", password=PASSWORD)
    assert again.location == "/account/sessions"


def test_forms_older_than_the_sign_in_are_rejected(client, sample_users, database):
    old = client.get("/sign-in?next=/account/sessions")
    sign_in(client, "alice")
    assert forms.submit(client, old, "login-submit", username="bob", password=PASSWORD).status_code == 400
    again = forms.submit(client, old, "login-submit", username="alice", password=PASSWORD)
    assert (again.status_code, again.location) == (303, "/account/sessions")
    with database.transaction(write=False) as db:
        assert db.query(UserSession).count() == 1


def test_cookie_changes_with_every_sign_in(app, client, sample_users, database):
    sign_in(client, "alice")
    first = session_cookie(client)
    sign_in(client, "alice", url="/sign-in?again=1")
    assert session_cookie(client) != first
    other_browser = app.test_client()
    use_cookie(other_browser, first)
    assert other_browser.get("/account").status_code == 303


def test_signing_in_again_keeps_the_session(client, sample_users, database):
    sign_in(client, "alice")
    before = sessions_in(database)
    response = sign_in(client, "alice", url="/sign-in?again=1&next=/account/password")
    after = sessions_in(database)
    assert response.location == "/account/password"
    assert [row.sid for row in after] == [row.sid for row in before]
    assert after[0].signed_in_at > before[0].signed_in_at


def test_signing_in_again_shows_the_reason_and_fixes_the_user_name(client, sample_users):
    sign_in(client, "alice")
    page = client.get("/sign-in?again=1&next=/account/password").text
    assert "Sign in again" in page
    assert re.search(r'id="username"[^>]*value="alice"[^>]*readonly', page)
    assert "Switch account" in page


def test_readonly_user_name_cannot_be_changed(client, sample_users, database):
    sign_in(client, "alice")
    assert sign_in(client, "bob", url="/sign-in?again=1").status_code == 303
    assert {row.user_id for row in sessions_in(database)} == {sample_users["alice"].id}


def test_switching_accounts_ends_the_previous_session(client, sample_users, database):
    sign_in(client, "alice")
    assert sign_in(client, "bob", url="/sign-in?switch=1&next=/account").location == "/account"
    alices_session, bobs_session = sessions_in(database)
    assert alices_session.ended_at is not None
    assert bobs_session.ended_at is None
    assert "bob" in client.get("/account").text


def test_failed_attempt_keeps_the_session(client, sample_users):
    sign_in(client, "alice")
    sign_in(client, "bob", "wrong", url="/sign-in?switch=1")
    assert client.get("/account").status_code == 200


def test_signed_in_user_is_redirected(client, sample_users):
    sign_in(client, "alice")
    assert client.get("/sign-in?next=/account/sessions").location == "/account/sessions"


def test_disabling_an_account_ends_its_sessions(client, sample_users, database):
    from authserver.context import SYSTEM
    from authserver.domain.users import users

    sign_in(client, "alice")
    with database.transaction() as db:
        users.disable(db, SYSTEM, users.get(db, sample_users["alice"].id))
    assert client.get("/account").status_code == 303
    assert sign_in(client, "alice").status_code == 422


def test_database_is_not_locked_while_the_password_is_hashed(client, sample_users, services, monkeypatch):
    verify, written = services.passwords.verify, []

    def write_meanwhile(stored, password):
        with services.database.transaction() as db:
            written.append(db.scalar(select(UserSession.id)))
        return verify(stored, password)

    monkeypatch.setattr(services.passwords, "verify", write_meanwhile)
    sign_in(client, "alice")
    sign_in(client, "alice", url="/sign-in?again=1")
    assert len(written) == 2


def test_audit_trail_records_sign_ins_and_failures(client, sample_users, database):
    sign_in(client, "alice", "wrong")
    sign_in(client, "alice")
    sign_in(client, "alice", url="/sign-in?again=1")
    with database.transaction(write=False) as db:
        rows = list(
            db.scalars(select(AuditEvent).where(AuditEvent.event.like("session:%")).order_by(AuditEvent.id))
        )
    assert [(row.event, row.actor_name, row.user_id) for row in rows] == [
        ("session:refuse", "anonymous", sample_users["alice"].id),
        ("session:start", "alice", sample_users["alice"].id),
        ("session:start", "alice", sample_users["alice"].id),
    ]
    assert all(row.address == "127.0.0.1" and row.request_id for row in rows)


def sign_in_url(app, **changes):
    with app.test_request_context():
        options = {"application": "Model <review>", "cancel_url": "/oauth2/cancel?interaction=x"} | changes
        return sign_in_context.sign_in_first("/oauth2/continue?interaction=x", **options).location


def test_authorization_request_shows_the_client_and_redirects_back(app, client, sample_users):
    page = client.get(sign_in_url(app, login_hint="alice"))
    assert "Model &lt;review&gt;" in page.text
    assert 'value="alice"' in page.text
    assert 'href="/oauth2/cancel?interaction=x"' in page.text
    refused = forms.submit(client, page, "login-submit", password="wrong")
    assert "Model &lt;review&gt;" in refused.text
    response = forms.submit(client, refused, "login-submit", password=PASSWORD)
    assert response.location == "/oauth2/continue?interaction=x"


def test_client_can_require_a_new_sign_in(app, client, sample_users):
    sign_in(client, "alice")
    assert client.get(sign_in_url(app)).location == "/oauth2/continue?interaction=x"
    page = client.get(sign_in_url(app, is_again=True))
    assert "Sign in again" in page.text
    assert (
        forms.submit(client, page, "login-submit", password=PASSWORD).location
        == "/oauth2/continue?interaction=x"
    )


def test_client_can_require_another_account(app, client, sample_users):
    sign_in(client, "alice")
    page = client.get(sign_in_url(app, is_switch=True))
    assert "another account" in page.text
    response = forms.submit(client, page, "login-submit", username="bob", password=PASSWORD)
    assert response.location == "/oauth2/continue?interaction=x"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda signed: signed[:-3] + "abc", id="signature"),
        pytest.param(lambda signed: "W1tdXQ." + signed.rpartition(".")[2], id="content"),
        pytest.param(lambda signed: "x", id="all"),
    ],
)
def test_forged_client_name_is_not_shown(app, client, change):
    location = sign_in_url(app)
    signed = location.partition("ask=")[2]
    page = client.get(location.replace(signed, change(signed)))
    assert page.status_code == 200
    assert "Model" not in page.text


def test_sessions_expire_by_idle_time_and_age(client, sample_users, settings, monkeypatch):
    from tests.support.moving_clock import MovingClock

    clock = MovingClock(monkeypatch)
    sign_in(client, "alice")
    clock.advance(settings.session_idle_lifetime, seconds=1)
    assert client.get("/account").status_code == 303
    sign_in(client, "alice", remember="1")
    clock.advance(settings.remembered_session_lifetime, timedelta(minutes=-1))
    assert client.get("/account").status_code == 200
    clock.advance(timedelta(minutes=2))
    assert client.get("/account").status_code == 303


def test_policy_allows_the_redirect_to_the_client(client):
    policy = client.get(EndpointPath.SIGN_IN).headers["Content-Security-Policy"]
    assert "form-action" not in policy
    assert "frame-ancestors 'none'" in policy
