"""OpenID Connect Back-Channel Logout 1.0."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any, cast

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select
from sqlalchemy.pool import QueuePool

from authserver.context import SYSTEM
from authserver.domain.clients import clients, registrations
from authserver.domain.orm import Database
from authserver.domain.sessions import logout_notices, user_sessions
from authserver.domain.sessions.logout_notices import LogoutNotice
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from authserver.protocol.services import Services
from authserver.settings import Settings
from authserver.web.frontchannel import signed_out
from tests.support import forms
from tests.support.command import Runner
from tests.support.logout import Receiver, end_session, is_signed_in, party, receiver, sign_out
from tests.support.moving_clock import MovingClock
from tests.support.people import PASSWORD
from tests.support.relying_party import RelyingParty, claims, disapprove
from tests.support.verifier import Verifier

EVENT = "http://schemas.openid.net/event/backchannel-logout"


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
    """An application that is told of logouts."""
    return party(rp, services, backchannel_logout_uri=told.url, backchannel_logout_session_required=True)


def deliver(services: Services) -> int:
    return services.logout_notices.deliver()


def logged_out(
    app_rp: RelyingParty, services: Services, told: Receiver
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sign in and out; return the claims of the ID token and of the logout token."""
    id_token = claims(app_rp.tokens()["id_token"])
    sign_out(app_rp)
    deliver(services)
    return id_token, claims(told.tokens[0])


def test_the_application_is_told(app_rp: RelyingParty, services: Services, told: Receiver) -> None:
    """2.5: an HTTP POST to the registered URI with the form parameter logout_token."""
    logged_out(app_rp, services, told)
    assert len(told.received) == 1
    assert told.received[0]["path"] == "/backchannel?tenant=a"
    assert told.received[0]["type"] == "application/x-www-form-urlencoded"


def test_the_logout_token(app_rp: RelyingParty, services: Services, told: Receiver) -> None:
    """2.4: iss, aud, iat, exp, jti, events; sub and sid as in the ID token; and never a nonce."""
    id_token, token = logged_out(app_rp, services, told)
    assert token["iss"] == "http://localhost"
    assert token["aud"] == app_rp.key
    assert (token["sub"], token["sid"]) == (id_token["sub"], id_token["sid"])
    assert token["events"] == {EVENT: {}}
    assert 0 < token["exp"] - token["iat"] <= 120
    assert len(token["jti"]) >= 22
    assert "nonce" not in token


def test_the_logout_token_is_signed_like_id_tokens(
    app_rp: RelyingParty, services: Services, told: Receiver
) -> None:
    """2.4: signed with a published key, and typed logout+jwt so that it cannot pass for an ID token."""
    logged_out(app_rp, services, told)
    keys = KeySet.import_key_set(app_rp.browser.get("/jwks.json").get_json())
    checked = jwt.decode(told.tokens[0], keys, algorithms=["RS256"])
    assert checked.header["typ"] == "logout+jwt"
    assert checked.header["kid"]


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA"])
def test_it_is_signed_as_the_client_is_registered(
    rp: RelyingParty, services: Services, told: Receiver, algorithm: str
) -> None:
    """2.4, 2.6: the algorithm is that of the client's ID tokens, or it MUST be refused; and never none."""
    details = {"backchannel_logout_uri": told.url, "id_token_signed_response_alg": algorithm}
    app_rp = party(rp, services, **details)
    logged_out(app_rp, services, told)
    verifier = Verifier(rp.app)
    assert verifier.header(told.tokens[0])["alg"] == algorithm
    assert verifier.claims(told.tokens[0])["aud"] == app_rp.key


def test_it_names_the_pairwise_subject(
    rp: RelyingParty, services: Services, told: Receiver, alice: User
) -> None:
    """2.4: sub is the identifier that the client's ID tokens have (Core, section 8)."""
    app_rp = party(rp, services, backchannel_logout_uri=told.url, subject_type="pairwise")
    id_token, token = logged_out(app_rp, services, told)
    assert token["sub"] == id_token["sub"] != alice.subject


def test_each_session_has_an_identifier_of_its_own(
    app_rp: RelyingParty, services: Services, told: Receiver
) -> None:
    """2.1, Front-Channel Logout, 3: different sid values identify distinct sessions at the server."""
    first = claims(app_rp.tokens()["id_token"])["sid"]
    sign_out(app_rp)
    assert claims(app_rp.tokens()["id_token"])["sid"] != first


def test_a_logout_token_is_no_hint(app_rp: RelyingParty, services: Services, told: Receiver) -> None:
    """S23: typ is checked: one kind of JWT does not pass for another."""
    logged_out(app_rp, services, told)
    app_rp.tokens()
    page = end_session(app_rp, id_token_hint=told.tokens[0])
    assert 'id="logout-confirm"' in page.text
    assert is_signed_in(app_rp)


def test_every_application_of_the_session_is_told(
    app_rp: RelyingParty, rp: RelyingParty, services: Services, told: Receiver
) -> None:
    """2.5: all RPs that were used in the session, each with a token of its own; those without an address are not."""
    second = party(rp, services, "The Second", backchannel_logout_uri=told.url)
    for used in (app_rp, second, rp):
        used.browser = app_rp.browser
        used.tokens()
    sign_out(app_rp)
    deliver(services)
    tokens = [claims(token) for token in told.tokens]
    assert {token["aud"] for token in tokens} == {app_rp.key, second.key}
    assert len({token["jti"] for token in tokens}) == 2


def test_they_are_told_in_parallel(
    app_rp: RelyingParty, rp: RelyingParty, services: Services, told: Receiver
) -> None:
    """2.5: a slow application does not hold up the others: here each is slow until all have been asked."""
    others = [party(rp, services, f"Party {n}", backchannel_logout_uri=told.url) for n in range(3)]
    for used in (app_rp, *others):
        used.tokens()
    sign_out(app_rp)
    told.together = Barrier(4, timeout=2)
    assert deliver(services) == 4
    assert states(services) == ["delivered"] * 4


def states(services: Services) -> list[str]:
    with services.database.reading() as connection:
        return list(connection.scalars(select(LogoutNotice.state)))


def test_an_application_that_was_not_used_is_not_told(
    app_rp: RelyingParty, rp: RelyingParty, services: Services, told: Receiver
) -> None:
    """2.5: only RPs that had the session."""
    rp.tokens()
    sign_out(rp)
    deliver(services)
    assert told.received == []


def test_each_application_is_told_once(app_rp: RelyingParty, services: Services, told: Receiver) -> None:
    """I1: however often it signed the person in during the session."""
    app_rp.tokens()
    app_rp.tokens()
    sign_out(app_rp)
    assert (deliver(services), deliver(services)) == (1, 0)
    assert len(told.received) == 1


def test_rp_initiated_logout_tells_too(app_rp: RelyingParty, services: Services, told: Receiver) -> None:
    end_session(app_rp, id_token_hint=app_rp.tokens()["id_token"])
    deliver(services)
    assert len(told.received) == 1


def test_ending_a_session_from_elsewhere_tells_too(
    app_rp: RelyingParty, services: Services, told: Receiver
) -> None:
    """Sign out everywhere else, in the account of the person or by an administrator."""
    app_rp.tokens()
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        user_sessions.end_others(db, SYSTEM, user, keep=None)
    deliver(services)
    assert len(told.received) == 1


def test_disabling_an_account_tells_too(app_rp: RelyingParty, services: Services, told: Receiver) -> None:
    """S3: disabling signs out everywhere."""
    app_rp.tokens()
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.disable(db, SYSTEM, user)
    deliver(services)
    assert len(told.received) == 1


def test_setting_a_password_tells_too(app_rp: RelyingParty, services: Services, told: Receiver) -> None:
    """A session of the old password is over."""
    app_rp.tokens()
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.set_password(db, SYSTEM, user, services.passwords.hash("another long password"))
    deliver(services)
    assert len(told.received) == 1


def test_signing_in_as_somebody_else_tells_too(
    app_rp: RelyingParty, services: Services, told: Receiver
) -> None:
    """The session of the first person ends."""
    first = claims(app_rp.tokens()["id_token"])
    page = app_rp.follow(app_rp.browser.get("/sign-in?switch=1"))
    app_rp.sign_in(page, "bob")
    deliver(services)
    assert claims(told.tokens[0])["sid"] == first["sid"]


def test_nothing_is_told_when_the_transaction_fails(
    app_rp: RelyingParty, services: Services, told: Receiver
) -> None:
    """The notice is written in the transaction that ends the session, and with it or not at all."""
    app_rp.tokens()

    def end_and_fail() -> None:
        with services.database.transaction() as db:
            user = users.find(db, "alice")
            assert user is not None
            user_sessions.end_others(db, SYSTEM, user, keep=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        end_and_fail()
    assert deliver(services) == 0
    assert told.received == []


@pytest.mark.parametrize("status", [500, 503, 404, 302])
def test_a_failure_is_tried_again(
    app_rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock, status: int
) -> None:
    """2.8: what was not answered 200 is not delivered; the same jti is sent again later."""
    told.status = status
    logged_out(app_rp, services, told)
    assert deliver(services) == 0
    told.status = 200
    moving_clock.advance(timedelta(seconds=6))
    assert (deliver(services), deliver(services)) == (1, 0)
    assert claims(told.tokens[0])["jti"] == claims(told.tokens[1])["jti"]


def test_an_empty_answer_is_as_good(
    app_rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock
) -> None:
    """2.8: web frameworks make 204 of an empty 200, and the server should take that for success."""
    told.status = 204
    logged_out(app_rp, services, told)
    moving_clock.advance(timedelta(hours=1))
    assert deliver(services) == 0
    assert len(told.received) == 1


@pytest.mark.parametrize(("status", "state"), [(200, "delivered"), (400, "failed"), (500, "waiting")])
def test_the_status_alone_counts(
    app_rp: RelyingParty, services: Services, told: Receiver, status: int, state: str
) -> None:
    """2.8: 200 is success, 400 is failure; a body that is long, or never comes, changes neither."""
    told.status, told.declared = status, 10_000_000
    logged_out(app_rp, services, told)
    assert states(services) == [state]


def test_it_is_given_up_at_last(
    app_rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock
) -> None:
    """The tries get rarer, and end."""
    told.status = 500
    logged_out(app_rp, services, told)
    for _ in range(8):
        moving_clock.advance(timedelta(hours=1))
        deliver(services)
    assert len(told.received) == 5


def test_an_application_that_cannot_is_not_asked_again(
    app_rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock
) -> None:
    """2.8: 400 says that the logout failed there."""
    told.status = 400
    logged_out(app_rp, services, told)
    moving_clock.advance(timedelta(hours=1))
    assert deliver(services) == 0


def test_a_notice_of_a_node_that_died_is_taken_up(
    app_rp: RelyingParty, services: Services, told: Receiver, moving_clock: MovingClock
) -> None:
    """A claim is a lease; nothing is lost with the process that held it."""
    app_rp.tokens()
    sign_out(app_rp)
    with services.database.connection() as connection:
        assert len(logout_notices.claim(connection, logout_notices.due_notices(connection, 16))) == 1
    moving_clock.advance(timedelta(seconds=25))
    assert deliver(services) == 0
    moving_clock.advance(timedelta(seconds=6))
    assert deliver(services) == 1
    assert len(told.received) == 1


def test_several_workers_share_the_notices(
    app_rp: RelyingParty, rp: RelyingParty, services: Services, told: Receiver
) -> None:
    """A notice is claimed by a conditional update: however many look at once, each is sent once."""
    used = [app_rp, *(party(rp, services, f"Party {n}", backchannel_logout_uri=told.url) for n in range(5))]
    for one in used:
        one.tokens()
    sign_out(app_rp)
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: deliver(services), range(8)))
    assert sum(claimed) == len(used)
    assert {claims(token)["aud"] for token in told.tokens} == {one.key for one in used}
    assert len(told.tokens) == len(used)


def test_a_disapproved_client_is_not_told(app_rp: RelyingParty, services: Services, told: Receiver) -> None:
    """S4: the server does not fetch for a client that is not approved."""
    app_rp.tokens()
    sign_out(app_rp)
    disapprove(services, app_rp.key)
    deliver(services)
    assert told.received == []


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/out", "https://[::1]/out", "https://169.254.169.254/latest"]
)
def test_other_networks_are_never_asked(
    rp: RelyingParty, services: Services, told: Receiver, url: str
) -> None:
    """S17: an address that a client chose does not lead into the network of the server."""
    app_rp = party(rp, services, backchannel_logout_uri=told.url)
    app_rp.tokens()
    with services.database.transaction() as db:
        client = clients.get(db, app_rp.key)
        client.details = {**client.details, "backchannel_logout_uri": url}
    sign_out(app_rp)
    deliver(services)
    with services.database.reading() as connection:
        state, error = connection.exec_driver_sql("SELECT state, error FROM logout_notices").one()
    assert state == "waiting"
    assert "does not have a public IP address" in error


def test_the_result_is_shown_to_the_person(app_rp: RelyingParty, services: Services, told: Receiver) -> None:
    """The sign-out page lists the result for each application."""
    app_rp.tokens()
    forms.submit(app_rp.browser, app_rp.browser.get("/sign-out"), "logout-confirm")
    deliver(services)
    page = app_rp.browser.get("/sign-out").text
    assert "The Party" in page
    assert "Signed out</span>" in page


def test_a_failed_result_is_shown_to_the_person(
    app_rp: RelyingParty, services: Services, told: Receiver
) -> None:
    """What could not be told is said."""
    told.status = 400
    app_rp.tokens()
    forms.submit(app_rp.browser, app_rp.browser.get("/sign-out"), "logout-confirm")
    deliver(services)
    assert "sign out there as well" in app_rp.browser.get("/sign-out").text


@pytest.mark.parametrize(
    "details",
    [
        {"backchannel_logout_uri": "http://rp.example/out"},
        {"backchannel_logout_uri": "https://rp.example/out#fragment"},
        {"backchannel_logout_uri": "com.example.app:/out"},
        {"backchannel_logout_uri": "ftp://rp.example/out"},
        {"backchannel_logout_uri": "https://rp.example;script-src/out"},
        {"backchannel_logout_uri": "https://user:pass@rp.example/out"},
        {"backchannel_logout_uri": ["https://rp.example/out"]},
        {"backchannel_logout_uri": "https://rp.example/" + "a" * 2000},
        {"backchannel_logout_session_required": "yes"},
        {"post_logout_redirect_uris": "https://rp.example/"},
        {"post_logout_redirect_uris": ["javascript:alert(1)"]},
        {"post_logout_redirect_uris": [1]},
    ],
)
def test_what_is_registered_is_checked(details: dict[str, Any]) -> None:
    """2.2: an absolute URI without a fragment; https, or http on loopback."""
    asked = {"kind": "oidc", "name": "A", "redirect_uris": ("https://rp.example/cb",), **details}
    with pytest.raises(InvalidInput) as refused:
        registrations.validate(asked)
    assert set(refused.value.fields) == set(details)


def test_discovery_says_so(rp: RelyingParty) -> None:
    """2.1: backchannel_logout_supported and backchannel_logout_session_supported."""
    document = rp.browser.get("/.well-known/openid-configuration").get_json()
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


def test_the_page_that_tells_the_result_waits_once(
    app_rp: RelyingParty, services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.5: a slow application holds up neither other requests nor whoever loads the page again."""
    app_rp.tokens()
    sign_out(app_rp)
    naps: list[int] = []
    monkeypatch.setattr(signed_out, "_PATIENCE_SECONDS", 0.1)
    pool = cast(QueuePool, database.engine.pool)
    monkeypatch.setattr(signed_out.time, "sleep", lambda _seconds: naps.append(pool.checkedout()))
    assert "Sign-out in progress" in app_rp.browser.get("/sign-out").text
    assert naps
    assert set(naps) == {0}
    naps.clear()
    assert "Sign-out in progress" in app_rp.browser.get("/sign-out").text
    assert not naps


def test_one_page_waits_at_a_time(
    app_rp: RelyingParty, services: Services, told: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S28: a browser that shows the same page again and again does not make every thread wait."""
    app_rp.tokens()
    sign_out(app_rp)
    cookie = app_rp.browser.get_cookie("authserver_browser")
    assert cookie is not None
    meanwhile: list[str] = []

    def ask_again(_seconds: float) -> None:
        other = app_rp.app.test_client()
        other.set_cookie("authserver_browser", cookie.value)
        meanwhile.append(other.get("/sign-out").text)
        deliver(services)

    monkeypatch.setattr(signed_out.time, "sleep", ask_again)
    assert "Signed out</span>" in app_rp.browser.get("/sign-out").text
    assert len(meanwhile) == 1
    assert "Sign-out in progress" in meanwhile[0]


def test_an_administrator_sees_why_it_was_not_told(
    app_rp: RelyingParty, services: Services, told: Receiver, settings: Settings, people: dict[str, User]
) -> None:
    """2.8: the application, and what it answered, on the client's page and by the command."""
    told.status = 400
    logged_out(app_rp, services, told)
    browser = app_rp.app.test_client()
    words = {"username": "admin", "password": PASSWORD}
    forms.submit(browser, browser.get("/sign-in"), "login-submit", **words)
    assert "The application responded with status 400." in browser.get(f"/admin/clients/{app_rp.key}").text
    [shown] = Runner(settings).run_json("clients", "show", app_rp.key)["untold_sign_outs"]
    assert (shown["state"], shown["attempts"]) == ("failed", 1)
    assert shown["error"] == "The application responded with status 400."


def test_what_was_told_at_last_is_no_trouble(
    app_rp: RelyingParty, services: Services, told: Receiver, settings: Settings, moving_clock: MovingClock
) -> None:
    """2.8: an administrator is shown what is left to be done."""
    told.status = 500
    logged_out(app_rp, services, told)
    told.status = 200
    moving_clock.advance(timedelta(seconds=6))
    deliver(services)
    assert Runner(settings).run_json("clients", "show", app_rp.key)["untold_sign_outs"] == []
