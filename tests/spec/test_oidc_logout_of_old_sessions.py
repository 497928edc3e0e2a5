"""Logout of sessions that have been open for long: RP-Initiated 2, Back-Channel 2.3 and 2.5, Front-Channel 3."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from authserver.context import SYSTEM
from authserver.domain import cleanup
from authserver.domain.orm import Database
from authserver.domain.sessions import user_sessions
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import forms
from tests.support.logout import Receiver, end_session, receiver, sign_out
from tests.support.moving_clock import MovingClock
from tests.support.people import PASSWORD
from tests.support.relying_party import EVERY_GRANT, RelyingParty, claims, refused, register

FRAME = "https://rp.example/front"
RETURN = "https://rp.example/out"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Applications on loopback may be told."""
    return settings.model_copy(
        update={"fetch_networks": Settings(fetch_networks="127.0.0.0/8").fetch_networks}
    )


@pytest.fixture
def told() -> Iterator[Receiver]:
    """Where the application receives its notices."""
    with receiver() as started:
        yield started


@pytest.fixture
def app_rp(rp: RelyingParty, services: Services, told: Receiver) -> RelyingParty:
    """An application that is told of logouts in both ways, and that people may return to."""
    return used(rp, services, told, EVERY_GRANT)


def used(rp: RelyingParty, services: Services, told: Receiver, grants: tuple[str, ...]) -> RelyingParty:
    details = {
        "backchannel_logout_uri": told.url,
        "frontchannel_logout_uri": FRAME,
        "post_logout_redirect_uris": [RETURN],
    }
    return RelyingParty(rp.app, *register(services, name="The Party", grant_types=grants, details=details))


def told_sids(services: Services, told: Receiver) -> list[str]:
    """Deliver what is due; return the sessions that the application was told of."""
    services.logout_notices.deliver()
    return [claims(token)["sid"] for token in told.tokens]


def idle(services: Services, clock: MovingClock) -> None:
    """Let so much time pass that the session has expired, although the refresh token has not."""
    clock.advance(services.settings.session_idle_lifetime, seconds=1)


def keep_signed_in(rp: RelyingParty) -> None:
    """Sign in for a week."""
    words = {"username": "alice", "password": PASSWORD, "remember": "1"}
    forms.submit(rp.browser, rp.browser.get("/sign-in"), "login-submit", **words)


def test_the_clean_up_forgets_nobody_who_takes_part(
    rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock
) -> None:
    """Back-Channel 2.3, 2.5, Front-Channel 3: every RP of the session is told, however old its tokens are."""
    app_rp = used(rp, services, told, ("authorization_code",))
    keep_signed_in(app_rp)
    sid = claims(app_rp.tokens()["id_token"])["sid"]
    moving_clock.advance(timedelta(days=3))
    assert sum(count for _, count in cleanup.purge(services.database, services.settings)) > 0
    page = app_rp.follow(sign_out(app_rp))
    assert told_sids(services, told) == [sid]
    assert FRAME in page.text


def test_a_sign_out_ends_a_session_that_has_run_out(
    app_rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock
) -> None:
    """S3, RP-Initiated 2: the refresh token is dead at the next request, and the application is told (2.5)."""
    tokens = app_rp.tokens()
    idle(services, moving_clock)
    page = app_rp.browser.get("/sign-out")
    assert "has expired" in page.text
    assert "Alice" not in page.text
    after = app_rp.follow(forms.submit(app_rp.browser, page, "logout-confirm"))
    refused(app_rp.refresh(tokens["refresh_token"]), "invalid_grant")
    assert told_sids(services, told) == [claims(tokens["id_token"])["sid"]]
    assert FRAME in after.text


def test_a_hint_ends_a_session_that_has_run_out(
    app_rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock
) -> None:
    """RP-Initiated 2, Back-Channel 2.5: the application that had the session ends it, and nobody is asked."""
    tokens = app_rp.tokens()
    idle(services, moving_clock)
    answer = end_session(app_rp, id_token_hint=tokens["id_token"], post_logout_redirect_uri=RETURN)
    assert f'href="{RETURN}" data-redirects' in app_rp.follow(answer).text
    refused(app_rp.refresh(tokens["refresh_token"]), "invalid_grant")
    assert told_sids(services, told) == [claims(tokens["id_token"])["sid"]]


def test_nobody_is_signed_out_of_an_old_session_unasked(
    app_rp: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """RP-Initiated 6, S21: a request without a hint proves nothing, and any site can send it."""
    tokens = app_rp.tokens()
    idle(services, moving_clock)
    assert 'id="logout-confirm"' in end_session(app_rp, client_id=app_rp.key).text
    assert app_rp.refresh(tokens["refresh_token"]).status_code == 200


def test_signing_in_again_goes_on_with_the_session(
    app_rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock
) -> None:
    """Back-Channel 2.5, S18: one sign-out ends what was granted before the session ran out, and after it."""
    first = app_rp.tokens()
    old_cookie = app_rp.browser.get_cookie("authserver_session")
    idle(services, moving_clock)
    second = app_rp.tokens()
    assert claims(first["id_token"])["sid"] == claims(second["id_token"])["sid"]
    assert old_cookie is not None
    assert app_rp.browser.get_cookie("authserver_session") != old_cookie
    sign_out(app_rp)
    for tokens in (first, second):
        refused(app_rp.refresh(tokens["refresh_token"]), "invalid_grant")
    assert told_sids(services, told) == [claims(first["id_token"])["sid"]]


def test_somebody_else_ends_the_session_that_has_run_out(
    app_rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock
) -> None:
    """S18: what the person before left open in this browser is over when another one signs in."""
    first = app_rp.tokens()
    idle(services, moving_clock)
    assert claims(app_rp.tokens("bob")["id_token"])["sid"] != claims(first["id_token"])["sid"]
    refused(app_rp.refresh(first["refresh_token"]), "invalid_grant")
    assert told_sids(services, told) == [claims(first["id_token"])["sid"]]


def test_a_session_of_the_old_password_does_not_come_back(
    app_rp: RelyingParty, services: Services, moving_clock: MovingClock, database: Database
) -> None:
    """S18: applications were told that it is over, so that the next sign-in is a session of its own."""
    first = claims(app_rp.tokens()["id_token"])["sid"]
    with database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.set_password(db, SYSTEM, user, services.passwords.hash(PASSWORD))
    assert claims(app_rp.tokens()["id_token"])["sid"] != first


@pytest.mark.parametrize("way", ["disable", "end others"])
def test_administrators_end_what_has_run_out(
    app_rp: RelyingParty,
    services: Services,
    told: Receiver,
    moving_clock: MovingClock,
    alice: User,
    way: str,
) -> None:
    """S3, 2.5: applications that may show the person as signed in are told, whatever the session's age."""
    tokens = app_rp.tokens()
    moving_clock.advance(services.settings.session_lifetime, seconds=1)
    with services.database.transaction() as db:
        user = db.get_one(User, alice.id)
        if way == "disable":
            users.disable(db, SYSTEM, user)
        else:
            assert user_sessions.end_others(db, SYSTEM, user, keep=None) == 0
    refused(app_rp.refresh(tokens["refresh_token"]), "invalid_grant")
    assert told_sids(services, told) == [claims(tokens["id_token"])["sid"]]


def test_a_session_that_runs_out_takes_nothing_away(
    app_rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock
) -> None:
    """Core 11 leaves refresh tokens without offline_access to us: they have lifetimes of their own."""
    tokens = app_rp.tokens()
    moving_clock.advance(timedelta(days=3))
    assert sum(count for _, count in cleanup.purge(services.database, services.settings)) > 0
    assert app_rp.refresh(tokens["refresh_token"]).status_code == 200
    assert told_sids(services, told) == []
