"""Authorization codes. Each is redeemed once, and then kept for a while, so that a replay is recognized (S5, S6)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, LargeBinary, Row, String, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain import access_state, opaque_tokens
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients.clients import Client
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.orm import Base, Id
from authserver.domain.tokens.tokens import IssueStatement
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix


class Code(Base):
    """One authorization code.

    ``redirect_uri`` is empty if the request omitted it. In this case the authorization contains the URI that was used.
    """

    __tablename__ = "codes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    authorization_id: Mapped[int] = mapped_column(
        ForeignKey("authorizations.id", ondelete="CASCADE"), index=True
    )
    redirect_uri: Mapped[str] = mapped_column(String(2000))
    code_challenge: Mapped[str] = mapped_column(String(128))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    consumed_at: Mapped[datetime | None]


FIND = access_state.join_user_and_session(
    select(
        *access_state.CLIENT_COLUMNS,
        *access_state.STATE_COLUMNS,
        *access_state.USER_COLUMNS,
        Code.id.label("code_id"),
        Code.digest,
        Code.redirect_uri,
        Code.code_challenge,
        Code.expires_at,
        Code.consumed_at,
        *access_state.GRANT_COLUMNS,
    ),
    Client.__table__.outerjoin(Code.__table__, Code.id == bindparam("code_id")).outerjoin(
        Authorization.__table__, Authorization.id == Code.authorization_id
    ),
).where(Client.client_key == bindparam("client_key"))

REDEEM = IssueStatement(
    update(Code)
    .where(Code.id == bindparam("code_id"), Code.consumed_at.is_(None))
    .values(consumed_at=bindparam("now"))
    .returning(Code.authorization_id)
)


def add(
    db: Session,
    settings: Settings,
    authorization: Authorization,
    *,
    redirect_uri: str,
    code_challenge: str,
) -> str:
    """Add a code for an authorization and return its value."""
    secret = opaque_tokens.new_secret()
    row = Code(
        digest=opaque_tokens.digest(secret),
        authorization_id=authorization.id,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        expires_at=clock.now() + settings.code_lifetime,
    )
    db.add(row)
    db.flush()
    return opaque_tokens.format_token(TokenPrefix.CODE, row.id, secret)


def find(connection: Connection, client_key: str, code: OpaqueToken | None) -> Row[Any] | None:
    """Return the client with that key and, if there is one, the code with its authorization and user.

    This takes one round trip.
    """
    parameters = {"client_key": client_key, "code_id": code.id if code else 0}
    return connection.execute(FIND, parameters).one_or_none()
