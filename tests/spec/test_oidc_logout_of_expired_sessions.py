"""Logout of sessions that have expired: RP-Initiated 2, Back-Channel 2.3 and 2.5, Front-Channel 3."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from authserver.context import SYSTEM
from authserver.domain import cleanup, user_sessions
from authserver.domain.orm import Database
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import forms
from tests.support.logout import Receiver, end_session, logout_receiver, sign_out
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import EVERY_GRANT, RelyingParty, assert_error, claims, register
from tests.support.sample_users import PASSWORD

FRAME = "https://rp.example/front"
RETURN = "https://rp.example/out"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Allow logout requests to loopback."""
    return settings.model_copy(
        update={"fetch_networks": Settings(fetch_networks="127.0.0.0/8").fetch_networks}
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The back-channel logout endpoint of the application."""
    with logout_receiver() as started:
        yield started


@pytest.fixture
def app_rp(rp: RelyingParty, services: Services, receiver: Receiver) -> RelyingParty:
    """An application with front-channel and back-channel logout, and a post-logout redirect URI."""
    return client_rp(rp, services, receiver, EVERY_GRANT)


def client_rp(
    rp: RelyingParty, services: Services, receiver: Receiver, grants: tuple[str, ...]
) -> RelyingParty:
    details = {
        "backchannel_logout_uri": receiver.url,
        "frontchannel_logout_uri": FRAME,
        "post_logout_redirect_uris": [RETURN],
    }
    return RelyingParty(rp.app, *register(services, name="The Party", grant_types=grants, details=details))


def received_sids(services: Services, receiver: Receiver) -> list[str]:
    """Deliver the due notices. Return the sids that the application received."""
    services.logout_notifier.deliver()
    return [claims(token)["sid"] for token in receiver.tokens]


def expire_session(services: Services, clock: MovingClock) -> None:
    """Let the time pass until the session has expired and the refresh token has not."""
    clock.advance(services.settings.session_idle_lifetime, seconds=1)


def keep_signed_in(rp: RelyingParty) -> None:
    """Sign in for a week (Keep me signed in)."""
    credentials = {"username": "alice", "password": PASSWORD, "remember": "1"}
    forms.submit(rp.browser, rp.browser.get("/sign-in"), "login-submit", **credentials)


def test_cleanup_keeps_all_applications_of_a_session(
    rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock
) -> None:
    """Back-Channel 2.3, 2.5, Front-Channel 3: every RP of the session is notified, however old its tokens are."""
    app_rp = client_rp(rp, services, receiver, ("authorization_code",))
    keep_signed_in(app_rp)
    sid = claims(app_rp.tokens()["id_token"])["sid"]
    moving_clock.advance(timedelta(days=3))
    assert sum(count for _, count in cleanup.purge(services.database, services.settings)) > 0
    page = app_rp.follow(sign_out(app_rp))
    assert received_sids(services, receiver) == [sid]
    assert FRAME in page.text


def test_sign_out_ends_an_expired_session(
    app_rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock
) -> None:
    """S3, RP-Initiated 2: the refresh token stops working with the next request, and the application is notified
    (2.5).
    """
    tokens = app_rp.tokens()
    expire_session(services, moving_clock)
    page = app_rp.browser.get("/sign-out")
    assert "has expired" in page.text
    assert "Alice" not in page.text
    after = app_rp.follow(forms.submit(app_rp.browser, page, "logout-confirm"))
    assert_error(app_rp.refresh(tokens["refresh_token"]), "invalid_grant")
    assert received_sids(services, receiver) == [claims(tokens["id_token"])["sid"]]
    assert FRAME in after.text


def test_hint_ends_an_expired_session(
    app_rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock
) -> None:
    """RP-Initiated 2, Back-Channel 2.5: the application of the session can end it without a confirmation."""
    tokens = app_rp.tokens()
    expire_session(services, moving_clock)
    response = end_session(app_rp, id_token_hint=tokens["id_token"], post_logout_redirect_uri=RETURN)
    assert f'href="{RETURN}" data-redirects' in app_rp.follow(response).text
    assert_error(app_rp.refresh(tokens["refresh_token"]), "invalid_grant")
    assert received_sids(services, receiver) == [claims(tokens["id_token"])["sid"]]


def test_expired_session_is_not_ended_without_a_hint(
    app_rp: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """RP-Initiated 6, S21: a request without a hint proves nothing, because any site can send it."""
    tokens = app_rp.tokens()
    expire_session(services, moving_clock)
    assert 'id="logout-confirm"' in end_session(app_rp, client_id=app_rp.key).text
    app_rp.tokens()
    assert app_rp.refresh(tokens["refresh_token"]).status_code == 200


def test_new_sign_in_continues_the_session(
    app_rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock
) -> None:
    """Back-Channel 2.5, S18: one sign-out ends what was granted before and after the session expired."""
    first = app_rp.tokens()
    old_cookie = app_rp.browser.get_cookie("authserver_session")
    expire_session(services, moving_clock)
    second = app_rp.tokens()
    assert claims(first["id_token"])["sid"] == claims(second["id_token"])["sid"]
    assert old_cookie is not None
    assert app_rp.browser.get_cookie("authserver_session") != old_cookie
    sign_out(app_rp)
    for tokens in (first, second):
        assert_error(app_rp.refresh(tokens["refresh_token"]), "invalid_grant")
    assert received_sids(services, receiver) == [claims(first["id_token"])["sid"]]


def test_another_user_ends_the_expired_session(
    app_rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock
) -> None:
    """S18: the previous user's session in this browser ends when another user signs in."""
    first = app_rp.tokens()
    expire_session(services, moving_clock)
    assert claims(app_rp.tokens("bob")["id_token"])["sid"] != claims(first["id_token"])["sid"]
    assert_error(app_rp.refresh(first["refresh_token"]), "invalid_grant")
    assert received_sids(services, receiver) == [claims(first["id_token"])["sid"]]


def test_session_of_the_old_password_does_not_continue(
    app_rp: RelyingParty, services: Services, moving_clock: MovingClock, database: Database
) -> None:
    """S18: applications were notified that this session ended, so the next sign-in starts a new one."""
    first = claims(app_rp.tokens()["id_token"])["sid"]
    with database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.set_password(db, SYSTEM, user, services.passwords.hash(PASSWORD))
    assert claims(app_rp.tokens()["id_token"])["sid"] != first


@pytest.mark.parametrize("action", ["disable", "end others"])
def test_administrators_end_expired_sessions(
    app_rp: RelyingParty,
    services: Services,
    receiver: Receiver,
    moving_clock: MovingClock,
    alice: User,
    action: str,
) -> None:
    """S3, 2.5: applications that may show the user as signed in are notified, however old the session is."""
    tokens = app_rp.tokens()
    moving_clock.advance(services.settings.session_lifetime, seconds=1)
    with services.database.transaction() as db:
        user = db.get_one(User, alice.id)
        if action == "disable":
            users.disable(db, SYSTEM, user)
        else:
            assert user_sessions.end_others(db, SYSTEM, user, keep=None) == 0
    assert_error(app_rp.refresh(tokens["refresh_token"]), "invalid_grant")
    assert received_sids(services, receiver) == [claims(tokens["id_token"])["sid"]]


def test_expired_session_revokes_nothing(
    app_rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock
) -> None:
    """Core 11, Back-Channel 2.5: an expired session is not a logout. It continues when its user signs in again."""
    tokens = app_rp.tokens()
    moving_clock.advance(timedelta(days=3))
    assert sum(count for _, count in cleanup.purge(services.database, services.settings)) > 0
    assert received_sids(services, receiver) == []
    app_rp.tokens()
    assert app_rp.refresh(tokens["refresh_token"]).status_code == 200
