"""Access tokens and refresh tokens, issued in the same statement that consumes the code or device code (S5).

A refresh token family is one row, which contains the current generation. The token of a generation is derived by HMAC
from random bits of the family. A retry can therefore get the same token again, although no token is stored in clear
text. Reuse of an earlier generation is recognized, although it has no row.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    ForeignKey,
    LargeBinary,
    Row,
    Select,
    String,
    bindparam,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate
from sqlalchemy.types import TypeEngine

from authserver.domain import access_state, opaque_tokens
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients.clients import Client
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.orm import Base, Id, Instant
from authserver.domain.tokens.refresh_tokens import PresentedRefreshToken
from authserver.domain.vault import Vault

_FAMILY_BYTES = 16


class AccessToken(Base):
    """One access token, valid only if its authorization is. ``audience`` is empty if only this server accepts it."""

    __tablename__ = "access_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    authorization_id: Mapped[int] = mapped_column(
        ForeignKey("authorizations.id", ondelete="CASCADE"), index=True
    )
    scope: Mapped[str] = mapped_column(String(4000))
    audience: Mapped[str] = mapped_column(String(4000), default="", server_default="")
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class RefreshTokenFamily(Base):
    """One refresh token family; ``generation`` is the number of the current token."""

    __tablename__ = "refresh_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    seed: Mapped[bytes] = mapped_column(LargeBinary(_FAMILY_BYTES))
    pepper_id: Mapped[str] = mapped_column(String(64))
    authorization_id: Mapped[int] = mapped_column(
        ForeignKey("authorizations.id", ondelete="CASCADE"), index=True
    )
    generation: Mapped[int]
    rotated_at: Mapped[datetime]
    idle_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class IssuedRows(NamedTuple):
    """The row ids of the tokens that one statement issued."""

    authorization_id: int
    access_token_id: int
    refresh_token_id: int | None


def _access_columns(authorization_id: ColumnElement[int]) -> dict[str, ColumnElement[Any]]:
    return {
        "digest": _value("access_digest", LargeBinary(32)),
        "authorization_id": authorization_id,
        "scope": _value("access_scope", String(4000)),
        "audience": _value("access_audience", String(4000)),
        "issued_at": _value("now", Instant()),
        "expires_at": _value("access_expires_at", Instant()),
    }


def _refresh_columns(authorization_id: ColumnElement[int]) -> dict[str, ColumnElement[Any]]:
    return {
        "seed": _value("refresh_seed", LargeBinary(_FAMILY_BYTES)),
        "pepper_id": _value("refresh_pepper_id", String(64)),
        "authorization_id": authorization_id,
        "generation": literal_column("1"),
        "rotated_at": _value("now", Instant()),
        "idle_expires_at": _value("refresh_idle_expires_at", Instant()),
        "expires_at": _value("refresh_expires_at", Instant()),
    }


def _value(name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    # PostgreSQL treats untyped parameters in a SELECT list as text.
    return bindparam(name, type_=kind)


def _insert(record: type[Base], columns: dict[str, ColumnElement[Any]]) -> ReturningInsert[int]:
    return (
        insert(record).from_select(list(columns), select(*columns.values())).returning(record.__table__.c.id)
    )


class IssueStatement:
    """Consumes a record by a conditional update and issues tokens. Does nothing if the update matches no row.

    The update returns the id of the authorization. On PostgreSQL, the update and the inserts are one statement and one
    round trip. On SQLite, which needs no round trips, they are several statements in a transaction.
    """

    def __init__(self, consume: ReturningUpdate[int]) -> None:
        self._consume = consume

    def execute(
        self, connection: Connection, values: dict[str, Any], *, with_refresh: bool = False
    ) -> IssuedRows | None:
        """Consume the record and issue the tokens, or return None if another request has already consumed the record.

        ``values`` has the parameters of the update, ``access_values`` and, with a refresh token, ``refresh_values``.
        """
        if connection.dialect.name == "postgresql":
            row = connection.execute(
                self._with_refresh if with_refresh else self._without_refresh, values
            ).one()
            return None if row[0] is None else IssuedRows(*row)
        authorization_id = connection.execute(self._consume, values).scalar_one_or_none()
        if authorization_id is None:
            return None
        return issue(connection, authorization_id, values, with_refresh=with_refresh)

    @cached_property
    def _with_refresh(self) -> Select[Any]:
        return self._in_one_statement(with_refresh=True)

    @cached_property
    def _without_refresh(self) -> Select[Any]:
        return self._in_one_statement(with_refresh=False)

    def _in_one_statement(self, *, with_refresh: bool) -> Select[Any]:
        consumed = self._consume.cte("consumed")
        authorization_id = consumed.c.authorization_id
        access = _insert(AccessToken, _access_columns(authorization_id)).cte("access")
        refresh: ColumnElement[Any] = null()
        if with_refresh:
            inserted = _insert(RefreshTokenFamily, _refresh_columns(authorization_id)).cte("refresh")
            refresh = select(inserted.c.id).scalar_subquery()
        return select(
            select(authorization_id).scalar_subquery(), select(access.c.id).scalar_subquery(), refresh
        )


_ISSUE_ACCESS = _insert(AccessToken, _access_columns(_value("granted_id", Id)))
_ISSUE_REFRESH = _insert(RefreshTokenFamily, _refresh_columns(_value("granted_id", Id)))

ROTATE = IssueStatement(
    update(RefreshTokenFamily)
    .where(
        RefreshTokenFamily.id == bindparam("family_id"),
        RefreshTokenFamily.generation == bindparam("presented"),
    )
    .values(
        generation=RefreshTokenFamily.generation + 1,
        rotated_at=bindparam("now", type_=Instant()),
        idle_expires_at=bindparam("refresh_idle_expires_at", type_=Instant()),
    )
    .returning(RefreshTokenFamily.authorization_id)
)

FIND_ACCESS = access_state.join_user_and_session(
    select(
        *access_state.CLIENT_COLUMNS,
        *access_state.STATE_COLUMNS,
        *access_state.USER_COLUMNS,
        AccessToken.digest,
        AccessToken.scope,
        AccessToken.audience,
        AccessToken.issued_at,
        AccessToken.expires_at,
        AccessToken.revoked_at,
        Authorization.id.label("authorization_id"),
        Authorization.grant_type,
        Authorization.auth_time,
        Authorization.acr,
        Authorization.request,
    ),
    AccessToken.__table__.join(Authorization.__table__).join(
        Client.__table__, Client.id == Authorization.client_id
    ),
).where(AccessToken.id == bindparam("token_id"))

REFRESH_COLUMNS = (
    RefreshTokenFamily.seed,
    RefreshTokenFamily.pepper_id,
    RefreshTokenFamily.generation,
    RefreshTokenFamily.rotated_at,
    RefreshTokenFamily.idle_expires_at,
    RefreshTokenFamily.expires_at,
)
"""The columns that verify a refresh token and tell whether it has expired."""

_REFRESH_FACTS = (
    RefreshTokenFamily.id.label("family_id"),
    *REFRESH_COLUMNS,
    *access_state.GRANT_COLUMNS,
)

FIND_REFRESH = access_state.join_user_and_session(
    select(
        *access_state.CLIENT_COLUMNS, *access_state.STATE_COLUMNS, *access_state.USER_COLUMNS, *_REFRESH_FACTS
    ),
    Client.__table__.outerjoin(
        RefreshTokenFamily.__table__, RefreshTokenFamily.id == bindparam("family_id")
    ).outerjoin(Authorization.__table__, Authorization.id == RefreshTokenFamily.authorization_id),
).where(Client.client_key == bindparam("client_key"))

REVOKE_ACCESS = (
    update(AccessToken)
    .where(AccessToken.id == bindparam("token_id"), AccessToken.revoked_at.is_(None))
    .values(revoked_at=bindparam("now", type_=Instant()))
)


def access_values(
    digest: bytes, scope: str, now: datetime, expires_at: datetime, audience: str = ""
) -> dict[str, Any]:
    """Return the parameters of a statement that issues an access token."""
    return {
        "access_digest": digest,
        "access_scope": scope,
        "access_audience": audience,
        "now": now,
        "access_expires_at": expires_at,
    }


def digest_of_jwt(digest: bytes) -> bytes:
    """Return the stored digest of a JWT access token. ``digest`` is the digest of the secret in its ``jti``."""
    return hashlib.sha256(digest).digest()


def refresh_values(
    vault: Vault, now: datetime, lifetime: timedelta, idle_lifetime: timedelta
) -> dict[str, Any]:
    """Return the parameters of a statement that issues the first token of a new refresh token family."""
    return {
        "refresh_seed": secrets.token_bytes(_FAMILY_BYTES),
        "refresh_pepper_id": vault.pepper_id,
        "refresh_idle_expires_at": now + idle_lifetime,
        "refresh_expires_at": now + lifetime,
    }


def issue(
    connection: Connection, authorization_id: int, values: dict[str, Any], *, with_refresh: bool = False
) -> IssuedRows:
    """Issue tokens for an authorization that the caller has just added or checked."""
    values = values | {"granted_id": authorization_id}
    access = connection.execute(_ISSUE_ACCESS, values).scalar_one()
    refresh = connection.execute(_ISSUE_REFRESH, values).scalar_one() if with_refresh else None
    return IssuedRows(authorization_id, access, refresh)


def find_access_token(connection: Connection, token: OpaqueToken) -> Row[Any] | None:
    """Return an access token with its client, authorization, user and session, in one round trip."""
    row = connection.execute(FIND_ACCESS, {"token_id": token.id}).one_or_none()
    return row if row is not None and opaque_tokens.matches(token, row.digest) else None


def find_refresh_token(
    connection: Connection, client_key: str, presented: PresentedRefreshToken
) -> Row[Any] | None:
    """Return the client with that key and, if there is one, the family with its authorization, in one round trip."""
    parameters = {"client_key": client_key, "family_id": presented.family_id}
    return connection.execute(FIND_REFRESH, parameters).one_or_none()
