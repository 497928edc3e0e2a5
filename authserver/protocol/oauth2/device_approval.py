"""What happens when a person decides about a device (RFC 8628, section 3.3): the gate, and the authorization."""

from datetime import timedelta

from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import Actor
from authserver.domain.authorizations import access_state, authorizations, device_authorizations
from authserver.domain.authorizations.device_authorizations import DeviceAuthorization, DeviceState
from authserver.domain.clients import clients
from authserver.domain.clients.metadata import DEFAULT_MAX_AGE
from authserver.domain.sessions.user_sessions import UserSession
from authserver.protocol import access
from authserver.protocol.access import DenialReason
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.vocabulary import GrantType


def check_device_access(
    server: OAuth2Server, db: Session, row: DeviceAuthorization, live: UserSession
) -> DenialReason | None:
    """Return why the gate refuses what a device asks for, or None."""
    client = row.client
    policy = server.client_cache.of(db, client)
    stands = access_state.state_of_client(client.status, client.epoch, user_is_active=live.user.is_active)
    # What a device asked for before the client was disapproved does not come back with a new approval (S3).
    stands = stands._replace(granted_client_epoch=row.client_epoch)
    return access.check_access(stands, policy, grant_type=GrantType.DEVICE_CODE, scopes=row.scope.split())


def needs_sign_in(server: OAuth2Server, db: Session, row: DeviceAuthorization, live: UserSession) -> bool:
    """Return whether the client wants a younger sign-in (default_max_age: OpenID Connect Registration, section 2).

    One that was made after the device asked is always young enough.
    """
    max_age = server.client_cache.of(db, row.client).details.get(DEFAULT_MAX_AGE)
    if max_age is None or live.signed_in_at >= row.created_at:
        return False
    return clock.now() - live.signed_in_at > timedelta(seconds=max_age)


def approve(db: Session, actor: Actor, row: DeviceAuthorization, live: UserSession) -> bool:
    """Let the device have what was shown; False when it was decided, or ran out, in the meantime.

    The authorization belongs to no browser session: a person who approves a device on a telephone and signs out there
    still wants the device to work. It ends when access is removed under Account, and with the account.
    """
    if not device_authorizations.decide(db, row, DeviceState.APPROVED):
        return False
    client = row.client
    # First, as an administrator's decision takes the client and the audit trail in this order too.
    clients.note_sign_in(db, client.id)
    authorization = authorizations.add(
        db,
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
    device_authorizations.grant(db, row, authorization)
    return True


def deny(db: Session, row: DeviceAuthorization) -> bool:
    """Refuse the device; False when it was decided, or ran out, in the meantime."""
    return device_authorizations.decide(db, row, DeviceState.DENIED)
