"""RFC 6749, section 2.3.1: guesses at secrets that a person chose are limited, without locking the client out (S20)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import entered_secrets
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, register

FORM = {"grant_type": "refresh_token", "refresh_token": "x"}
PATHS = [
    "/oauth2/token",
    "/oauth2/revoke",
    "/oauth2/introspect",
    "/oauth2/device_authorization",
    "/oauth/verify",
]
LIMIT = 3


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Allow only a few attempts."""
    return settings.model_copy(update={"client_secret_attempts": LIMIT})


@pytest.fixture
def rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client with a typed secret."""
    return entered_secrets.party(app, services)


def statuses(rp: RelyingParty, *secrets: str) -> list[int]:
    return [replace(rp, secret=secret).token(**FORM).status_code for secret in secrets]


def guess(rp: RelyingParty, number: int = LIMIT) -> list[int]:
    return statuses(rp, *(f"wrong guess number {position}" for position in range(number)))


def is_accepted(response: TestResponse) -> bool:
    """Return whether the client was accepted, so that the only error is the unknown refresh token."""
    return response.get_json().get("error") == "invalid_grant"


def count_hashes(services: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return a function that returns the number of hashes so far."""
    done: list[str] = []
    verify = services.passwords.verify

    def recording(stored: str | None, password: str) -> bool:
        done.append(password)
        return verify(stored, password)

    monkeypatch.setattr(services.passwords, "verify", recording)
    return lambda: len(done)


@pytest.mark.both_databases
def test_guesses_are_limited(rp: RelyingParty, moving_clock: MovingClock) -> None:
    """2.3.1: the server MUST protect any endpoint that takes a client password against brute force attacks."""
    assert guess(rp, LIMIT + 2) == [401] * LIMIT + [429] * 2
    response = replace(rp, secret="one more").token(**FORM)
    assert (response.status_code, int(response.headers["Retry-After"]) > 0) == (429, True)
    moving_clock.advance(timedelta(minutes=15), seconds=1)
    assert statuses(rp, "one more") == [401]


@pytest.mark.both_databases
@pytest.mark.parametrize("path", PATHS)
def test_correct_secret_is_recognized_at_the_limit(rp: RelyingParty, path: str) -> None:
    """S20: guesses of others on the network do not lock the client out, although this process has never seen its secret."""
    guess(rp, LIMIT + 1)
    response = rp.browser.post(path, data=FORM | {"token": "x"}, headers=rp.basic)
    assert response.status_code not in {401, 429}


def test_correct_secret_in_the_body_is_recognized_at_the_limit(rp: RelyingParty) -> None:
    """S20: client_secret_post, as with Basic."""
    guess(rp, LIMIT + 1)
    assert is_accepted(rp.token({}, **FORM, client_id=rp.key, client_secret=rp.secret))


@pytest.mark.parametrize("path", PATHS)
def test_limit_covers_all_endpoints(rp: RelyingParty, path: str) -> None:
    """2.3.1: any endpoint. The attempts at all endpoints count together."""
    guess(rp)
    wrong = replace(rp, secret="another guess at it")
    response = wrong.browser.post(path, data=FORM | {"token": "x"}, headers=wrong.basic)
    assert response.status_code == 429


@pytest.mark.both_databases
def test_outdated_secret_counts_once(rp: RelyingParty) -> None:
    """S20: an old deployment that repeats its secret for hours does not use up the attempts of others."""
    assert statuses(rp, *["the secret of last year"] * 10) == [401] * 10
    assert guess(rp) == [401, 401, 429]
    assert statuses(rp, "the secret of last year") == [401]


def test_outdated_secret_counts_again_in_the_next_window(rp: RelyingParty, moving_clock: MovingClock) -> None:
    for _ in range(2):
        assert statuses(rp, *["the secret of last year"] * 3) == [401] * 3
        assert guess(rp) == [401, 401, 429]
        moving_clock.advance(timedelta(minutes=15), seconds=1)


def test_guesses_with_the_correct_hint_have_a_limit(rp: RelyingParty, services: Services) -> None:
    """2.3.1: one in 4,096 guesses has the hint of the secret. These have a limit, which the others do not share."""
    hinted = list(islice(entered_secrets.guesses_with_hint(services, rp.key), LIMIT + 1))
    assert guess(rp) == [401] * LIMIT
    assert statuses(rp, *hinted) == [401] * LIMIT + [429]
    assert statuses(rp, rp.secret) == [429]


def test_repeated_guess_with_the_correct_hint_counts_once(rp: RelyingParty, services: Services) -> None:
    [hinted] = islice(entered_secrets.guesses_with_hint(services, rp.key), 1)
    assert statuses(rp, *[hinted] * 10) == [401] * 10
    assert is_accepted(rp.token(**FORM))


def test_wrong_secrets_need_no_hash(
    rp: RelyingParty, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S28: a wrong secret costs little time. The repetition of one with the correct hint does not either."""
    [hinted] = islice(entered_secrets.guesses_with_hint(services, rp.key), 1)
    hashes = count_hashes(services, monkeypatch)
    guess(rp)
    assert hashes() == 0
    statuses(rp, *[hinted] * 5)
    assert hashes() == 1


def test_correct_secret_does_not_count(rp: RelyingParty) -> None:
    """S20: only failures count."""
    assert all(is_accepted(rp.token(**FORM)) for _ in range(LIMIT + 2))
    assert guess(rp, LIMIT + 1) == [401] * LIMIT + [429]


def test_correct_but_unencoded_secret_counts_once(app: Flask, services: Services, rp: RelyingParty) -> None:
    """S20: a client that does not form-encode its secret is told so each time."""
    party = entered_secrets.party(app, services, "plus+sign+in+it")
    form = FORM | {"client_id": party.key}
    body = "&".join(f"{name}={value}" for name, value in form.items()) + f"&client_secret={party.secret}"
    for _ in range(LIMIT + 2):
        response = app.test_client().post(
            "/oauth2/token", data=body, content_type="application/x-www-form-urlencoded"
        )
        assert "form-encoded" in response.get_json()["error_description"]


@pytest.mark.both_databases
def test_secret_of_an_older_version_gets_a_hint(rp: RelyingParty, services: Services) -> None:
    """Until then, it is limited as before: the correct secret is throttled too."""
    entered_secrets.forget_hints(services)
    assert guess(rp, LIMIT) == [401] * LIMIT
    assert statuses(rp, rp.secret) == [429]


@pytest.mark.both_databases
def test_hint_is_stored_with_the_first_success(rp: RelyingParty, services: Services) -> None:
    before = entered_secrets.stored(services, rp.key)
    entered_secrets.forget_hints(services)
    assert is_accepted(rp.token(**FORM))
    after = entered_secrets.stored(services, rp.key)
    assert (after.hint, after.pepper_id) == (before.hint, before.pepper_id)
    assert guess(rp, LIMIT + 1) == [401] * LIMIT + [429]
    assert is_accepted(rp.token(**FORM))


def test_hint_of_an_unknown_pepper_is_not_used(rp: RelyingParty, services: Services) -> None:
    """After a pepper was deleted, the secret still works and gets a new hint."""
    row = entered_secrets.stored(services, rp.key)
    with services.database.transaction() as db:
        db.merge(row).pepper_id = "deleted"
    assert is_accepted(rp.token(**FORM))
    assert entered_secrets.stored(services, rp.key).pepper_id == services.vault.pepper_id


def test_spelling_variant_of_a_secret_is_accepted(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """Secrets are compared in normal form (NFKC), with and without a hint."""
    party = entered_secrets.party(app, services, "Schl\u00fcssel zum Portal")
    assert is_accepted(replace(party, secret="Schlu\u0308ssel zum Portal").token(**FORM))


def test_second_secret_is_accepted(rp: RelyingParty, services: Services) -> None:
    """A client may have several secrets."""
    entered_secrets.enter(services, rp.key, "a second secret of it", is_only=False)
    guess(rp, LIMIT + 1)
    for secret in (rp.secret, "a second secret of it"):
        assert is_accepted(replace(rp, secret=secret).token(**FORM))


def test_new_secret_is_accepted_after_it_was_a_wrong_one(rp: RelyingParty, services: Services) -> None:
    """S3: a change of the secrets takes effect with the next request, whatever the process remembers."""
    [hinted] = islice(entered_secrets.guesses_with_hint(services, rp.key), 1)
    assert statuses(rp, hinted) == [401]
    entered_secrets.enter(services, rp.key, hinted)
    assert is_accepted(replace(rp, secret=hinted).token(**FORM))


def test_guesses_at_a_generated_secret_are_not_counted(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """2.3.1: 256 random bits are enough protection, and an attacker cannot lock the client out."""
    generated = RelyingParty(app, *register(services))
    assert guess(generated, LIMIT + 2) == [401] * (LIMIT + 2)
    assert is_accepted(generated.token(**FORM))
