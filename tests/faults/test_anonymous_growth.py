"""An anonymous network can store only as much as the table in docs/threat-model.md says (S28)."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest
from flask import Flask
from sqlalchemy import func, select

from authserver.domain import cleanup
from authserver.domain.authorizations import authorization_requests
from authserver.domain.authorizations.authorization_requests import StoredAuthorizationRequest
from authserver.domain.diagnostics import error_log
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.domain.orm import Base
from authserver.domain.throttles import Throttle
from authserver.domain.tokens import device_authorizations
from authserver.domain.tokens.device_authorizations import DeviceAuthorization
from authserver.protocol.oauth2 import authorization_request
from authserver.protocol.services import Services
from authserver.settings import ROOT, Settings
from tests.support import entered_secrets
from tests.support.device import Device
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, register
from tests.web.browser_session import sign_in

pytestmark = pytest.mark.both_databases


def rows(services: Services, record: type[Base]) -> int:
    with services.database.transaction(write=False) as db:
        return db.scalar(select(func.count()).select_from(record)) or 0


def networks(services: Services) -> list[str]:
    with services.database.transaction(write=False) as db:
        return list(db.scalars(select(StoredAuthorizationRequest.network).order_by("id")))


@pytest.fixture
def rp(app: Flask, services: Services) -> RelyingParty:
    return RelyingParty(app, *register(services))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    return MovingClock(monkeypatch)


def start(rp: RelyingParty, address: str = "192.0.2.1", **changes: str) -> None:
    rp.app.test_client().get(
        "/oauth2/authorize", query_string=rp.request(**changes), environ_base={"REMOTE_ADDR": address}
    )


def test_requests_of_one_network_are_limited(
    rp: RelyingParty, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest requests are deleted. Requests of other networks stay."""
    monkeypatch.setattr(authorization_requests, "MAX_PER_NETWORK", 5)
    start(rp, "198.51.100.1")
    for number in range(12):
        start(rp, f"192.0.2.{number}")
    assert networks(services) == ["198.51.100.0/24", *["192.0.2.0/24"] * 5]


def test_latest_request_survives(
    app: Flask, services: Services, rp: RelyingParty, sample_users: object
) -> None:
    """A user can complete a sign-in although the network has reached its limit."""
    for number in range(3):
        start(rp, f"127.0.0.{number}")
    assert rp.redeem(rp.code()).status_code == 200


def test_requests_of_all_networks_are_limited(
    rp: RelyingParty, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests of the largest networks are deleted first."""
    monkeypatch.setattr(authorization_requests, "MAX_TOTAL", 8)
    monkeypatch.setattr(authorization_requests, "_TRIMMED_EVERY", 1)
    start(rp, "198.51.100.1")
    start(rp, "203.0.113.1")
    for number in range(20):
        start(rp, f"192.0.2.{number}")
    stored = networks(services)
    assert (len(stored), stored[:2]) == (8, ["198.51.100.0/24", "203.0.113.0/24"])


@pytest.mark.parametrize("name", ["state", "nonce", "login_hint", "claims", "unknown"])
def test_long_request_is_rejected_and_not_stored(rp: RelyingParty, services: Services, name: str) -> None:
    """The error is shown on a page, because a redirect would contain the long state."""
    response = rp.browser.post("/oauth2/authorize", data=rp.request() | {name: "x" * 16_000})
    assert response.status_code == 400
    assert f"at most {authorization_request.MAX_BYTES} bytes" in response.text
    assert rows(services, StoredAuthorizationRequest) == 0


def test_size_is_counted_in_bytes(rp: RelyingParty, services: Services) -> None:
    assert rp.authorize(state="\u20ac" * 5_300).status_code == 400
    assert rp.authorize(state="e" * 5_300).status_code == 200


def test_expired_requests_are_deleted_with_the_next_one(
    rp: RelyingParty, services: Services, clock: MovingClock, settings: Settings
) -> None:
    for _ in range(5):
        start(rp)
    clock.advance(settings.interaction_lifetime, authorization_requests.RESTARTABLE_FOR, seconds=1)
    start(rp)
    assert rows(services, StoredAuthorizationRequest) == 1


def test_cleanup_deletes_expired_requests_immediately(
    rp: RelyingParty, services: Services, clock: MovingClock, settings: Settings
) -> None:
    start(rp)
    clock.advance(settings.interaction_lifetime, authorization_requests.RESTARTABLE_FOR, seconds=1)
    list(cleanup.purge(services.database, settings))
    assert rows(services, StoredAuthorizationRequest) == 0


def test_expired_device_codes_are_deleted_with_the_next_one(
    app: Flask, services: Services, clock: MovingClock, settings: Settings
) -> None:
    grants = ("authorization_code", "urn:ietf:params:oauth:grant-type:device_code")
    device = Device(RelyingParty(app, *register(services, grant_types=grants)))
    for _ in range(5):
        device.start()
    clock.advance(settings.device_code_lifetime + device_authorizations.KEPT + timedelta(seconds=1))
    device.start()
    assert rows(services, DeviceAuthorization) == 1


def test_errors_of_unknown_clients_share_a_row(app: Flask, services: Services) -> None:
    browser = app.test_client()
    for number in range(30):
        browser.get("/oauth2/authorize", query_string={"client_id": f"unknown{number}", "state": f"{number}"})
    assert rows(services, RecordedError) == 1


def test_errors_of_a_client_are_limited(
    rp: RelyingParty, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_log, "MAX_PER_CLIENT", 5)
    for number in range(12):
        rp.authorize(redirect_uri=f"https://evil.example/{number}")
    assert rows(services, RecordedError) == 5


@pytest.fixture
def few(settings: Settings) -> Settings:
    """The limits that ``with_few_attempts`` sets."""
    return settings.model_copy(
        update={"sign_in_attempts": 2, "sign_in_attempts_per_network": 6, "client_secret_attempts": 4}
    )


@pytest.fixture
def with_few_attempts(app: Flask, few: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Lower the limits of the running application."""
    services: Services = app.extensions["authserver"]
    for name in ("sign_in_attempts", "sign_in_attempts_per_network", "client_secret_attempts"):
        monkeypatch.setitem(services.settings.__dict__, name, getattr(few, name))
    return few


def test_failed_sign_ins_of_a_network_are_limited(
    app: Flask, services: Services, sample_users: object, with_few_attempts: Settings
) -> None:
    """Each attempt with a new user name adds two rows, until the limit of the network is reached."""
    limit = with_few_attempts.sign_in_attempts_per_network
    for number in range(limit + 5):
        sign_in(app.test_client(), f"user{number}", "wrong")
    assert rows(services, Throttle) <= 2 * limit + 1


def test_failed_sign_ins_with_a_code_are_limited(
    app: Flask, services: Services, sample_users: object, with_few_attempts: Settings
) -> None:
    """Each attempt with a new user name adds a row."""
    limit = with_few_attempts.sign_in_attempts_per_network
    for number in range(limit + 5):
        sign_in(app.test_client(), f"user{number}", "wrong", code="123456")
    assert rows(services, Throttle) <= limit + 1


def test_password_grants_at_a_public_client_are_limited(
    app: Flask, services: Services, sample_users: object, with_few_attempts: Settings
) -> None:
    """Each attempt with a new user name adds two rows and the mark of the password."""
    grants = {"grant_types": ("password",), "response_types": (), "redirect_uris": ()}
    party = RelyingParty(app, *register(services, auth_method="none", **grants))
    limit = with_few_attempts.sign_in_attempts_per_network
    for number in range(limit + 5):
        form = {
            "grant_type": "password",
            "username": f"user{number}",
            "password": "x",
            "client_id": party.key,
        }
        party.token({}, **form)
    assert rows(services, Throttle) <= 3 * limit + 1


def test_wrong_secrets_are_limited(
    app: Flask, services: Services, sample_users: object, with_few_attempts: Settings
) -> None:
    """Each wrong secret adds its mark. Those with the hint of the correct secret have another bucket."""
    party = entered_secrets.party(app, services)
    limit = with_few_attempts.client_secret_attempts
    wrong = [f"wrong guess number {number}" for number in range(limit + 5)]
    wrong += islice(entered_secrets.guesses_with_hint(services, party.key), limit + 5)
    for secret in wrong:
        replace(party, secret=secret).token(grant_type="refresh_token", refresh_token="x")
    assert rows(services, Throttle) == 2 * (limit + 1)


def test_documented_limits_are_the_real_ones() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    section = text.partition("## What an anonymous network can store")[2].partition("\n## ")[0]
    numbers = {
        line.split("|")[1].strip(): {int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", line)}
        for line in section.splitlines()
        if line.startswith("| ")
    }
    defaults = Settings()
    assert {
        authorization_requests.MAX_PER_NETWORK,
        authorization_requests.MAX_TOTAL,
        authorization_request.MAX_BYTES,
        int((defaults.interaction_lifetime + authorization_requests.RESTARTABLE_FOR).total_seconds() // 60),
    } <= numbers["Authorization requests"]
    assert defaults.device_requests in numbers["Device authorizations"]
    assert defaults.consumer_requests in numbers["Requested consumer keys"]
    assert defaults.registrations in numbers["Self-registered clients"]
    assert error_log.MAX_PER_CLIENT in numbers["Recorded errors"]
    network = defaults.sign_in_attempts_per_network
    assert {
        2 * network + 1 + network + 1,  # passwords, and codes that are entered before the password
        3 * network + 1,
        2 * (defaults.client_secret_attempts + 1),
    } <= numbers["Counters of attempts"]
    assert {2 * network, network} <= numbers["Audit events"]
