"""Temporary credentials of an OAuth 1.0a sign-in in progress, until they are exchanged (RFC 5849, section 2).

A row belongs to one client. When a user allows the request, the row is bound to an authorization of this user. The
credential can be exchanged once. The row is kept after the exchange, so that the server can distinguish a second
exchange from an unknown credential.
"""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    ForeignKey,
    LargeBinary,
    Row,
    String,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain import access_state, opaque_tokens
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients.clients import Client
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.orm import ROW_LOCK, Base, Id
from authserver.domain.vault import Vault
from authserver.settings import Settings
from authserver.vocabulary import TokenPrefix

MAX_WRONG_VERIFIERS = 5
_PURPOSE = "temporary-credential"


class TemporaryCredential(Base):
    """One pair of temporary credentials. ``callback`` is empty if the consumer uses OAuth Core 1.0."""

    __tablename__ = "temporary_credentials"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_secret: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    client_epoch: Mapped[int]
    callback: Mapped[str] = mapped_column(String(2000))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    authorization_id: Mapped[int | None] = mapped_column(
        ForeignKey("authorizations.id", ondelete="CASCADE"), index=True
    )
    verifier_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    wrong_verifiers: Mapped[int] = mapped_column(default=0)
    denied_at: Mapped[datetime | None] = mapped_column("refused_at")
    consumed_at: Mapped[datetime | None]

    @property
    def is_1_0(self) -> bool:
        """Whether this sign-in uses OAuth Core 1.0, as decided when the credential was issued."""
        return not self.callback

    @property
    def is_open(self) -> bool:
        """Whether a user can still allow or deny the request."""
        decided = self.authorization_id is not None or self.denied_at is not None
        return not decided and self.consumed_at is None and self.expires_at > clock.now()


FIND = access_state.join_user_and_session(
    select(
        *access_state.CLIENT_COLUMNS,
        *access_state.STATE_COLUMNS,
        TemporaryCredential.id.label("credential_id"),
        TemporaryCredential.digest,
        TemporaryCredential.sealed_secret,
        TemporaryCredential.client_id.label("owner_id"),
        TemporaryCredential.client_epoch.label("issued_client_epoch"),
        TemporaryCredential.callback,
        TemporaryCredential.expires_at,
        TemporaryCredential.authorization_id,
        TemporaryCredential.verifier_digest,
        TemporaryCredential.wrong_verifiers,
        TemporaryCredential.denied_at.label("denied_at"),
        TemporaryCredential.consumed_at,
    ),
    Client.__table__.outerjoin(
        TemporaryCredential.__table__, TemporaryCredential.id == bindparam("credential_id")
    ).outerjoin(Authorization.__table__, Authorization.id == TemporaryCredential.authorization_id),
).where(Client.client_key == bindparam("client_key"))


def add(
    connection: Connection,
    settings: Settings,
    vault: Vault,
    *,
    client_id: int,
    client_epoch: int,
    callback: str,
) -> tuple[str, str]:
    """Add temporary credentials. Return the token and its secret, which is stored encrypted."""
    now = clock.now()
    handle_secret, token_secret = opaque_tokens.new_secret(), opaque_tokens.new_secret()
    values = {
        "digest": opaque_tokens.digest(handle_secret),
        "sealed_secret": vault.seal(_PURPOSE, token_secret.encode()),
        "client_id": client_id,
        "client_epoch": client_epoch,
        "callback": callback,
        "created_at": now,
        "expires_at": now + settings.temporary_credential_lifetime,
        "wrong_verifiers": 0,
    }
    row_id = connection.execute(
        insert(TemporaryCredential).values(values).returning(TemporaryCredential.id)
    ).scalar_one()
    return opaque_tokens.format_token(TokenPrefix.TEMPORARY_CREDENTIAL, row_id, handle_secret), token_secret


def parse_temporary_token(value: str) -> OpaqueToken | None:
    """Parse a received token; return None if it does not have the format of a temporary credential."""
    return opaque_tokens.parse_token(TokenPrefix.TEMPORARY_CREDENTIAL, value)


def find_with_client(connection: Connection, client_key: str, handle: OpaqueToken | None) -> Row[Any] | None:
    """Return the client with that key and, if there is one, the credential with its access state, in one round trip."""
    parameters = {"client_key": client_key, "credential_id": handle.id if handle else 0}
    return connection.execute(FIND, parameters).one_or_none()


def find(db: Session, token: str) -> TemporaryCredential | None:
    """Return the credential of a token, or None. The pages on which a user allows or denies the request call this."""
    handle = parse_temporary_token(token)
    row = db.get(TemporaryCredential, handle.id) if handle else None
    return row if handle and row and opaque_tokens.matches(handle, row.digest) else None


def reveal(vault: Vault, sealed_secret: str) -> str:
    """Return the decrypted token secret, for verifying signatures."""
    return vault.open(_PURPOSE, sealed_secret).decode()


def lock(db: Session, row: TemporaryCredential) -> None:
    """Lock the row of the credential, before other rows that its decision changes (see ``domain.lock_order``)."""
    db.execute(
        select(TemporaryCredential.id).where(TemporaryCredential.id == row.id).with_for_update(**ROW_LOCK)
    )


def allow(db: Session, row: TemporaryCredential, authorization_id: int, verifier: str) -> bool:
    """Bind the credential to the authorization of the user who allowed the request; return True exactly once."""
    return _decide(db, row, authorization_id=authorization_id, verifier_digest=_digest(verifier))


def reissue_verifier(db: Session, row: TemporaryCredential, verifier: str) -> bool:
    """Replace the verifier of an allowed credential, for a browser that did not receive the first response.

    Return False if the credential was already exchanged or has expired.
    """
    changed = db.execute(
        update(TemporaryCredential)
        .where(
            TemporaryCredential.id == row.id,
            TemporaryCredential.authorization_id.is_not(None),
            TemporaryCredential.consumed_at.is_(None),
            TemporaryCredential.expires_at > clock.now(),
        )
        .values(verifier_digest=_digest(verifier))
        .returning(TemporaryCredential.id)
        .execution_options(synchronize_session=False)
    )
    return changed.one_or_none() is not None


def deny(db: Session, row: TemporaryCredential) -> bool:
    """Record that the user denied the request; return True exactly once."""
    return _decide(db, row, denied_at=clock.now())


def matches_verifier(verifier: str, verifier_digest: bytes | None) -> bool:
    """Return whether a verifier is the issued one. If it was typed, case and grouping do not matter."""
    return opaque_tokens.matches(OpaqueToken(0, _digest(verifier)), verifier_digest)


def count_wrong_verifier(connection: Connection, credential_id: int) -> None:
    """Count a wrong verifier. After ``MAX_WRONG_VERIFIERS``, the credential can no longer be exchanged."""
    connection.execute(
        update(TemporaryCredential)
        .where(TemporaryCredential.id == credential_id)
        .values(wrong_verifiers=TemporaryCredential.wrong_verifiers + 1)
    )


def consume(connection: Connection, credential_id: int) -> int | None:
    """Consume an allowed credential. Return the id of its authorization exactly once, otherwise None."""
    now = clock.now()
    return connection.execute(
        update(TemporaryCredential)
        .where(
            TemporaryCredential.id == credential_id,
            TemporaryCredential.authorization_id.is_not(None),
            TemporaryCredential.denied_at.is_(None),
            TemporaryCredential.consumed_at.is_(None),
            TemporaryCredential.wrong_verifiers < MAX_WRONG_VERIFIERS,
            TemporaryCredential.expires_at > now,
        )
        .values(consumed_at=now)
        .returning(TemporaryCredential.authorization_id)
    ).scalar_one_or_none()


def _decide(db: Session, row: TemporaryCredential, **values: Any) -> bool:
    changed = db.execute(
        update(TemporaryCredential)
        .where(
            TemporaryCredential.id == row.id,
            TemporaryCredential.authorization_id.is_(None),
            TemporaryCredential.denied_at.is_(None),
            TemporaryCredential.consumed_at.is_(None),
            TemporaryCredential.expires_at > clock.now(),
        )
        .values(**values)
        .returning(TemporaryCredential.id)
        .execution_options(synchronize_session=False)
    )
    return changed.one_or_none() is not None


def _digest(verifier: str) -> bytes:
    # A user may have typed the verifier, so ignore the case and the grouping that the page shows.
    typed = re.fullmatch(r"[A-Za-z]{4}([ -]?)[A-Za-z]{4}\1[A-Za-z]{4}", verifier.strip())
    return opaque_tokens.digest(re.sub("[ -]", "", verifier.strip()).upper() if typed else verifier)
