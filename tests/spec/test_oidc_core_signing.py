"""OpenID Connect Core, sections 3.1.3.6, 5.3.2, 10.1: algorithms per client, signed userinfo, key rotation."""

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
from tests.support.relying_party import RelyingParty, register, response_parameters
from tests.support.verifier import UnknownKey, Verifier

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
TEN_MINUTES = timedelta(minutes=10)


def party(app: Flask, services: Services, **details: Any) -> RelyingParty:
    return RelyingParty(app, *register(services, details=details))


def half_hash(value: str, algorithm: str) -> str:
    hashed = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(value.encode()).digest()
    return base64.urlsafe_b64encode(hashed[: len(hashed) // 2]).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_id_token_uses_the_registered_algorithm(
    app: Flask, services: Services, alice: User, algorithm: str
) -> None:
    """10.1: id_token_signed_response_alg. 3.1.3.6: at_hash uses the hash of that algorithm."""
    tokens = party(app, services, id_token_signed_response_alg=algorithm).tokens()
    verifier = Verifier(app)
    assert verifier.header(tokens["id_token"])["alg"] == algorithm
    assert verifier.claims(tokens["id_token"])["at_hash"] == half_hash(tokens["access_token"], algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_hashes_use_the_algorithm_of_the_signature(
    app: Flask, services: Services, alice: User, algorithm: str
) -> None:
    """3.3.2.11: at_hash and c_hash of a front-channel response use the hash of the signature algorithm."""
    details = {"id_token_signed_response_alg": algorithm}
    response_types = ("code id_token token",)
    rp = RelyingParty(app, *register(services, response_types=response_types, details=details))
    response = response_parameters(rp.authorized(response_type=response_types[0]))
    content = Verifier(app).claims(response["id_token"])
    assert content["at_hash"] == half_hash(response["access_token"], algorithm)
    assert content["c_hash"] == half_hash(response["code"], algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_userinfo_uses_the_registered_algorithm(
    app: Flask, services: Services, alice: User, algorithm: str
) -> None:
    """5.3.2: application/jwt, with iss and aud."""
    rp = party(app, services, userinfo_signed_response_alg=algorithm)
    response = rp.userinfo(rp.tokens()["access_token"])
    assert response.content_type == "application/jwt"
    content = Verifier(app).claims(response.text)
    assert (content["iss"], content["aud"], content["sub"]) == ("http://localhost", rp.key, alice.subject)
    assert content["name"] == "Alice Adams"


def test_userinfo_is_json_by_default(rp: RelyingParty) -> None:
    """5.3.2: plain JSON if the client registered no algorithm."""
    assert rp.userinfo(rp.tokens()["access_token"]).content_type == "application/json"


def test_jwk_set_contains_no_private_key(app: Flask) -> None:
    """10.1.1: every key has kid, use and alg. No private key is published, and the default key comes first."""
    listed = app.test_client().get("/jwks.json").get_json()["keys"]
    assert listed[0]["alg"] == "RS256"
    assert {key["alg"] for key in listed} == set(ALGORITHMS)
    for key in listed:
        assert {"kid", "use", "alg", "kty"} <= set(key)
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)


def test_discovery_lists_the_algorithms(app: Flask) -> None:
    """Discovery, 3: RS256 MUST be included."""
    document = app.test_client().get("/.well-known/openid-configuration").get_json()
    for name in ("id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported"):
        assert document[name] == ALGORITHMS


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_scheduled_rotations_do_not_disturb_verifiers(
    app: Flask, services: Services, alice: User, moving_clock: MovingClock, algorithm: str
) -> None:
    """10.1.1: a verifier that fetches the keys every ten minutes can verify new tokens, and old ones until they
    expire.
    """
    rp = party(
        app, services, id_token_signed_response_alg=algorithm, access_token_signed_response_alg=algorithm
    )
    verifier = Verifier(app)
    kids: list[str] = []
    for _ in range(4):
        # The cache has its maximum age when the token arrives. The verifier then fetches the set and checks again.
        for _ in range(3):
            token = rp.tokens()["id_token"]
            verifier.claims(token)
            kids.append(verifier.header(token)["kid"])
            moving_clock.advance(TEN_MINUTES)
            verifier.fetch()
            verifier.claims(token)
        moving_clock.advance(services.settings.signing_key_rotation - 3 * TEN_MINUTES)
        verifier.fetch()
        moving_clock.advance(TEN_MINUTES)
    assert len(dict.fromkeys(kids)) == 4


def test_earliest_rotations_do_not_disturb_verifiers(
    app: Flask, services: Services, alice: User, moving_clock: MovingClock
) -> None:
    """10.1.1: an administrator rotates as early as allowed, just after the verifier has fetched the keys."""
    rp, verifier = party(app, services), Verifier(app)
    kids: list[str] = []
    for _ in range(3):
        while not rotated(services):
            moving_clock.advance(TEN_MINUTES)
            verifier.fetch()
        # After some seconds, every node uses the new key, not only the node that rotated it.
        moving_clock.advance(timedelta(seconds=11))
        token = rp.tokens()["id_token"]
        verifier.claims(token)
        kids.append(verifier.header(token)["kid"])
    assert len(dict.fromkeys(kids)) == 3


def rotated(services: Services) -> bool:
    try:
        with services.database.transaction() as db:
            signing_keys.rotate(db, SYSTEM, services.vault)
    except Conflict:
        return False
    return True


def test_emergency_rotation_invalidates_stolen_keys(app: Flask, services: Services, alice: User) -> None:
    """S3, I2: the key that signed and the next key in the same database are no longer accepted."""
    rp = party(app, services, access_token_signed_response_alg="ES256", id_token_signed_response_alg="ES256")
    tokens = rp.tokens()
    assert rp.userinfo(tokens["access_token"]).status_code == 200
    with services.database.transaction() as db:
        signing_keys.replace_stolen(db, SYSTEM, services.vault, "ES256")
    services.key_ring.invalidate()
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    page = rp.browser.get("/oidc/end_session", query_string={"id_token_hint": tokens["id_token"]})
    assert 'id="logout-confirm"' in page.text
    with pytest.raises(UnknownKey):
        Verifier(app).claims(tokens["id_token"])
    Verifier(app).claims(rp.tokens()["id_token"])


def test_next_key_is_published_before_it_signs(app: Flask) -> None:
    """10.1.1: a node, an intermediate cache and the verifier's cache can each hold an older JWK set."""
    max_age = app.test_client().get("/jwks.json").cache_control.max_age
    assert max_age is not None
    until_known = key_ring._REREAD_AFTER + timedelta(seconds=max_age) + TEN_MINUTES
    assert timedelta(seconds=30) >= key_ring._REREAD_AFTER
    assert until_known <= signing_keys.PUBLISH_BEFORE_USE


def test_retired_key_is_published_until_its_tokens_expire(
    app: Flask, services: Services, alice: User, moving_clock: MovingClock
) -> None:
    """10.1.1: recently decommissioned keys stay in the set, and are removed later."""
    token = party(app, services).tokens()["id_token"]
    rotate_now(services)
    Verifier(app).claims(token)
    moving_clock.advance(services.settings.remembered_session_lifetime, seconds=-120)
    Verifier(app).claims(token)
    moving_clock.advance(signing_keys.PUBLISH_BEFORE_USE, seconds=240)
    with pytest.raises(UnknownKey):
        Verifier(app).claims(token)


def restarted(services: Services, **changes: timedelta) -> Flask:
    """Return the installation after a restart with other settings."""
    return create_app(services.settings.model_copy(update=changes))


@pytest.mark.parametrize("name", ["id_token_lifetime", "access_token_lifetime", "session_lifetime"])
def test_lowering_a_lifetime_does_not_shorten_publication(
    app: Flask, services: Services, alice: User, moving_clock: MovingClock, name: str
) -> None:
    """10.1.1: tokens that were signed with the longer lifetime can be verified until they expire."""
    lifetime = timedelta(days=20)
    before = restarted(services, **{name: lifetime})
    token = party(before, before.extensions["authserver"]).tokens()["id_token"]
    moving_clock.advance(signing_keys.PUBLISH_BEFORE_USE, seconds=1)
    Verifier(app)
    rotate_now(services)
    for passed in (lifetime - timedelta(hours=2), timedelta(hours=1)):
        moving_clock.advance(passed)
        Verifier(app).claims(token)
    moving_clock.advance(timedelta(hours=3))
    with pytest.raises(UnknownKey):
        Verifier(app).claims(token)
    before.extensions["authserver"].database.engine.dispose()


def rotate_now(services: Services) -> None:
    with services.database.transaction() as db:
        signing_keys.rotate(db, SYSTEM, services.vault, is_urgent=True)
    services.key_ring.invalidate()


def test_early_rotation_is_rejected(app: Flask, services: Services, moving_clock: MovingClock) -> None:
    """A key signs only after it has been published for an hour, unless an administrator forces the rotation."""
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
    """Importing a key takes a hundred times as long as signing."""
    rp = party(app, services)
    rp.tokens()

    def fail(*_: object) -> None:
        raise AssertionError("a private key was imported")

    monkeypatch.setattr(signing_keys, "open_private", fail)
    assert rp.tokens()["id_token"]
