"""The user's decision about a device (RFC 8628, section 3.3): the access check and the authorization."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import Actor
from authserver.domain import access_state
from authserver.domain.authorizations import authorizations
from authserver.domain.authorizations.authorizations import NewAuthorization
from authserver.domain.client_cache import ClientCache
from authserver.domain.clients import clients
from authserver.domain.clients.metadata import DEFAULT_MAX_AGE
from authserver.domain.tokens import device_authorizations
from authserver.domain.tokens.device_authorizations import DeviceAuthorization, DeviceState
from authserver.domain.user_sessions import UserSession
from authserver.protocol import access
from authserver.protocol.access import DenialReason
from authserver.vocabulary import GrantType


def check_device_access(
    client_cache: ClientCache, db: Session, row: DeviceAuthorization, user_session: UserSession
) -> DenialReason | None:
    """Return why the access check denies the device's request, or None."""
    client = row.client
    state = access_state.state_of_client(client.status, client.epoch, user_session.user)
    # A request from before the client was disapproved stays invalid after a new approval (S3).
    state = state._replace(granted_client_epoch=row.client_epoch)
    return access.check_access(
        state, client_cache.of(db, client), grant_type=GrantType.DEVICE_CODE, scopes=row.scope.split()
    )


def needs_sign_in(
    client_cache: ClientCache, db: Session, row: DeviceAuthorization, user_session: UserSession
) -> bool:
    """Return whether the client requires a more recent sign-in (OpenID Connect Registration, section 2).

    A sign-in after the device's request is always recent enough.
    """
    max_age = client_cache.of(db, row.client).details.get(DEFAULT_MAX_AGE)
    if max_age is None or user_session.signed_in_at >= row.created_at:
        return False
    return clock.now() - user_session.signed_in_at > timedelta(seconds=max_age)


def allow(db: Session, actor: Actor, row: DeviceAuthorization, user_session: UserSession) -> bool:
    """Allow the request of the device; return False if it was already decided or has expired.

    The authorization is independent of the user session, because the device must keep working after the user signs out
    of the browser. It ends when the user removes the application's access, or when the user's epoch rises.
    """
    if not device_authorizations.decide(db, row, DeviceState.APPROVED):
        return False
    client = row.client
    # Lock the client before the audit trail, in the same order as an administrator's decision, to avoid a deadlock.
    clients.record_sign_in_time(db, client.id)
    authorization = authorizations.add(
        db,
        actor,
        NewAuthorization(
            client_id=client.id,
            client_epoch=client.epoch,
            client_name=client.name,
            grant_type=GrantType.DEVICE_CODE,
            scope=row.scope,
            user=replace(access_state.authentication_of(user_session), session_id=None, sid=""),
            request={"resource": row.audience.split()} if row.audience else {},
        ),
    )
    device_authorizations.grant(db, row, authorization)
    return True


def deny(db: Session, row: DeviceAuthorization) -> bool:
    """Deny the request of the device; return False if it was already decided or has expired."""
    return device_authorizations.decide(db, row, DeviceState.DENIED)
