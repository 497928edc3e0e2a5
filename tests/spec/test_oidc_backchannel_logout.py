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
from authserver.domain import logout_notices, user_sessions
from authserver.domain.clients import clients, registrations
from authserver.domain.logout_notices import LogoutNotice
from authserver.domain.orm import Database
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from authserver.protocol.services import Services
from authserver.settings import Settings
from authserver.web.frontchannel import signed_out
from tests.support import forms
from tests.support.command import Runner
from tests.support.logout import Receiver, end_session, is_signed_in, logout_receiver, party, sign_out
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, claims, disapprove
from tests.support.sample_users import PASSWORD
from tests.support.verifier import Verifier

EVENT = "http://schemas.openid.net/event/backchannel-logout"


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
    """An application that receives logout tokens."""
    return party(rp, services, backchannel_logout_uri=receiver.url, backchannel_logout_session_required=True)


def deliver(services: Services) -> int:
    return services.logout_notifier.deliver()


def sign_in_and_out(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sign in and out. Return the claims of the ID token and of the logout token."""
    id_token = claims(app_rp.tokens()["id_token"])
    sign_out(app_rp)
    deliver(services)
    return id_token, claims(receiver.tokens[0])


def test_logout_token_is_sent(app_rp: RelyingParty, services: Services, receiver: Receiver) -> None:
    """2.5: an HTTP POST to the registered URI with the form parameter logout_token."""
    sign_in_and_out(app_rp, services, receiver)
    assert len(receiver.received) == 1
    assert receiver.received[0]["path"] == "/backchannel?tenant=a"
    assert receiver.received[0]["type"] == "application/x-www-form-urlencoded"


def test_logout_token_claims(app_rp: RelyingParty, services: Services, receiver: Receiver) -> None:
    """2.4: iss, aud, iat, exp, jti, events; sub and sid as in the ID token; never a nonce."""
    id_token, token = sign_in_and_out(app_rp, services, receiver)
    assert token["iss"] == "http://localhost"
    assert token["aud"] == app_rp.key
    assert (token["sub"], token["sid"]) == (id_token["sub"], id_token["sid"])
    assert token["events"] == {EVENT: {}}
    assert 0 < token["exp"] - token["iat"] <= 120
    assert len(token["jti"]) >= 22
    assert "nonce" not in token


def test_logout_token_is_signed_like_id_tokens(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """2.4: signed with a published key, and typed logout+jwt so that it cannot be used as an ID token."""
    sign_in_and_out(app_rp, services, receiver)
    keys = KeySet.import_key_set(app_rp.browser.get("/jwks.json").get_json())
    checked = jwt.decode(receiver.tokens[0], keys, algorithms=["RS256"])
    assert checked.header["typ"] == "logout+jwt"
    assert checked.header["kid"]


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA"])
def test_logout_token_uses_the_registered_algorithm(
    rp: RelyingParty, services: Services, receiver: Receiver, algorithm: str
) -> None:
    """2.4, 2.6: clients MUST reject algorithms other than the one for their ID tokens. none is never used."""
    details = {"backchannel_logout_uri": receiver.url, "id_token_signed_response_alg": algorithm}
    app_rp = party(rp, services, **details)
    sign_in_and_out(app_rp, services, receiver)
    verifier = Verifier(rp.app)
    assert verifier.header(receiver.tokens[0])["alg"] == algorithm
    assert verifier.claims(receiver.tokens[0])["aud"] == app_rp.key


def test_logout_token_contains_the_pairwise_subject(
    rp: RelyingParty, services: Services, receiver: Receiver, alice: User
) -> None:
    """2.4: sub is the identifier from the client's ID tokens (Core, section 8)."""
    app_rp = party(rp, services, backchannel_logout_uri=receiver.url, subject_type="pairwise")
    id_token, token = sign_in_and_out(app_rp, services, receiver)
    assert token["sub"] == id_token["sub"] != alice.subject


def test_each_session_has_its_own_sid(app_rp: RelyingParty, services: Services, receiver: Receiver) -> None:
    """2.1, Front-Channel Logout, 3: different sid values identify distinct sessions at the server."""
    first = claims(app_rp.tokens()["id_token"])["sid"]
    sign_out(app_rp)
    assert claims(app_rp.tokens()["id_token"])["sid"] != first


def test_logout_token_is_not_a_hint(app_rp: RelyingParty, services: Services, receiver: Receiver) -> None:
    """S23: typ is checked. One type of JWT cannot be used as another."""
    sign_in_and_out(app_rp, services, receiver)
    app_rp.tokens()
    page = end_session(app_rp, id_token_hint=receiver.tokens[0])
    assert 'id="logout-confirm"' in page.text
    assert is_signed_in(app_rp)


def test_every_application_of_the_session_is_notified(
    app_rp: RelyingParty, rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """2.5: all RPs of the session get their own token, except those without a back-channel logout URI."""
    second = party(rp, services, "The Second", backchannel_logout_uri=receiver.url)
    for used_rps in (app_rp, second, rp):
        used_rps.browser = app_rp.browser
        used_rps.tokens()
    sign_out(app_rp)
    deliver(services)
    tokens = [claims(token) for token in receiver.tokens]
    assert {token["aud"] for token in tokens} == {app_rp.key, second.key}
    assert len({token["jti"] for token in tokens}) == 2


def test_notices_are_sent_in_parallel(
    app_rp: RelyingParty, rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """2.5: a slow application does not delay the others. Here each one waits until all have got their token."""
    others = [party(rp, services, f"Party {n}", backchannel_logout_uri=receiver.url) for n in range(3)]
    for used_rps in (app_rp, *others):
        used_rps.tokens()
    sign_out(app_rp)
    receiver.together = Barrier(4, timeout=2)
    assert deliver(services) == 4
    assert states(services) == ["delivered"] * 4


def states(services: Services) -> list[str]:
    with services.database.reading() as connection:
        return list(connection.scalars(select(LogoutNotice.state)))


def test_unused_application_is_not_notified(
    app_rp: RelyingParty, rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """2.5: the server notifies only the RPs of the session."""
    rp.tokens()
    sign_out(rp)
    deliver(services)
    assert receiver.received == []


def test_each_application_is_notified_once(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """I1: an application gets one notice, even if it signed the user in several times during the session."""
    app_rp.tokens()
    app_rp.tokens()
    sign_out(app_rp)
    assert (deliver(services), deliver(services)) == (1, 0)
    assert len(receiver.received) == 1


def test_rp_initiated_logout_sends_notices(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    end_session(app_rp, id_token_hint=app_rp.tokens()["id_token"])
    deliver(services)
    assert len(receiver.received) == 1


def test_ending_a_session_from_elsewhere_sends_notices(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """The user ends all other sessions on the account page, or an administrator ends them."""
    app_rp.tokens()
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        user_sessions.end_others(db, SYSTEM, user, keep=None)
    deliver(services)
    assert len(receiver.received) == 1


def test_disabling_an_account_sends_notices(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """S3: disabling ends all sessions of the user."""
    app_rp.tokens()
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.disable(db, SYSTEM, user)
    deliver(services)
    assert len(receiver.received) == 1


def test_setting_a_password_sends_notices(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """A new password ends the sessions that the old one started."""
    app_rp.tokens()
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.set_password(db, SYSTEM, user, services.passwords.hash("another long password"))
    deliver(services)
    assert len(receiver.received) == 1


def test_signing_in_with_another_account_sends_notices(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """The session of the first user ends."""
    first = claims(app_rp.tokens()["id_token"])
    page = app_rp.follow(app_rp.browser.get("/sign-in?switch=1"))
    app_rp.sign_in(page, "bob")
    deliver(services)
    assert claims(receiver.tokens[0])["sid"] == first["sid"]


def test_failed_transaction_sends_no_notice(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """The notice is written in the transaction that ends the session."""
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
    assert receiver.received == []


@pytest.mark.parametrize("status", [500, 503, 404, 302])
def test_failed_notice_is_sent_again(
    app_rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock, status: int
) -> None:
    """2.8: a notice that did not get a 200 is not delivered. It is sent again later with the same jti."""
    receiver.status = status
    sign_in_and_out(app_rp, services, receiver)
    assert deliver(services) == 0
    receiver.status = 200
    moving_clock.advance(timedelta(seconds=6))
    assert (deliver(services), deliver(services)) == (1, 0)
    assert claims(receiver.tokens[0])["jti"] == claims(receiver.tokens[1])["jti"]


def test_status_204_counts_as_success(
    app_rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock
) -> None:
    """2.8: some frameworks replace an empty 200 with 204, which the server should accept."""
    receiver.status = 204
    sign_in_and_out(app_rp, services, receiver)
    moving_clock.advance(timedelta(hours=1))
    assert deliver(services) == 0
    assert len(receiver.received) == 1


@pytest.mark.parametrize(("status", "state"), [(200, "delivered"), (400, "failed"), (500, "waiting")])
def test_response_body_is_ignored(
    app_rp: RelyingParty, services: Services, receiver: Receiver, status: int, state: str
) -> None:
    """2.8: 200 is success, 400 is failure. A long or incomplete body does not change the result."""
    receiver.status, receiver.declared = status, 10_000_000
    sign_in_and_out(app_rp, services, receiver)
    assert states(services) == [state]


def test_retries_end(
    app_rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock
) -> None:
    """The intervals between retries grow, and the retries end."""
    receiver.status = 500
    sign_in_and_out(app_rp, services, receiver)
    for _ in range(8):
        moving_clock.advance(timedelta(hours=1))
        deliver(services)
    assert len(receiver.received) == 5


def test_status_400_is_not_retried(
    app_rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock
) -> None:
    """2.8: 400 means that the logout failed at the application."""
    receiver.status = 400
    sign_in_and_out(app_rp, services, receiver)
    moving_clock.advance(timedelta(hours=1))
    assert deliver(services) == 0


def test_notice_of_a_dead_node_is_sent_by_another(
    app_rp: RelyingParty, services: Services, receiver: Receiver, moving_clock: MovingClock
) -> None:
    """The claim on a notice expires, so another process sends the notice if the first process dies."""
    app_rp.tokens()
    sign_out(app_rp)
    with services.database.connection() as connection:
        assert len(logout_notices.claim(connection, logout_notices.due_notices(connection, 16))) == 1
    moving_clock.advance(timedelta(seconds=25))
    assert deliver(services) == 0
    moving_clock.advance(timedelta(seconds=6))
    assert deliver(services) == 1
    assert len(receiver.received) == 1


def test_workers_share_the_notices(
    app_rp: RelyingParty, rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """A conditional update claims a notice, so concurrent workers send each notice once."""
    used_rps = [
        app_rp,
        *(party(rp, services, f"Party {n}", backchannel_logout_uri=receiver.url) for n in range(5)),
    ]
    for used_rp in used_rps:
        used_rp.tokens()
    sign_out(app_rp)
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: deliver(services), range(8)))
    assert sum(claimed) == len(used_rps)
    assert {claims(token)["aud"] for token in receiver.tokens} == {used_rp.key for used_rp in used_rps}
    assert len(receiver.tokens) == len(used_rps)


def test_disapproved_client_is_not_notified(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """S4: the server sends nothing to a client that is not approved."""
    app_rp.tokens()
    sign_out(app_rp)
    disapprove(services, app_rp.key)
    deliver(services)
    assert receiver.received == []


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/out", "https://[::1]/out", "https://169.254.169.254/latest"]
)
def test_other_networks_are_never_contacted(
    rp: RelyingParty, services: Services, receiver: Receiver, url: str
) -> None:
    """S17: a URL that a client registered cannot reach the network of the server."""
    app_rp = party(rp, services, backchannel_logout_uri=receiver.url)
    app_rp.tokens()
    with services.database.transaction() as db:
        client = clients.get(db, app_rp.key)
        client.details = {**client.details, "backchannel_logout_uri": url}
    sign_out(app_rp)
    deliver(services)
    with services.database.reading() as connection:
        state, error = connection.exec_driver_sql("SELECT state, error FROM logout_notices").one()
    assert state == "waiting"
    assert "does not have a public IP address" in error or "only from loopback addresses" in error


def test_result_is_shown_to_the_user(app_rp: RelyingParty, services: Services, receiver: Receiver) -> None:
    """The sign-out page shows the result for each application."""
    app_rp.tokens()
    forms.submit(app_rp.browser, app_rp.browser.get("/sign-out"), "logout-confirm")
    deliver(services)
    page = app_rp.browser.get("/sign-out").text
    assert "The Party" in page
    assert "Signed out</span>" in page


def test_failed_result_is_shown_to_the_user(
    app_rp: RelyingParty, services: Services, receiver: Receiver
) -> None:
    """The page names the applications that could not be notified."""
    receiver.status = 400
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
def test_registered_uri_is_checked(details: dict[str, Any]) -> None:
    """2.2: an absolute URI without a fragment, with https, or http on loopback."""
    registration = {"kind": "oidc", "name": "A", "redirect_uris": ("https://rp.example/cb",), **details}
    with pytest.raises(InvalidInput) as refused:
        registrations.validate(registration)
    assert set(refused.value.fields) == set(details)


def test_discovery_lists_the_feature(rp: RelyingParty) -> None:
    """2.1: backchannel_logout_supported and backchannel_logout_session_supported."""
    document = rp.browser.get("/.well-known/openid-configuration").get_json()
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


def test_result_page_waits_once(
    app_rp: RelyingParty, services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.5: a slow application does not delay other requests or a reload of the page."""
    app_rp.tokens()
    sign_out(app_rp)
    connections_in_use: list[int] = []
    monkeypatch.setattr(signed_out, "_WAIT_SECONDS", 0.1)
    pool = cast(QueuePool, database.engine.pool)
    monkeypatch.setattr(
        signed_out.time, "sleep", lambda _seconds: connections_in_use.append(pool.checkedout())
    )
    assert "Sign-out in progress" in app_rp.browser.get("/sign-out").text
    assert connections_in_use
    assert set(connections_in_use) == {0}
    connections_in_use.clear()
    assert "Sign-out in progress" in app_rp.browser.get("/sign-out").text
    assert not connections_in_use


def test_one_result_page_waits_at_a_time(
    app_rp: RelyingParty, services: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S28: a browser that opens the page repeatedly does not block every thread."""
    app_rp.tokens()
    sign_out(app_rp)
    cookie = app_rp.browser.get_cookie("authserver_browser")
    assert cookie is not None
    other_pages: list[str] = []

    def load_again(_seconds: float) -> None:
        other = app_rp.app.test_client()
        other.set_cookie("authserver_browser", cookie.value)
        other_pages.append(other.get("/sign-out").text)
        deliver(services)

    monkeypatch.setattr(signed_out.time, "sleep", load_again)
    assert "Signed out</span>" in app_rp.browser.get("/sign-out").text
    assert len(other_pages) == 1
    assert "Sign-out in progress" in other_pages[0]


def test_administrator_sees_why_a_notice_failed(
    app_rp: RelyingParty,
    services: Services,
    receiver: Receiver,
    settings: Settings,
    sample_users: dict[str, User],
) -> None:
    """2.8: the client's page and the command show the application and its response."""
    receiver.status = 400
    sign_in_and_out(app_rp, services, receiver)
    browser = app_rp.app.test_client()
    credentials = {"username": "admin", "password": PASSWORD}
    forms.submit(browser, browser.get("/sign-in"), "login-submit", **credentials)
    assert "The application responded with status 400." in browser.get(f"/admin/clients/{app_rp.key}").text
    [notice] = Runner(settings).run_json("clients", "show", app_rp.key)["untold_sign_outs"]
    assert (notice["state"], notice["attempts"]) == ("failed", 1)
    assert notice["error"] == "The application responded with status 400."


def test_delivered_notice_is_not_shown_as_a_failure(
    app_rp: RelyingParty,
    services: Services,
    receiver: Receiver,
    settings: Settings,
    moving_clock: MovingClock,
) -> None:
    """2.8: administrators see only the notices that are not delivered."""
    receiver.status = 500
    sign_in_and_out(app_rp, services, receiver)
    receiver.status = 200
    moving_clock.advance(timedelta(seconds=6))
    deliver(services)
    assert Runner(settings).run_json("clients", "show", app_rp.key)["untold_sign_outs"] == []
