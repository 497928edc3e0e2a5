"""An attempt counts only if it was wrong, not if the database failed (S20)."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from authserver.domain import audit
from authserver.errors import Busy
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import entered_secrets, forms
from tests.support.relying_party import EVERY_GRANT, RelyingParty, register
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import set_up
from tests.web.browser_session import sign_in

pytestmark = pytest.mark.both_databases


@contextmanager
def failing_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make every transaction fail that records an event."""

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("INSERT INTO audit_events", {}, Exception("deadlock detected"))

    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", fail)
        yield


def check(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, attempt: Callable[[], TestResponse], success: int
) -> None:
    """Fail more often than wrong attempts are allowed. The next attempt must succeed."""
    with failing_database(monkeypatch):
        statuses = {attempt().status_code for _ in range(settings.sign_in_attempts + 2)}
    assert statuses == {503}
    assert attempt().status_code == success


def test_password_grant(
    app: Flask, services: Services, sample_users: object, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    rp = RelyingParty(app, *register(services, grant_types=(*EVERY_GRANT, "password")))

    def attempt() -> TestResponse:
        return rp.token(grant_type="password", username="alice", password=PASSWORD, scope="openid")

    check(monkeypatch, settings, attempt, 200)


def test_sign_in_page(
    client: FlaskClient, sample_users: object, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def attempt() -> TestResponse:
        return forms.submit(
            client, client.get("/sign-in"), "login-submit", username="alice", password=PASSWORD
        )

    check(monkeypatch, settings, attempt, 303)


def test_second_factor_page(
    app: Flask, client: FlaskClient, sample_users: object, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    totp_app = set_up(app)
    page = sign_in(client, "alice")

    def attempt() -> TestResponse:
        return forms.submit(client, page, "login-submit", code=totp_app.code())

    check(monkeypatch, settings, attempt, 303)


def test_authenticator_setup(
    client: FlaskClient, sample_users: object, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    sign_in(client, "alice")
    page = client.get("/account/authenticator/set-up")
    seed = re.search(r"secret=([A-Z2-7]+)", page.text)
    assert seed is not None

    def attempt() -> TestResponse:
        return forms.submit(client, page, "authenticator-save", code=pyotp.TOTP(seed[1]).now())

    check(monkeypatch, settings, attempt, 200)


def test_client_secret_at_capacity(
    app: Flask, services: Services, sample_users: object, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """A secret that was not checked, because the process is at capacity, does not count as a guess."""
    rp = entered_secrets.party(app, services)

    def refuse(*_: object, **__: object) -> bool:
        raise Busy(1)

    with monkeypatch.context() as patch:
        patch.setattr(services.passwords, "verify", refuse)
        statuses = {
            rp.token(grant_type="refresh_token", refresh_token="none").status_code
            for _ in range(settings.client_secret_attempts + 2)
        }
    assert statuses == {503}
    assert rp.token(grant_type="refresh_token", refresh_token="none").get_json()["error"] == "invalid_grant"
