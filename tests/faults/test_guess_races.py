"""Concurrent guesses are counted exactly (S20)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from authserver.domain.throttles import Throttle
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import entered_secrets

pytestmark = pytest.mark.both_databases
LIMIT, COUNT = 5, 20


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"client_secret_attempts": LIMIT})


def send(app: Flask, services: Services, secrets: list[str]) -> list[int]:
    """Send requests with these secrets at the same time. Return the sorted statuses."""
    rp = entered_secrets.party(app, services)

    def attempt(secret: str) -> int:
        party = replace(rp, secret=secret)
        return party.token(grant_type="refresh_token", refresh_token="x").status_code

    with ThreadPoolExecutor(len(secrets)) as threads:
        return sorted(threads.map(attempt, secrets))


def counts(services: Services) -> list[int]:
    with services.database.transaction(write=False) as db:
        return sorted(db.scalars(select(Throttle.count)))


def test_different_wrong_secrets(app: Flask, services: Services, sample_users: object) -> None:
    statuses = send(app, services, [f"wrong guess number {number}" for number in range(COUNT)])
    assert statuses == [401] * LIMIT + [429] * (COUNT - LIMIT)
    assert counts(services) == [1] * LIMIT + [LIMIT]


def test_one_wrong_secret(app: Flask, services: Services, sample_users: object) -> None:
    statuses = send(app, services, ["the secret of last year"] * COUNT)
    assert statuses == [401] * COUNT
    assert counts(services) == [1, COUNT], "one attempt, and a mark that was found again each time"


def test_wrong_secrets_beside_the_correct_one(app: Flask, services: Services, sample_users: object) -> None:
    wrong = [f"wrong guess number {number}" for number in range(COUNT)]
    statuses = send(app, services, wrong + [entered_secrets.SECRET] * LIMIT)
    assert statuses == [400] * LIMIT + [401] * LIMIT + [429] * (COUNT - LIMIT)
