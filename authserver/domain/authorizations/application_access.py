"""Accesses: what live authorizations let clients do, for the pages that tell people and administrators of it.

Whether a single thing is alive when it is used is decided by ``protocol.gate`` over what ``standing`` reads.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients.clients import Client
from authserver.domain.users.users import User


def count(db: Session, *clients: Client) -> int:
    """Return how many authorizations of clients are alive, for the words of a confirmation."""
    rows = select(func.count()).select_from(Authorization).join(Client, Client.id == Authorization.client_id)
    return db.scalar(rows.where(Client.id.in_([client.id for client in clients]), _is_live())) or 0


class ApplicationAccess(NamedTuple):
    """What one client holds for a user by one way of getting it; ``at`` is when it got so much last."""

    client: Client
    grant_type: str
    scope: str
    at: datetime


def access_of_user(db: Session, user_id: int) -> list[ApplicationAccess]:
    """Return the accesses that live authorizations of a user give."""
    latest = func.max(Authorization.created_at, type_=Authorization.created_at.type)
    rows = db.execute(
        select(Client, Authorization.grant_type, Authorization.scope, latest)
        .join(Authorization, Authorization.client_id == Client.id)
        .where(Authorization.user_id == user_id, _is_live())
        .group_by(Client.id, Authorization.grant_type, Authorization.scope)
    )
    return [ApplicationAccess(*row) for row in rows]


def clients_of_user(db: Session, user_id: int) -> list[tuple[Client, datetime]]:
    """Return the clients that hold live authorizations for a user, by name, with the time of the latest."""
    latest: dict[Client, datetime] = {}
    for held in access_of_user(db, user_id):
        latest[held.client] = max(held.at, latest.get(held.client, held.at))
    return sorted(latest.items(), key=lambda pair: pair[0].name.lower())


def _is_live() -> ColumnElement[bool]:
    """The condition, where the client is joined, that neither client nor user was reset since and nobody revoked it."""
    same_user = select(User.id).where(
        User.id == Authorization.user_id, User.epoch == Authorization.user_epoch
    )
    return and_(
        Authorization.revoked_at.is_(None),
        Authorization.client_epoch == Client.epoch,
        or_(Authorization.user_id.is_(None), same_user.exists()),
    )
