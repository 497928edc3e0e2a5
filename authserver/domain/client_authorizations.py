"""Authorizations of clients that act on their own behalf (client credentials grant).

Equal requests of a client (same epoch, scope and audience) share one authorization. One audit event therefore covers
all tokens of these requests, and issuing a token does not write to the audit trail.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, update
from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import access_state
from authserver.domain.authorizations import authorizations
from authserver.domain.authorizations.authorizations import Authorization, NewAuthorization
from authserver.domain.clients.clients import Client
from authserver.domain.orm import lock
from authserver.vocabulary import GrantType

_FIND: Select[Any] = (
    select(
        *access_state.CLIENT_COLUMNS,
        Client.status.label("s_client_status"),
        Client.epoch.label("s_client_epoch"),
        Authorization.id.label("authorization_id"),
        Authorization.client_epoch,
        Authorization.scope,
        Authorization.revoked_at,
    )
    .select_from(
        Client.__table__.outerjoin(
            Authorization.__table__,
            (Authorization.client_id == Client.id) & (Authorization.own_key == bindparam("own_key")),
        )
    )
    .where(Client.client_key == bindparam("client_key"))
)


def request_digest(client_key: str, scope: str | None, resources: Sequence[str]) -> bytes:
    """Return the digest that equal requests of a client share. ``scope`` is None if the request omitted it."""
    scopes = None if scope is None else sorted(scope.split())
    return hashlib.sha256(json.dumps([client_key, scopes, sorted(resources)]).encode()).digest()


def find(connection: Connection, client_key: str, own_key: bytes) -> Row[Any] | None:
    """Return the client with that key and, if there is one, the authorization for equal requests, in one round trip."""
    return connection.execute(_FIND, {"client_key": client_key, "own_key": own_key}).one_or_none()


def is_valid(row: Row[Any], scope: str) -> bool:
    """Return whether the authorization that was found is valid and has exactly that scope."""
    return (
        row.authorization_id is not None
        and row.revoked_at is None
        and row.client_epoch == row.s_client_epoch
        and set(row.scope.split()) == set(scope.split())
    )


def renew(
    db: Session, actor: Actor, own_key: bytes, *, client: Row[Any], scope: str, resources: Sequence[str]
) -> int:
    """Return the id of the authorization that equal requests share. If there is no valid one, add it.

    Of several parallel requests, only the first adds it.
    """
    lock(db, f"own-authorization:{client.c_id}")
    found = db.connection().execute(_FIND, {"client_key": client.c_key, "own_key": own_key}).one()
    if is_valid(found, scope):
        return int(found.authorization_id)
    # Existing tokens keep the old authorization; new requests find the new one.
    db.execute(update(Authorization).where(Authorization.own_key == own_key).values(own_key=None))
    row = authorizations.add(
        db,
        actor,
        NewAuthorization(
            client_id=client.c_id,
            client_epoch=client.s_client_epoch,
            client_name=actor.name,
            grant_type=GrantType.CLIENT_CREDENTIALS,
            scope=scope,
            request={"resource": list(resources)} if resources else {},
            own_key=own_key,
        ),
    )
    return row.id
