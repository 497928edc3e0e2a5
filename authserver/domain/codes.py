"""Authorization codes: made at consent, redeemed once, kept as tombstones so that a replay is recognised (S5, S6)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, LargeBinary, Row, String, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain import handles, standing
from authserver.domain.authorizations import Authorization
from authserver.domain.clients import Client
from authserver.domain.db import Base, Id
from authserver.domain.handles import Handle
from authserver.domain.tokens import Issuance
from authserver.settings import Settings
from authserver.terms import Prefix


class Code(Base):
    """One authorization code. ``redirect_uri`` is empty when the request named none: the authorization then keeps it."""

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


FIND = standing.under_authorization(
    select(
        *standing.CLIENT,
        *standing.STANDING,
        *standing.USER,
        Code.id.label("code_id"),
        Code.digest,
        Code.redirect_uri,
        Code.code_challenge,
        Code.expires_at,
        Code.consumed_at,
        *standing.GRANTED,
    ),
    Client.__table__.outerjoin(Code.__table__, Code.id == bindparam("code_id")).outerjoin(
        Authorization.__table__, Authorization.id == Code.authorization_id
    ),
).where(Client.client_key == bindparam("client_key"))

REDEEM = Issuance(
    update(Code)
    .where(Code.id == bindparam("code_id"), Code.consumed_at.is_(None))
    .values(consumed_at=bindparam("now"))
    .returning(Code.authorization_id)
)


def add(
    session: Session,
    settings: Settings,
    authorization: Authorization,
    *,
    redirect_uri: str,
    code_challenge: str,
) -> str:
    """Make a code for an authorization and return it."""
    secret = handles.new_secret()
    row = Code(
        digest=handles.digest(secret),
        authorization_id=authorization.id,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        expires_at=clock.now() + settings.code_lifetime,
    )
    session.add(row)
    session.flush()
    return handles.write(Prefix.CODE, row.id, secret)


def find(connection: Connection, client_key: str, handle: Handle | None) -> Row[Any] | None:
    """Return the client of that key and, beside it, the code, its authorization and user, in one round trip."""
    parameters = {"client_key": client_key, "code_id": handle.id if handle else 0}
    return connection.execute(FIND, parameters).one_or_none()
