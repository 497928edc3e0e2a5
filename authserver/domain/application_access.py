"""Lists of the access that clients have to user accounts, for the account pages and the console.

When a token is used, ``protocol.access`` decides whether it works.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.authorizations.consents import Consent
from authserver.domain.clients.clients import Client
from authserver.domain.users.users import User


def count(db: Session, *clients: Client) -> int:
    """Return the number of valid authorizations of the clients."""
    rows = select(func.count()).select_from(Authorization).join(Client, Client.id == Authorization.client_id)
    return db.scalar(rows.where(Client.id.in_([client.id for client in clients]), _is_valid())) or 0


class ApplicationAccess(NamedTuple):
    """The access of a client to an account, for one grant type and scope. ``at`` is the time of the latest grant."""

    client: Client
    grant_type: str
    scope: str
    at: datetime


def access_of_user(db: Session, user_id: int) -> list[ApplicationAccess]:
    """Return the access that the valid authorizations of a user grant to clients."""
    latest = func.max(Authorization.created_at, type_=Authorization.created_at.type)
    rows = db.execute(
        select(Client, Authorization.grant_type, Authorization.scope, latest)
        .join(Authorization, Authorization.client_id == Client.id)
        .where(Authorization.user_id == user_id, _is_valid())
        .group_by(Client.id, Authorization.grant_type, Authorization.scope)
    )
    return [ApplicationAccess(*row) for row in rows]


def clients_of_user(db: Session, user_id: int) -> list[tuple[Client, datetime]]:
    """Return the clients with valid authorizations of a user, sorted by name, with the time of the latest one."""
    latest: dict[Client, datetime] = {}
    for access in access_of_user(db, user_id):
        latest[access.client] = max(access.at, latest.get(access.client, access.at))
    return sorted(latest.items(), key=lambda pair: pair[0].name.lower())


def has_used(db: Session, user_id: int, client_id: int) -> bool:
    """Return whether a user has allowed a client access before, even if the access has ended."""
    records = (
        select(record.id).where(record.user_id == user_id, record.client_id == client_id)
        for record in (Authorization, Consent)
    )
    return db.scalar(select(or_(*(rows.exists() for rows in records)))) is True


def _is_valid() -> ColumnElement[bool]:
    """Return the condition that an authorization is valid; the statement must join the client."""
    same_user = select(User.id).where(
        User.id == Authorization.user_id, User.epoch == Authorization.user_epoch
    )
    return and_(
        Authorization.revoked_at.is_(None),
        Authorization.client_epoch == Client.epoch,
        or_(Authorization.user_id.is_(None), same_user.exists()),
    )
