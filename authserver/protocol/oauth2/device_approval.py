"""What happens when a person decides about a device (RFC 8628, section 3.3): the gate, and the authorization."""

from datetime import timedelta

from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import Actor
from authserver.domain import authorizations, client_demands, clients, devices, standing
from authserver.domain.devices import DeviceAuthorization, State
from authserver.domain.sessions import UserSession
from authserver.protocol import gate
from authserver.protocol.gate import Verdict
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.terms import GrantType


def judge(
    server: OAuth2Server, session: Session, row: DeviceAuthorization, live: UserSession
) -> Verdict | None:
    """Return why the gate refuses what a device asks for, or None."""
    client = row.client
    policy = server.policies.of(session, client)
    stands = standing.of_client(client.status, client.epoch, user_is_active=live.user.is_active)
    # What a device asked for before the client was disapproved does not come back with a new approval (S3).
    stands = stands._replace(granted_client_epoch=row.client_epoch)
    return gate.judge(stands, policy, grant_type=GrantType.DEVICE_CODE, scopes=row.scope.split())


def needs_sign_in(
    server: OAuth2Server, session: Session, row: DeviceAuthorization, live: UserSession
) -> bool:
    """Return whether the client wants a younger sign-in (default_max_age: OpenID Connect Registration, section 2).

    One that was made after the device asked is always young enough.
    """
    max_age = server.policies.of(session, row.client).details.get(client_demands.MAX_AGE)
    if max_age is None or live.signed_in_at >= row.created_at:
        return False
    return clock.now() - live.signed_in_at > timedelta(seconds=max_age)


def approve(session: Session, actor: Actor, row: DeviceAuthorization, live: UserSession) -> bool:
    """Let the device have what was shown; False when it was decided, or ran out, in the meantime.

    The authorization belongs to no browser session: a person who approves a device on a telephone and signs out there
    still wants the device to work. It ends when access is removed under Account, and with the account.
    """
    if not devices.decide(session, row, State.APPROVED):
        return False
    client = row.client
    # First, as an administrator's decision takes the client and the audit trail in this order too.
    clients.note_sign_in(session, client.id)
    authorization = authorizations.add(
        session,
        actor,
        client_id=client.id,
        client_epoch=client.epoch,
        client_name=client.name,
        grant_type=GrantType.DEVICE_CODE,
        scope=row.scope,
        user_id=live.user_id,
        user_epoch=live.user_epoch,
        auth_time=live.signed_in_at,
        acr=live.acr,
        amr=live.amr,
        request={"resource": row.audience.split()} if row.audience else {},
    )
    devices.grant(session, row, authorization)
    return True


def deny(session: Session, row: DeviceAuthorization) -> bool:
    """Refuse the device; False when it was decided, or ran out, in the meantime."""
    return devices.decide(session, row, State.DENIED)
