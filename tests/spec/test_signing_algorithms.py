"""The setting for the signing algorithms: OpenID Connect Discovery, section 3, and Core, sections 10.1 and 15.1."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask

from authserver.context import SYSTEM
from authserver.domain.clients import clients
from authserver.domain.keys import signing_keys
from authserver.errors import Busy, InvalidInput
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import apps
from tests.support.moving_clock import MovingClock
from tests.support.registrant import MINIMAL, Registrant
from tests.support.relying_party import RelyingParty, edit, register
from tests.support.verifier import Verifier

HOUR = signing_keys.PUBLISH_BEFORE_USE
FIELDS = ["id_token_signed_response_alg", "userinfo_signed_response_alg", "access_token_signed_response_alg"]
SUPPORTED = ["id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported"]


@contextmanager
def node(settings: Settings, *algorithms: str) -> Iterator[tuple[Flask, Services]]:
    """Start another node that publishes these algorithms."""
    with apps.own(settings.model_copy(update={"signing_algorithms": algorithms})) as app:
        yield app, app.extensions["authserver"]


@pytest.fixture
def restricted(settings: Settings, sample_users: object) -> Iterator[tuple[Flask, Services]]:
    """A node that publishes RS256 and ES256 only, on a database with keys for every algorithm."""
    with node(settings, "RS256", "ES256") as found:
        yield found


def states(services: Services, algorithm: str) -> list[str]:
    with services.database.transaction(write=False) as db:
        return sorted(row.state for row in signing_keys.all_keys(db) if row.algorithm == algorithm)


def published(app: Flask) -> set[str]:
    return {key["alg"] for key in app.test_client().get("/jwks.json").get_json()["keys"]}


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oidc-configuration",
    ],
)
def test_discovery_lists_the_published_algorithms(restricted, path) -> None:
    """Discovery, 3: a JSON array of the algorithms that the server supports for these responses."""
    app, _ = restricted
    document = app.test_client().get(path).get_json()
    for name in SUPPORTED:
        assert document.get(name, ["RS256", "ES256"]) == ["RS256", "ES256"]
    # Client assertions are signed by the clients, with their own keys.
    assert "PS256" in document["token_endpoint_auth_signing_alg_values_supported"]


def test_jwk_set_of_a_new_installation_has_only_these_algorithms(settings, services) -> None:
    """Core, 10.1.1: the JWK set contains the keys that the server signs with."""
    with services.database.transaction() as db:
        for row in signing_keys.all_keys(db):
            db.delete(row)
    with node(settings, "RS256", "ES256") as (app, _):
        assert published(app) == {"RS256", "ES256"}


def test_keys_of_another_algorithm_are_retired_and_later_deleted(
    restricted, moving_clock: MovingClock
) -> None:
    """Core, 10.1.1: a key stays in the JWK set until the tokens that it signed have expired."""
    app, services = restricted
    moving_clock.advance(HOUR, seconds=1)
    assert published(app) == {"RS256", "PS256", "ES256", "EdDSA"}
    assert (states(services, "PS256"), states(services, "ES256")) == (["retired"], ["active", "next"])
    moving_clock.advance(timedelta(days=8))
    assert published(app) == {"RS256", "ES256"}


@pytest.mark.parametrize("field", FIELDS)
def test_registered_client_keeps_its_algorithm(app, services, restricted, moving_clock, field) -> None:
    """Core, 10.1: responses use the registered algorithm. A restart with another setting breaks no client."""
    key, secret = register(services, details={field: "PS256"})
    restricted_app, restricted_services = restricted
    moving_clock.advance(HOUR, seconds=1)
    rp = RelyingParty(restricted_app, key, secret)
    tokens = rp.tokens()
    signed = {
        "id_token_signed_response_alg": tokens["id_token"],
        "userinfo_signed_response_alg": rp.userinfo(tokens["access_token"]).text,
        "access_token_signed_response_alg": tokens["access_token"],
    }[field]
    assert Verifier(restricted_app).header(signed)["alg"] == "PS256"
    assert (states(restricted_services, "PS256"), states(restricted_services, "EdDSA")) == (
        ["active", "next"],
        ["retired"],
    )


def test_keys_are_retired_when_no_client_needs_them_any_more(services, restricted, moving_clock) -> None:
    """Core, 10.1.1: after the last client has changed, the keys leave like those of a rotation."""
    key, _ = register(services, details={FIELDS[0]: "PS256"})
    app, restricted_services = restricted
    moving_clock.advance(HOUR, seconds=1)
    published(app)
    edit(services, key, details={})
    moving_clock.advance(timedelta(seconds=11))
    published(app)
    assert states(restricted_services, "PS256") == ["retired"]


@pytest.mark.parametrize("field", FIELDS[:2])
def test_registration_for_another_algorithm_is_rejected(restricted, field) -> None:
    """RFC 7591, 3.2.2: invalid_client_metadata for a value that the server does not support."""
    response = restricted[0].test_client().post("/oauth2/register", json=MINIMAL | {field: "PS256"})
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")
    assert (
        "does not publish keys for PS256. Choose one of RS256, ES256."
        in response.get_json()["error_description"]
    )


@pytest.mark.parametrize("field", FIELDS)
def test_administrator_cannot_choose_another_algorithm(restricted, field) -> None:
    """Discovery, 3: no way to register a client leads to an algorithm that is not listed."""
    with pytest.raises(InvalidInput, match="does not publish keys for EdDSA"):
        register(restricted[1], details={field: "EdDSA"})


def test_client_can_send_its_registration_back(app, restricted) -> None:
    """RFC 7592, 2.2: the client sends all its metadata, with the algorithm that it is registered for."""
    registrant = Registrant.new(app, id_token_signed_response_alg="PS256")
    registrant.app = restricted[0]
    assert registrant.put(id_token_signed_response_alg="PS256").status_code == 200
    assert registrant.put(id_token_signed_response_alg="EdDSA").status_code == 400


def test_added_algorithm_is_published_on_every_node_before_it_is_used(settings, alice, moving_clock) -> None:
    """Core, 10.1.1: nodes that still have the old setting publish the new keys and can sign with them."""
    with node(settings, "RS256") as (old_app, old_services):
        moving_clock.advance(HOUR, seconds=1)
        old_services.key_ring.refresh()
        assert states(old_services, "ES256") == ["retired"]
        with node(settings, "RS256", "ES256") as (_, new_services):
            new_services.key_ring.refresh()
            assert states(new_services, "ES256") == ["active", "next", "retired"]
            moving_clock.advance(timedelta(seconds=11))
            added = new_services.key_ring.signer("ES256").kid
            keys = old_app.test_client().get("/jwks.json").get_json()["keys"]
            assert added in {key["kid"] for key in keys}
            key, secret = register(new_services, details={FIELDS[0]: "ES256"})
            token = RelyingParty(old_app, key, secret).tokens()["id_token"]
            assert Verifier(old_app).header(token)["kid"] == added


def test_missing_keys_are_created_within_seconds(settings, services, moving_clock) -> None:
    """RFC 6749, 5.2: until another node has created the keys, the request gets 503, not an internal error."""
    with node(settings, "RS256") as (_, restricted_services):
        moving_clock.advance(HOUR, seconds=1)
        restricted_services.key_ring.refresh()
        register(services, details={FIELDS[0]: "ES256"})
        with pytest.raises(Busy):
            restricted_services.key_ring.signer("ES256")
        moving_clock.advance(timedelta(seconds=11))
        restricted_services.key_ring.refresh()
        assert restricted_services.key_ring.signer("ES256").algorithm == "ES256"


def test_removed_client_releases_its_algorithm(services, restricted, moving_clock) -> None:
    """Core, 10.1.1: only registered clients keep keys."""
    key, _ = register(services, details={FIELDS[0]: "PS256"})
    with services.database.transaction() as db:
        clients.remove(db, SYSTEM, clients.get(db, key))
    moving_clock.advance(HOUR, seconds=1)
    restricted[1].key_ring.refresh()
    assert states(restricted[1], "PS256") == ["retired"]
