"""Device authorizations (RFC 8628): a device shows a user code, and the user allows the request in a browser.

The device code is an opaque token. The user code has only 34 bits, so the row contains a keyed digest of it, which
cannot be brute-forced without the key. Every change of state is a conditional update (S5). Rows are kept for a while
after they have expired, so that a replay is recognized (S6).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, ForeignKey, LargeBinary, Row, String, bindparam, case, select, update
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from authserver import clock
from authserver.domain import access_state, client_cache, opaque_tokens, typed_codes
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients.clients import Client
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.orm import Base, Id, delete_expired
from authserver.domain.tokens.tokens import IssueStatement
from authserver.domain.vault import Vault
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix

USER_CODE_LENGTH = 8
SLOW_DOWN_SECONDS = 5
_PURPOSE = "user-code"
_MAX_ATTEMPTS = 5
KEPT = timedelta(hours=1)
"""How long an expired row is kept, so that a replay is recognized."""

# Network delays vary. A device that polls exactly at the interval must not get slow_down because of them.
_EARLY = timedelta(milliseconds=500)


class DeviceState(StrEnum):
    """The state of a device authorization."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    CONSUMED = "consumed"


class DeviceAuthorization(Base):
    """One device authorization. ``confirmation`` is the digest of a secret in the HTML form on the confirmation page.

    ``client_epoch`` is None in rows written by an older version, which may run at the same time as this one.
    ``audience`` contains the requested resources, separated by spaces. It is empty if the tokens are only for this
    server.
    """

    __tablename__ = "device_authorizations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    user_code_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    client_epoch: Mapped[int | None]
    scope: Mapped[str] = mapped_column(String(4000))
    audience: Mapped[str] = mapped_column(String(4000), default="", server_default="")
    address: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10), default=DeviceState.PENDING)
    interval: Mapped[int]
    polled_at: Mapped[datetime | None]
    shown_session_id: Mapped[int | None] = mapped_column(Id)
    shown_revision: Mapped[int | None]
    confirmation: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    authorization_id: Mapped[int | None] = mapped_column(
        ForeignKey("authorizations.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    client: Mapped[Client] = relationship(lazy="raise")


class IssuedDeviceCodes(NamedTuple):
    """The device code and the user code of a new device authorization."""

    device_code: str
    user_code: str


FIND = access_state.join_user_and_session(
    select(
        *access_state.CLIENT_COLUMNS,
        *access_state.STATE_COLUMNS,
        *access_state.USER_COLUMNS,
        DeviceAuthorization.id.label("device_id"),
        DeviceAuthorization.digest,
        DeviceAuthorization.client_id.label("owner_id"),
        DeviceAuthorization.state,
        DeviceAuthorization.interval,
        DeviceAuthorization.polled_at,
        DeviceAuthorization.expires_at,
        DeviceAuthorization.client_epoch.label("requested_client_epoch"),
        Authorization.id.label("authorization_id"),
        Authorization.scope,
        Authorization.auth_time,
        Authorization.acr,
        Authorization.amr,
        Authorization.sid,
        Authorization.request,
    ),
    Client.__table__.outerjoin(
        DeviceAuthorization.__table__, DeviceAuthorization.id == bindparam("device_id")
    ).outerjoin(Authorization.__table__, Authorization.id == DeviceAuthorization.authorization_id),
).where(Client.client_key == bindparam("client_key"))

REDEEM = IssueStatement(
    update(DeviceAuthorization)
    .where(
        DeviceAuthorization.id == bindparam("device_id"), DeviceAuthorization.state == DeviceState.APPROVED
    )
    .values(state=DeviceState.CONSUMED)
    .returning(DeviceAuthorization.authorization_id)
)

_IS_IN_TIME = (DeviceAuthorization.interval == bindparam("known_interval")) & (
    DeviceAuthorization.polled_at.is_(None) | (DeviceAuthorization.polled_at <= bindparam("latest"))
)
_POLL = (
    update(DeviceAuthorization)
    .where(DeviceAuthorization.id == bindparam("device_id"), DeviceAuthorization.state == DeviceState.PENDING)
    .values(
        interval=DeviceAuthorization.interval + case((_IS_IN_TIME, 0), else_=SLOW_DOWN_SECONDS),
        polled_at=bindparam("now"),
    )
    .returning(DeviceAuthorization.interval)
)


@dataclass(frozen=True, slots=True)
class NewDeviceAuthorization:
    """The request of a device; ``address`` is the network address of the device."""

    client_id: int
    client_epoch: int
    scope: str
    address: str
    audience: str = ""


def start(db: Session, settings: Settings, vault: Vault, new: NewDeviceAuthorization) -> IssuedDeviceCodes:
    """Store a device authorization and return its codes."""
    secret, now = opaque_tokens.new_secret(), clock.now()
    delete_expired(db, DeviceAuthorization, now - KEPT)
    user_code = _generate_user_code(db, vault)
    row = DeviceAuthorization(
        digest=opaque_tokens.digest(secret),
        user_code_digest=_digest(vault, user_code),
        client_id=new.client_id,
        client_epoch=new.client_epoch,
        scope=new.scope,
        audience=new.audience,
        address=new.address[:64],
        interval=int(settings.device_interval.total_seconds()),
        created_at=now,
        expires_at=now + settings.device_code_lifetime,
    )
    db.add(row)
    db.flush()
    return IssuedDeviceCodes(opaque_tokens.format_token(TokenPrefix.DEVICE_CODE, row.id, secret), user_code)


def find(connection: Connection, client_key: str, device_code: OpaqueToken | None) -> Row[Any] | None:
    """Return the client with that key and, if there is one, the device authorization, in one round trip."""
    parameters = {"client_key": client_key, "device_id": device_code.id if device_code else 0}
    return connection.execute(FIND, parameters).one_or_none()


def authorization_of(db: Session, device_id: int) -> int | None:
    """Return the id of the authorization that the user granted to the device, or None."""
    return db.scalar(select(DeviceAuthorization.authorization_id).where(DeviceAuthorization.id == device_id))


def poll(connection: Connection, row: Row[Any]) -> bool:
    """Record a poll of a pending device authorization. If it was too early, return False and increase the interval."""
    now = clock.now()
    latest = now - timedelta(seconds=row.interval) + _EARLY
    values = {"device_id": row.device_id, "known_interval": row.interval, "latest": latest, "now": now}
    return bool(connection.execute(_POLL, values).scalar_one_or_none() == row.interval)


def normalize_user_code(typed: str) -> str:
    """Return a typed user code in normal form (uppercase letters only), or an empty string if it cannot be one."""
    return typed_codes.normalize_code(typed, USER_CODE_LENGTH)


def find_pending(db: Session, vault: Vault, user_code: str) -> DeviceAuthorization | None:
    """Return the pending device authorization with that user code in normal form, with its client, or None."""
    if not user_code:
        return None
    row = db.scalars(
        select(DeviceAuthorization)
        .options(joinedload(DeviceAuthorization.client))
        .where(DeviceAuthorization.user_code_digest == _digest(vault, user_code))
    ).one_or_none()
    return row if row is not None and _is_pending(row) else None


def record_shown(db: Session, row: DeviceAuthorization, session_id: int) -> str:
    """Record that the session sees the confirmation page, and return the secret for the HTML form on this page.

    The request can be allowed or denied only with this form and in this user session (S12).
    """
    secret = opaque_tokens.new_secret()
    row.shown_session_id = session_id
    row.shown_revision = client_cache.current_revision(db, row.client)
    row.confirmation = opaque_tokens.digest(secret)
    return opaque_tokens.format_token(TokenPrefix.DEVICE_CONFIRMATION, row.id, secret)


def find_shown(db: Session, confirmation: str | None, session_id: int) -> DeviceAuthorization | None:
    """Return the pending device authorization of a confirmation page that this session saw, or None.

    Also return None if the client has changed since the page was shown.
    """
    row = _of_confirmation(db, confirmation, session_id)
    if row is None or not _is_pending(row):
        return None
    return row if row.shown_revision == client_cache.current_revision(db, row.client) else None


def find_decided(db: Session, confirmation: str | None, session_id: int) -> DeviceAuthorization | None:
    """Return the device authorization that this session has already allowed or denied, or None after it has expired."""
    row = _of_confirmation(db, confirmation, session_id)
    return (
        row if row is not None and row.state != DeviceState.PENDING and row.expires_at > clock.now() else None
    )


def decide(db: Session, row: DeviceAuthorization, state: DeviceState) -> bool:
    """Store that the user allowed or denied a pending device authorization; return True exactly once.

    If the user allowed it, call ``grant`` in the same transaction.
    """
    decided = db.execute(
        update(DeviceAuthorization)
        .where(
            DeviceAuthorization.id == row.id,
            DeviceAuthorization.state == DeviceState.PENDING,
            DeviceAuthorization.expires_at > clock.now(),
        )
        .values(state=state)
        .returning(DeviceAuthorization.id)
        .execution_options(synchronize_session=False)
    )
    return decided.one_or_none() is not None


def grant(db: Session, row: DeviceAuthorization, authorization: Authorization) -> None:
    """Store the authorization under which the device gets its tokens after the user has allowed the request."""
    db.execute(
        update(DeviceAuthorization)
        .where(DeviceAuthorization.id == row.id)
        .values(authorization_id=authorization.id)
        .execution_options(synchronize_session=False)
    )


def _of_confirmation(db: Session, confirmation: str | None, session_id: int) -> DeviceAuthorization | None:
    token = opaque_tokens.parse_token(TokenPrefix.DEVICE_CONFIRMATION, confirmation)
    if token is None:
        return None
    # Reload the row: another request may have decided since this one read it.
    row = db.get(
        DeviceAuthorization,
        token.id,
        options=[joinedload(DeviceAuthorization.client)],
        populate_existing=True,
    )
    if (
        row is None
        or not opaque_tokens.matches(token, row.confirmation)
        or row.shown_session_id != session_id
    ):
        return None
    return row


def _is_pending(row: DeviceAuthorization) -> bool:
    return row.state == DeviceState.PENDING and row.expires_at > clock.now()


def _generate_user_code(db: Session, vault: Vault) -> str:
    for _ in range(_MAX_ATTEMPTS):
        code = typed_codes.generate_code(USER_CODE_LENGTH)
        taken = select(DeviceAuthorization.id).where(
            DeviceAuthorization.user_code_digest == _digest(vault, code)
        )
        if db.scalar(taken) is None:
            return code
    raise RuntimeError("All generated user codes are in use.")


def _digest(vault: Vault, code: str) -> bytes:
    return vault.mac(_PURPOSE, code.encode())
