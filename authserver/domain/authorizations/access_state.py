"""Standing: whether client, user, authorization and session still count, read afresh by every statement that serves.

The gate (``protocol.gate``) judges it. The columns are joined the same way everywhere, so that no endpoint forgets one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Label, Row, Select, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import FromClause

from authserver import clock
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients import client_cache
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.clients.clients import Client
from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.users.users import User


class UserFacts(NamedTuple):
    """What tokens and userinfo say of a person."""

    id: int
    subject: str
    username: str
    name: str
    email: str
    email_verified: bool
    profile: Mapping[str, Any]
    updated_at: datetime


def facts_of_user(person: User) -> UserFacts:
    """Return the same of a record that has been read already."""
    return UserFacts(*(getattr(person, name) for name in UserFacts._fields))


class CallingClient(NamedTuple):
    """The client that a request comes from: who it is, at which revision of its policy, and whether it stands."""

    id: int
    revision: int
    status: str
    epoch: int


class AccessState(NamedTuple):
    """What must hold for anything issued under an authorization to work; None where there is no user or session."""

    client_status: str
    client_epoch: int
    granted_client_epoch: int | None
    user_is_active: bool | None
    user_epoch: int | None
    granted_user_epoch: int | None
    revoked_at: datetime | None
    session_ended_at: datetime | None
    is_offline: bool | None
    grant_type: str | None


STATE_COLUMNS: tuple[Any, ...] = (
    Client.status.label("s_client_status"),
    Client.epoch.label("s_client_epoch"),
    Authorization.client_epoch.label("s_granted_client_epoch"),
    User.is_active.label("s_user_is_active"),
    User.epoch.label("s_user_epoch"),
    Authorization.user_epoch.label("s_granted_user_epoch"),
    Authorization.revoked_at.label("s_revoked_at"),
    UserSession.ended_at.label("s_session_ended_at"),
    Authorization.is_offline.label("s_is_offline"),
    Authorization.grant_type.label("s_grant_type"),
)

GRANT_COLUMNS: tuple[Any, ...] = (
    Authorization.id.label("authorization_id"),
    Authorization.client_id.label("owner_id"),
    Authorization.scope,
    Authorization.auth_time,
    Authorization.acr,
    Authorization.amr,
    Authorization.sid,
    Authorization.request,
)
"""What a grant reads of the authorization behind the thing that it redeems."""

USER_COLUMNS: tuple[Any, ...] = (
    User.id.label("u_id"),
    User.subject.label("u_subject"),
    User.username.label("u_username"),
    User.name.label("u_name"),
    User.email.label("u_email"),
    User.email_verified.label("u_email_verified"),
    User.profile.label("u_profile"),
    User.updated_at.label("u_updated_at"),
)

CLIENT_COLUMNS: tuple[Label[Any], ...] = (
    Client.id.label("c_id"),
    Client.client_key.label("c_key"),
    client_cache.revision_of(Client).label("c_revision"),
)


_CLIENT = ("c_id", "c_revision", "s_client_status", "s_client_epoch")
_CALLER = ("caller_id", "caller_revision", "caller_status", "caller_epoch")

_FIND_CLIENT: Select[Any] = select(
    *CLIENT_COLUMNS, Client.status.label("s_client_status"), Client.epoch.label("s_client_epoch")
).where(Client.client_key == bindparam("client_key"))


def find_client(connection: Connection, client_key: str) -> Row[Any] | None:
    """Return the client of that key with its standing, for ``client_alone``."""
    return connection.execute(_FIND_CLIENT, {"client_key": client_key}).one_or_none()


def record_sign_in(db: Session, client: RegisteredClient, live: UserSession) -> int | None:
    """Note that a person signs in to a client, and return the client's epoch, which nobody raises before this is recorded.

    None where the client, the scopes, the account or the session is not what was read any more. To be called before
    anything is recorded, as an administrator's decision takes the client and the audit trail in this order too.
    """
    stands = (
        select(UserSession.id)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.id == live.id, UserSession.ended_at.is_(None))
        .where(User.is_active, User.epoch == live.user_epoch)
    )
    return db.scalar(
        update(Client)
        .where(Client.id == client.id, client_cache.revision_of(Client) == client.revision, stands.exists())
        .values(last_sign_in_at=clock.now())
        .returning(Client.epoch)
        .execution_options(synchronize_session=False)
    )


def access_state_of(row: Row[Any]) -> AccessState:
    """Return the standing that a statement with the STANDING columns read."""
    return AccessState(*(row._mapping[column.name] for column in STATE_COLUMNS))


def calling_client(row: Row[Any]) -> CallingClient:
    """Return the client that asks: the caller where a statement reads one beside the client that it asks about."""
    names = _CALLER if "caller_id" in row._mapping else _CLIENT
    return CallingClient(*(row._mapping[name] for name in names))


def state_of_caller(row: Row[Any]) -> AccessState:
    """Return the standing of the client that asks only, as if nothing had been granted to it yet."""
    client = calling_client(row)
    return state_of_client(client.status, client.epoch)


def state_of_client(status: str, epoch: int, *, user_is_active: bool | None = None) -> AccessState:
    """Return the standing of a client, and a user if there is one, before there is an authorization."""
    return AccessState(status, epoch, None, user_is_active, None, None, None, None, None, None)


def user_facts_of(row: Row[Any]) -> UserFacts | None:
    """Return the person that a statement with the USER columns read, or None where the client acts for itself."""
    if row._mapping["u_id"] is None:
        return None
    return UserFacts(*(row._mapping[column.name] for column in USER_COLUMNS))


def under_authorization(statement: Select[Any], source: FromClause) -> Select[Any]:
    """Join an authorization's user and session to a source that holds clients and authorizations."""
    joined = source.outerjoin(User.__table__, User.id == Authorization.user_id).outerjoin(
        UserSession.__table__, UserSession.id == Authorization.session_id
    )
    return statement.select_from(joined)
