"""Token credentials: the token and secret that a consumer signs its calls with (RFC 5849, section 2.3).

They work only while their authorization passes the access check, which also covers the client and the user.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, LargeBinary, Row, String, bindparam, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from authserver import clock
from authserver.domain import access_state, opaque_tokens
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients.clients import Client
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.orm import Base, Id
from authserver.domain.vault import Vault
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix

_PURPOSE = "token-credential"


class TokenCredential(Base):
    """One pair of token credentials."""

    __tablename__ = "token_credentials"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_secret: Mapped[str] = mapped_column(String(300))
    authorization_id: Mapped[int] = mapped_column(
        ForeignKey("authorizations.id", ondelete="CASCADE"), index=True
    )
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


FIND = access_state.join_user_and_session(
    select(
        *access_state.CLIENT_COLUMNS,
        *access_state.STATE_COLUMNS,
        *access_state.USER_COLUMNS,
        TokenCredential.digest,
        TokenCredential.sealed_secret,
        TokenCredential.expires_at,
        Authorization.id.label("authorization_id"),
        Authorization.client_id.label("owner_id"),
    ),
    Client.__table__.outerjoin(
        TokenCredential.__table__, TokenCredential.id == bindparam("credential_id")
    ).outerjoin(Authorization.__table__, Authorization.id == TokenCredential.authorization_id),
).where(Client.client_key == bindparam("client_key"))


def add(connection: Connection, settings: Settings, vault: Vault, authorization_id: int) -> tuple[str, str]:
    """Add token credentials for an authorization. Return the token and its secret, which is stored encrypted."""
    now = clock.now()
    handle_secret, token_secret = opaque_tokens.new_secret(), opaque_tokens.new_secret()
    values = {
        "digest": opaque_tokens.digest(handle_secret),
        "sealed_secret": vault.seal(_PURPOSE, token_secret.encode()),
        "authorization_id": authorization_id,
        "issued_at": now,
        "expires_at": now + settings.token_credential_lifetime,
    }
    row_id = connection.execute(
        insert(TokenCredential).values(values).returning(TokenCredential.id)
    ).scalar_one()
    return opaque_tokens.format_token(TokenPrefix.TOKEN_CREDENTIAL, row_id, handle_secret), token_secret


def parse_access_token(value: str) -> OpaqueToken | None:
    """Parse a received token; return None if it does not have the format of a token credential."""
    return opaque_tokens.parse_token(TokenPrefix.TOKEN_CREDENTIAL, value)


def find_with_client(connection: Connection, client_key: str, handle: OpaqueToken | None) -> Row[Any] | None:
    """Return the client with that key and, if there is one, the credential with its user and access state.

    This takes one round trip.
    """
    parameters = {"client_key": client_key, "credential_id": handle.id if handle else 0}
    return connection.execute(FIND, parameters).one_or_none()


def reveal(vault: Vault, sealed_secret: str) -> str:
    """Return the decrypted token secret, for verifying signatures."""
    return vault.open(_PURPOSE, sealed_secret).decode()
