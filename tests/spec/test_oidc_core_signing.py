"""OpenID Connect Core, sections 3.1.3.6, 5.3.2, 10.1: algorithms per client, signed userinfo, rotation of keys."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from authserver.app import create_app
from authserver.context import SYSTEM
from authserver.domain.keys import key_ring, signing_keys
from authserver.domain.users.users import User
from authserver.errors import Conflict
from authserver.protocol.services import Services
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, answered, register
from tests.support.verifier import UnknownKey, Verifier

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
TEN_MINUTES = timedelta(minutes=10)


def party(app: Flask, services: Services, **details: Any) -> RelyingParty:
    return RelyingParty(app, *register(services, details=details))


def half_hash(value: str, algorithm: str) -> str:
    hashed = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(value.encode()).digest()
    return base64.urlsafe_b64encode(hashed[: len(hashed) // 2]).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_id_token_is_signed_as_registered(
    app: Flask, services: Services, alice: User, algorithm: str
) -> None:
    """10.1: id_token_signed_response_alg; 3.1.3.6: at_hash by the hash of that algorithm."""
    tokens = party(app, services, id_token_signed_response_alg=algorithm).tokens()
    verifier = Verifier(app)
    assert verifier.header(tokens["id_token"])["alg"] == algorithm
    assert verifier.claims(tokens["id_token"])["at_hash"] == half_hash(tokens["access_token"], algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_hashes_are_by_the_algorithm(app: Flask, services: Services, alice: User, algorithm: str) -> None:
    """3.3.2.11: at_hash and c_hash beside what came through the browser, by the hash of the signature's algorithm."""
    details = {"id_token_signed_response_alg": algorithm}
    words = ("code id_token token",)
    rp = RelyingParty(app, *register(services, response_types=words, details=details))
    answer = answered(rp.authorized(response_type=words[0]))
    content = Verifier(app).claims(answer["id_token"])
    assert content["at_hash"] == half_hash(answer["access_token"], algorithm)
    assert content["c_hash"] == half_hash(answer["code"], algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_userinfo_is_signed_as_registered(
    app: Flask, services: Services, alice: User, algorithm: str
) -> None:
    """5.3.2: application/jwt, with iss and aud."""
    rp = party(app, services, userinfo_signed_response_alg=algorithm)
    answer = rp.userinfo(rp.tokens()["access_token"])
    assert answer.content_type == "application/jwt"
    content = Verifier(app).claims(answer.text)
    assert (content["iss"], content["aud"], content["sub"]) == ("http://localhost", rp.key, alice.subject)
    assert content["name"] == "Alice Adams"


def test_userinfo_is_json_otherwise(rp: RelyingParty) -> None:
    """5.3.2: plain JSON where nothing else is registered."""
    assert rp.userinfo(rp.tokens()["access_token"]).content_type == "application/json"


def test_the_key_set_holds_nothing_private(app: Flask) -> None:
    """10.1.1: every key has a kid, use and alg; nothing private is published, and the default comes first."""
    listed = app.test_client().get("/jwks.json").get_json()["keys"]
    assert listed[0]["alg"] == "RS256"
    assert {key["alg"] for key in listed} == set(ALGORITHMS)
    for key in listed:
        assert {"kid", "use", "alg", "kty"} <= set(key)
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)


def test_discovery_names_the_algorithms(app: Flask) -> None:
    """Discovery, 3: RS256 MUST be included."""
    document = app.test_client().get("/.well-known/openid-configuration").get_json()
    for name in ("id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported"):
        assert document[name] == ALGORITHMS


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_three_rotations_by_schedule_go_unnoticed(
    app: Flask, services: Services, alice: User, moving_clock: MovingClock, algorithm: str
) -> None:
    """10.1.1: a verifier that fetches the keys every ten minutes knows the key of every token, and of living old ones."""
    rp = party(
        app, services, id_token_signed_response_alg=algorithm, access_token_signed_response_alg=algorithm
    )
    verifier = Verifier(app)
    seen: list[str] = []
    for _ in range(4):
        # The cache is as old as it can be when the token comes; then it is fetched, and the token is checked again.
        for _ in range(3):
            token = rp.tokens()["id_token"]
            verifier.claims(token)
            seen.append(verifier.header(token)["kid"])
            moving_clock.advance(TEN_MINUTES)
            verifier.fetch()
            verifier.claims(token)
        moving_clock.advance(services.settings.signing_key_rotation - 3 * TEN_MINUTES)
        verifier.fetch()
        moving_clock.advance(TEN_MINUTES)
    assert len(dict.fromkeys(seen)) == 4


def test_three_rotations_as_early_as_they_may_be_go_unnoticed(
    app: Flask, services: Services, alice: User, moving_clock: MovingClock
) -> None:
    """10.1.1: somebody rotates again as soon as it is let; the verifier has fetched the keys just before the last time."""
    rp, verifier = party(app, services), Verifier(app)
    seen: list[str] = []
    for _ in range(3):
        while not rotated(services):
            moving_clock.advance(TEN_MINUTES)
            verifier.fetch()
        # Every node knows of it within seconds; this one need not be the one that rotated.
        moving_clock.advance(timedelta(seconds=11))
        token = rp.tokens()["id_token"]
        verifier.claims(token)
        seen.append(verifier.header(token)["kid"])
    assert len(dict.fromkeys(seen)) == 3


def rotated(services: Services) -> bool:
    try:
        with services.database.transaction() as db:
            signing_keys.rotate(db, SYSTEM, services.vault)
    except Conflict:
        return False
    return True


def test_what_a_stolen_key_has_signed_is_worth_nothing(app: Flask, services: Services, alice: User) -> None:
    """S3, I2: neither the key that signed nor the one that lay beside it in the database proves anything any more."""
    rp = party(app, services, access_token_signed_response_alg="ES256", id_token_signed_response_alg="ES256")
    tokens = rp.tokens()
    assert rp.userinfo(tokens["access_token"]).status_code == 200
    with services.database.transaction() as db:
        signing_keys.replace_stolen(db, SYSTEM, services.vault, "ES256")
    services.key_ring.forget()
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    page = rp.browser.get("/oidc/end_session", query_string={"id_token_hint": tokens["id_token"]})
    assert 'id="logout-confirm"' in page.text
    with pytest.raises(UnknownKey):
        Verifier(app).claims(tokens["id_token"])
    Verifier(app).claims(rp.tokens()["id_token"])


def test_the_next_key_is_known_before_it_signs(app: Flask) -> None:
    """10.1.1: a node reads it, a cache on the way keeps the set before it, and the verifier's cache that one."""
    kept = app.test_client().get("/jwks.json").cache_control.max_age
    assert kept is not None
    until_known = key_ring._REREAD_AFTER + timedelta(seconds=kept) + TEN_MINUTES
    assert timedelta(seconds=30) >= key_ring._REREAD_AFTER
    assert until_known <= signing_keys.PUBLISH_BEFORE_USE


def test_a_retired_key_is_published_until_its_tokens_are_over(
    app: Flask, services: Services, alice: User, moving_clock: MovingClock
) -> None:
    """10.1.1: recently decommissioned keys stay in the set, and leave it."""
    token = party(app, services).tokens()["id_token"]
    rotate_now(services)
    Verifier(app).claims(token)
    moving_clock.advance(services.settings.remembered_session_lifetime, seconds=-120)
    Verifier(app).claims(token)
    moving_clock.advance(signing_keys.PUBLISH_BEFORE_USE, seconds=240)
    with pytest.raises(UnknownKey):
        Verifier(app).claims(token)


def restarted(services: Services, **changes: timedelta) -> Flask:
    """Return the installation after it was stopped and started under other settings."""
    return create_app(services.settings.model_copy(update=changes))


@pytest.mark.parametrize("name", ["id_token_lifetime", "access_token_lifetime", "session_lifetime"])
def test_a_setting_that_is_lowered_later_shortens_nothing(
    app: Flask, services: Services, alice: User, moving_clock: MovingClock, name: str
) -> None:
    """10.1.1: what was signed under the longer lifetime can be checked until it is over."""
    long = timedelta(days=20)
    before = restarted(services, **{name: long})
    token = party(before, before.extensions["authserver"]).tokens()["id_token"]
    moving_clock.advance(signing_keys.PUBLISH_BEFORE_USE, seconds=1)
    Verifier(app)
    rotate_now(services)
    for passed in (long - timedelta(hours=2), timedelta(hours=1)):
        moving_clock.advance(passed)
        Verifier(app).claims(token)
    moving_clock.advance(timedelta(hours=3))
    with pytest.raises(UnknownKey):
        Verifier(app).claims(token)
    before.extensions["authserver"].database.engine.dispose()


def rotate_now(services: Services) -> None:
    with services.database.transaction() as db:
        signing_keys.rotate(db, SYSTEM, services.vault, is_urgent=True)
    services.key_ring.forget()


def test_an_early_rotation_is_refused(app: Flask, services: Services, moving_clock: MovingClock) -> None:
    """A key signs only after it has been published for an hour, unless somebody insists."""
    Verifier(app)
    rotate_now(services)
    with (
        pytest.raises(Conflict, match="clients may not have fetched it"),
        services.database.transaction() as db,
    ):
        signing_keys.rotate(db, SYSTEM, services.vault)
    moving_clock.advance(signing_keys.PUBLISH_BEFORE_USE, seconds=1)
    with services.database.transaction() as db:
        signing_keys.rotate(db, SYSTEM, services.vault)


def test_no_request_imports_a_key(
    app: Flask, services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Importing takes a hundred times as long as signing."""
    rp = party(app, services)
    rp.tokens()

    def fail(*_: object) -> None:
        raise AssertionError("a private key was imported")

    monkeypatch.setattr(signing_keys, "open_private", fail)
    assert rp.tokens()["id_token"]
