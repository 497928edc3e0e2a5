"""What introspection and revocation read: the client that asks and, beside it, a token with all that decides about it."""

from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select
from sqlalchemy.sql.selectable import FromClause

from authserver.domain import policies, standing
from authserver.domain.authorizations import Authorization
from authserver.domain.clients import Client
from authserver.domain.handles import Handle
from authserver.domain.refresh_values import Presented
from authserver.domain.tokens import AccessToken, RefreshToken

_CALLER = Client.__table__.alias("caller")
_CALLER_COLUMNS = (
    _CALLER.c.id.label("caller_id"),
    policies.revision_of(_CALLER.c).label("caller_revision"),
    _CALLER.c.status.label("caller_status"),
    _CALLER.c.epoch.label("caller_epoch"),
)
_GRANTED = (
    *standing.CLIENT,
    *standing.STANDING,
    *standing.USER,
    Authorization.id.label("authorization_id"),
    Authorization.auth_time,
    Authorization.acr,
    Authorization.amr,
    Authorization.request,
)


def _beside_caller(token: type[AccessToken] | type[RefreshToken], *columns: Any) -> Select[Any]:
    source: FromClause = (
        _CALLER.outerjoin(token.__table__, token.id == bindparam("token_id"))
        .outerjoin(Authorization.__table__, Authorization.id == token.authorization_id)
        .outerjoin(Client.__table__, Client.id == Authorization.client_id)
    )
    statement = select(*_CALLER_COLUMNS, *_GRANTED, *columns)
    return standing.under_authorization(statement, source).where(
        _CALLER.c.client_key == bindparam("client_key")
    )


_ACCESS = _beside_caller(
    AccessToken,
    AccessToken.digest,
    AccessToken.scope,
    AccessToken.audience,
    AccessToken.issued_at,
    AccessToken.expires_at,
    AccessToken.revoked_at,
)
_REFRESH = _beside_caller(
    RefreshToken,
    RefreshToken.seed,
    RefreshToken.pepper_id,
    RefreshToken.generation,
    RefreshToken.rotated_at,
    RefreshToken.idle_expires_at,
    RefreshToken.expires_at,
    Authorization.scope,
)


def find_access(connection: Connection, client_key: str, handle: Handle | None) -> Row[Any] | None:
    """Return the client that asks and the access token, in one round trip; None when the client is not known."""
    parameters = {"client_key": client_key, "token_id": handle.id if handle else 0}
    return connection.execute(_ACCESS, parameters).one_or_none()


def find_refresh(connection: Connection, client_key: str, presented: Presented) -> Row[Any] | None:
    """Return the client that asks and the family of refresh tokens, in one round trip."""
    parameters = {"client_key": client_key, "token_id": presented.family_id}
    return connection.execute(_REFRESH, parameters).one_or_none()
