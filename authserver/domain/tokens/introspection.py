"""The SQL statements of introspection and revocation.

Each statement reads the calling client, and a token with its authorization and the client that it was issued to.
"""

from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select
from sqlalchemy.sql.selectable import FromClause

from authserver.domain import access_state, client_cache
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients.clients import Client
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.tokens.refresh_tokens import PresentedRefreshToken
from authserver.domain.tokens.tokens import REFRESH_COLUMNS, AccessToken, RefreshTokenFamily

_CALLER = Client.__table__.alias("caller")
_CALLER_COLUMNS = (
    _CALLER.c.id.label("caller_id"),
    client_cache.revision_of(_CALLER.c).label("caller_revision"),
    _CALLER.c.status.label("caller_status"),
    _CALLER.c.epoch.label("caller_epoch"),
)
_GRANTED = (
    *access_state.CLIENT_COLUMNS,
    *access_state.STATE_COLUMNS,
    *access_state.USER_COLUMNS,
    Authorization.id.label("authorization_id"),
    Authorization.auth_time,
    Authorization.acr,
    Authorization.amr,
    Authorization.request,
)


def _with_caller(token: type[AccessToken] | type[RefreshTokenFamily], *columns: Any) -> Select[Any]:
    source: FromClause = (
        _CALLER.outerjoin(token.__table__, token.id == bindparam("token_id"))
        .outerjoin(Authorization.__table__, Authorization.id == token.authorization_id)
        .outerjoin(Client.__table__, Client.id == Authorization.client_id)
    )
    statement = select(*_CALLER_COLUMNS, *_GRANTED, *columns)
    return access_state.join_user_and_session(statement, source).where(
        _CALLER.c.client_key == bindparam("client_key")
    )


_ACCESS = _with_caller(
    AccessToken,
    AccessToken.digest,
    AccessToken.scope,
    AccessToken.audience,
    AccessToken.issued_at,
    AccessToken.expires_at,
    AccessToken.revoked_at,
)
_REFRESH = _with_caller(RefreshTokenFamily, *REFRESH_COLUMNS, Authorization.scope)


def find_access_token(connection: Connection, client_key: str, token: OpaqueToken | None) -> Row[Any] | None:
    """Return the calling client and, if there is one, the access token, in one round trip.

    Return None if the client does not exist.
    """
    parameters = {"client_key": client_key, "token_id": token.id if token else 0}
    return connection.execute(_ACCESS, parameters).one_or_none()


def find_refresh_token(
    connection: Connection, client_key: str, presented: PresentedRefreshToken
) -> Row[Any] | None:
    """Return the calling client and, if there is one, the refresh token family, in one round trip.

    Return None if the client does not exist.
    """
    parameters = {"client_key": client_key, "token_id": presented.family_id}
    return connection.execute(_REFRESH, parameters).one_or_none()
