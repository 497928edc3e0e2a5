"""The state that access depends on: client, user, authorization and user session.

Every database statement that serves a request reads this state with the columns and joins defined here, so that no
endpoint omits a part of it. ``protocol.access`` makes the access check with it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Label, Row, Select, bindparam, case, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import FromClause

from authserver import clock
from authserver.domain import client_cache, user_sessions
from authserver.domain.authorizations.authorizations import Authorization, UserAuthentication
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients.clients import OBSERVED_SIGN_INS, Client
from authserver.domain.user_sessions import UserSession
from authserver.domain.users.users import User
from authserver.settings import Settings


class UserFacts(NamedTuple):
    """The data about a user that tokens and userinfo contain."""

    id: int
    subject: str
    username: str
    name: str
    email: str
    email_verified: bool
    profile: Mapping[str, Any]
    updated_at: datetime
    attributes: Mapping[str, Any]
    group_names: Sequence[str]


def facts_of_user(user: User) -> UserFacts:
    """Return the data of a loaded user."""
    return UserFacts(*(getattr(user, name) for name in UserFacts._fields))


def authentication_of(user_session: UserSession) -> UserAuthentication:
    """Return the authentication data for a new authorization that is bound to the user session."""
    return UserAuthentication(
        user_id=user_session.user_id,
        user_epoch=user_session.user_epoch,
        auth_time=user_session.signed_in_at,
        acr=user_session.acr,
        amr=user_session.amr,
        session_id=user_session.id,
        sid=user_session.sid,
    )


class CallingClient(NamedTuple):
    """The client that sent a request: its id, the revision of its registration, its status and its epoch."""

    id: int
    revision: int
    status: str
    epoch: int


class AccessState(NamedTuple):
    """The values that the access check compares. A field is None if there is no authorization, user or session."""

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
    user_groups: Sequence[str] | None
    session_expires_at: datetime | None


_COMPARED: tuple[Any, ...] = (
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
    User.group_names.label("s_user_groups"),
)

_SESSION_EXPIRY: tuple[Any, ...] = (
    UserSession.expires_at.label("s_session_expires_at"),
    UserSession.seen_at.label("s_session_seen_at"),
    UserSession.is_remembered.label("s_session_is_remembered"),
)

STATE_COLUMNS: tuple[Any, ...] = (*_COMPARED, *_SESSION_EXPIRY)
"""The columns from which ``access_state_of`` computes the access state of an authorization."""

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
"""The columns that a grant reads from the authorization behind a code, device code or refresh token."""

USER_COLUMNS: tuple[Any, ...] = (
    User.id.label("u_id"),
    User.subject.label("u_subject"),
    User.username.label("u_username"),
    User.name.label("u_name"),
    User.email.label("u_email"),
    User.email_verified.label("u_email_verified"),
    User.profile.label("u_profile"),
    User.updated_at.label("u_updated_at"),
    User.attributes.label("u_attributes"),
    User.group_names.label("u_group_names"),
)

CLIENT_COLUMNS: tuple[Label[Any], ...] = (
    Client.id.label("c_id"),
    Client.client_key.label("c_key"),
    client_cache.revision_of(Client).label("c_revision"),
)


_FROM_AUTHORIZATION = ("s_grant_type", "owner_id", "request")
_CLIENT = ("c_id", "c_revision", "s_client_status", "s_client_epoch")
_CALLER = ("caller_id", "caller_revision", "caller_status", "caller_epoch")

_FIND_CLIENT: Select[Any] = select(
    *CLIENT_COLUMNS, Client.status.label("s_client_status"), Client.epoch.label("s_client_epoch")
).where(Client.client_key == bindparam("client_key"))


def find_client(connection: Connection, client_key: str) -> Row[Any] | None:
    """Return the id, key, revision, status and epoch of the client with that key, or None."""
    return connection.execute(_FIND_CLIENT, {"client_key": client_key}).one_or_none()


def record_sign_in(
    db: Session, client: RegisteredClient, user_session: UserSession, *, uses_pkce: bool | None = None
) -> int | None:
    """Record a sign-in to a client and return the client's epoch. The client's row stays locked until the commit.

    Return None if the client, the defined scopes, the user or the session has changed since this request read them, or if
    the session lacks the second factor of its user. ``uses_pkce`` says whether the sign-in has a code challenge; None does
    not count the sign-in.

    Call this before any other write: the client must be locked before the audit trail. Decisions of administrators take
    the locks in the same order, which prevents deadlocks.
    """
    is_unchanged = (
        select(UserSession.id)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.id == user_session.id, UserSession.ended_at.is_(None))
        .where(User.is_active, User.epoch == user_session.user_epoch)
        .where(user_sessions.has_required_factors())
    )
    return db.scalar(
        update(Client)
        .where(
            Client.id == client.id, client_cache.revision_of(Client) == client.revision, is_unchanged.exists()
        )
        .values(last_sign_in_at=clock.now(), **_observed_pkce(uses_pkce))
        .returning(Client.epoch)
        .execution_options(synchronize_session=False)
    )


def _observed_pkce(uses_pkce: bool | None) -> dict[str, Any]:
    if uses_pkce is None:
        return {}
    count = case(
        (Client.pkce_sign_ins.is_(None), 1),
        (Client.pkce_sign_ins < OBSERVED_SIGN_INS, Client.pkce_sign_ins + 1),
        else_=OBSERVED_SIGN_INS,
    )
    return {"pkce_sign_ins": count if uses_pkce else 0}


def access_state_of(row: Row[Any], settings: Settings) -> AccessState:
    """Return the access state in a row. If the row has no authorization columns, return the state of the client alone.

    Raises KeyError if the statement reads an authorization without all STATE_COLUMNS.
    """
    if not any(name in row._mapping for name in _FROM_AUTHORIZATION):
        return state_of_caller(row)
    compared = [row._mapping[column.name] for column in _COMPARED]
    return AccessState._make([*compared, _session_expiry(row, settings)])


def _session_expiry(row: Row[Any], settings: Settings) -> datetime | None:
    expires_at, seen_at, is_remembered = (row._mapping[column.name] for column in _SESSION_EXPIRY)
    return (
        None if expires_at is None else user_sessions.expiry_of(expires_at, seen_at, is_remembered, settings)
    )


def calling_client(row: Row[Any]) -> CallingClient:
    """Return the client that sent the request.

    At introspection and revocation, this can be another client than the one that the token was issued to.
    """
    names = _CALLER if "caller_id" in row._mapping else _CLIENT
    return CallingClient(*(row._mapping[name] for name in names))


def state_of_caller(row: Row[Any]) -> AccessState:
    """Return the state of the client that sent the request, without any authorization."""
    client = calling_client(row)
    return state_of_client(client.status, client.epoch)


def state_of_client(status: str, epoch: int, user: User | None = None) -> AccessState:
    """Return the state of a client, and of a user if there is one, for a request that has no authorization yet."""
    state = AccessState(status, epoch, None, None, None, None, None, None, None, None, None, None)
    return (
        state if user is None else state._replace(user_is_active=user.is_active, user_groups=user.group_names)
    )


def user_facts_of(row: Row[Any]) -> UserFacts | None:
    """Return the user from a row with the USER_COLUMNS, or None if the client acts on its own behalf."""
    if row._mapping["u_id"] is None:
        return None
    return UserFacts(*(row._mapping[column.name] for column in USER_COLUMNS))


def join_user_and_session(statement: Select[Any], source: FromClause) -> Select[Any]:
    """Return the statement, which then selects from ``source`` and the authorization's user and user session.

    ``source`` must contain clients and authorizations.
    """
    joined = source.outerjoin(User.__table__, User.id == Authorization.user_id).outerjoin(
        UserSession.__table__, UserSession.id == Authorization.session_id
    )
    return statement.select_from(joined)
