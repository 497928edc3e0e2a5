"""RFC 6749, section 4.3.2: guesses at passwords are limited, without locking out other users and applications (S20)."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from authserver.context import SYSTEM
from authserver.domain.audit import AuditEvent
from authserver.domain.throttles import Throttle
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support.relying_party import RelyingParty, register
from tests.support.sample_users import PASSWORD
from tests.web.browser_session import sign_in

LIMIT, LIMIT_OF_NETWORK, LIMIT_OF_ACCOUNT = 3, 5, 7


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Allow only a few attempts."""
    limits = {
        "sign_in_attempts": LIMIT,
        "sign_in_attempts_per_network": LIMIT_OF_NETWORK,
        "sign_in_attempts_per_account": LIMIT_OF_ACCOUNT,
    }
    return settings.model_copy(update=limits)


def application(app: Flask, services: Services, **registration: Any) -> RelyingParty:
    """Return an application that is registered for the password grant."""
    wanted = {"grant_types": ("password",), "response_types": (), "redirect_uris": ()} | registration
    return RelyingParty(app, *register(services, **wanted))


@pytest.fixture
def rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    return application(app, services)


@pytest.fixture
def public_rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    return application(app, services, auth_method="none")


def send(
    rp: RelyingParty, password: str = PASSWORD, username: str = "alice", address: str = "192.0.2.1"
) -> int:
    """Send a password grant from an address. Return the status."""
    form = {"grant_type": "password", "username": username, "password": password, "client_id": rp.key}
    headers = rp.basic if rp.secret else {}
    environ = {"REMOTE_ADDR": address}
    return rp.browser.post("/oauth2/token", data=form, headers=headers, environ_base=environ).status_code


def guess(rp: RelyingParty, count: int = LIMIT, **sent: str) -> list[int]:
    return [send(rp, f"guess {number} of {rp.key}", **sent) for number in range(count)]


def refused_sign_ins(services: Services) -> int:
    with services.database.transaction(write=False) as db:
        query = select(func.count()).select_from(AuditEvent).where(AuditEvent.event == "session:refuse")
        return db.scalar(query) or 0


@pytest.mark.both_databases
def test_guesses_are_limited(rp: RelyingParty) -> None:
    """4.3.2: the server MUST protect the endpoint against brute force attacks."""
    assert guess(rp, LIMIT + 1) == [400] * LIMIT + [429]
    response = rp.token(grant_type="password", username="alice", password=PASSWORD)
    assert (response.status_code, response.get_json()["error"]) == (429, "too_many_requests")
    assert int(response.headers["Retry-After"]) > 0
    assert send(rp, username="bob") == 200


def test_unknown_name_is_limited_too(rp: RelyingParty) -> None:
    """S19: the limit does not show whether an account exists."""
    assert guess(rp, LIMIT + 1, username="nobody") == [400] * LIMIT + [429]


def test_guesses_do_not_block_other_applications(app: Flask, services: Services, rp: RelyingParty) -> None:
    """S20: the owner of the account can use other applications."""
    guess(rp, LIMIT + 1)
    assert send(application(app, services)) == 200


def test_guesses_do_not_block_browsers(app: Flask, services: Services, rp: RelyingParty) -> None:
    """S20: not even if the limit of the account is reached."""
    for _ in range(3):
        guess(application(app, services))
    assert send(rp) == 429
    assert sign_in(app.test_client(), "alice").status_code == 303


def test_guesses_in_browsers_do_not_block_applications(app: Flask, rp: RelyingParty) -> None:
    """S20: neither those at one account nor those of one network."""
    for name in ("alice", "alice", "alice", *(f"user{number}" for number in range(LIMIT_OF_NETWORK))):
        sign_in(app.test_client(), name, "wrong")
    assert sign_in(app.test_client(), "bob").status_code == 429
    assert send(rp, address="127.0.0.1") == 200


def test_guesses_do_not_block_other_users_of_a_server(rp: RelyingParty) -> None:
    """S20: all users of a confidential client share the network of its server."""
    for number in range(LIMIT_OF_NETWORK + 2):
        guess(rp, 1, username=f"user{number}")
    assert send(rp) == 200


def test_guesses_at_all_applications_count_together(app: Flask, services: Services, rp: RelyingParty) -> None:
    """4.3.2: an attacker cannot use one application after the other."""
    statuses = [status for _ in range(3) for status in guess(application(app, services))]
    assert statuses == [400] * LIMIT_OF_ACCOUNT + [429] * (9 - LIMIT_OF_ACCOUNT)
    assert send(rp) == 429


@pytest.mark.both_databases
def test_application_that_the_user_has_used_is_not_blocked(
    app: Flask, services: Services, rp: RelyingParty
) -> None:
    """S20: guesses at other applications do not block the applications of the user, which have separate limits."""
    assert send(rp) == 200
    for _ in range(3):
        guess(application(app, services))
    assert send(rp) == 200
    assert guess(rp, LIMIT + 1) == [400] * LIMIT + [429]


@pytest.mark.both_databases
def test_network_of_a_public_client_is_limited(public_rp: RelyingParty) -> None:
    """4.3.2: one network cannot guess the passwords of many accounts."""
    for number in range(LIMIT_OF_NETWORK):
        guess(public_rp, 1, username=f"user{number}")
    assert send(public_rp) == 429
    assert send(public_rp, address="198.51.100.1") == 200
    assert send(public_rp) == 200, "the limit does not apply to users who have used the client before"


def test_guesses_from_other_networks_do_not_block_users_of_a_public_client(public_rp: RelyingParty) -> None:
    """S20: everybody can send requests of a public client."""
    guess(public_rp, LIMIT + 1, address="198.51.100.1")
    assert send(public_rp) == 200


@pytest.mark.both_databases
def test_outdated_password_counts_once(rp: RelyingParty, services: Services) -> None:
    """S20: an application that repeats an old password does not lock its user out, and fills no audit trail."""
    assert [send(rp, "the password of last year") for _ in range(10)] == [400] * 10
    assert refused_sign_ins(services) == 1
    assert guess(rp) == [400, 400, 429]


def test_outdated_password_counts_once_on_all_nodes(rp: RelyingParty, services: Services) -> None:
    """S20: another process has not seen the password. It hashes it, and then finds it in the database."""
    for _ in range(LIMIT + 2):
        assert send(rp, "the password of last year") == 400
        services.password_authenticator._wrong._until.clear()
    assert refused_sign_ins(services) == 1


def test_outdated_password_is_accepted_when_it_becomes_valid(
    rp: RelyingParty, services: Services, alice: User
) -> None:
    """S3: a change of the account takes effect with the next request, whatever the process remembers."""
    assert send(rp, "the password of tomorrow") == 400
    with services.database.transaction() as db:
        password_hash = services.passwords.hash("the password of tomorrow")
        users.set_password(db, SYSTEM, users.get(db, alice.id), password_hash)
    assert send(rp, "the password of tomorrow") == 200


@pytest.mark.both_databases
def test_unknown_names_at_a_server_are_limited(rp: RelyingParty, services: Services) -> None:
    """S28: a server that forwards the names of anonymous visitors cannot fill the database."""
    for number in range(LIMIT_OF_NETWORK + 5):
        assert guess(rp, 1, username=f"user{number}") == [400]
    assert refused_sign_ins(services) == LIMIT_OF_NETWORK
    with services.database.transaction(write=False) as db:
        rows = db.scalar(select(func.count()).select_from(Throttle)) or 0
    assert rows <= 3 * LIMIT_OF_NETWORK + 1
    assert send(rp) == 200
