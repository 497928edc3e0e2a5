"""A device code works once (I1, S5): fifty polls at once, on two server processes and both databases."""

from sqlalchemy.orm import Session

from authserver.domain.authorizations.authorizations import UserAuthentication
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.tokens import device_authorizations
from authserver.domain.tokens.device_authorizations import (
    DeviceState,
    IssuedDeviceCodes,
    NewDeviceAuthorization,
)
from authserver.protocol.services import Services
from tests.faults.test_token_races import ConcurrentClients, services  # noqa: F401 - fixtures
from tests.support import grants, sample_users
from tests.support.device import GRANT
from tests.support.relying_party import register
from tests.support.servers import LiveServer

ROUNDS = 10
DEVICE = {"redirect_uris": (), "grant_types": (GRANT, "refresh_token"), "response_types": ()}


def begin(db: Session, services: Services, client: Client) -> IssuedDeviceCodes:  # noqa: F811
    """Start a device authorization request."""
    return device_authorizations.start(
        db,
        services.settings,
        services.vault,
        NewDeviceAuthorization(client.id, client.epoch, "openid", address=""),
    )


def approved_code(services: Services, key: str) -> str:  # noqa: F811
    """Return a device code that alice has approved."""
    with services.database.transaction() as db:
        client = clients.get(db, key)
        started = begin(db, services, client)
        row = device_authorizations.find_pending(db, services.vault, started.user_code)
        assert row is not None
        assert device_authorizations.decide(db, row, DeviceState.APPROVED)
        alice = UserAuthentication(sample_users.find(services.database, "alice")["alice"].id)
        authorization = grants.add_authorization(db, client, alice, grant_type=GRANT, scope="openid")
        device_authorizations.grant(db, row, authorization)
        return started.device_code


def test_fifty_concurrent_polls_get_one_token_response(live_nodes: LiveServer, services: Services) -> None:  # noqa: F811
    """I1: every round has exactly one success and no 5xx."""
    key, secret = register(services, **DEVICE)
    callers = ConcurrentClients(live_nodes, key, secret)
    for _ in range(ROUNDS):
        form = {"grant_type": GRANT, "device_code": approved_code(services, key)}
        responses = callers.send(form)
        assert sorted(response.status_code for response in responses) == [200, *[400] * 49]
        errors = {response.json()["error"] for response in responses if response.status_code == 400}
        assert errors == {"invalid_grant"}
    callers.close()


def test_first_decision_is_final(services: Services) -> None:  # noqa: F811
    """S5: a device is approved or denied once."""
    key, _ = register(services, **DEVICE)
    with services.database.transaction() as db:
        client = clients.get(db, key)
        started = begin(db, services, client)
    code = device_authorizations.normalize_user_code(started.user_code)
    outcomes = []
    for state in (DeviceState.APPROVED, DeviceState.DENIED, DeviceState.APPROVED):
        with services.database.transaction() as db:
            row = device_authorizations.find_pending(db, services.vault, code)
            outcomes.append(row is not None and device_authorizations.decide(db, row, state))
    assert outcomes == [True, False, False]
