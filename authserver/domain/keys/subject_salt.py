"""The salt of pairwise subject identifiers (OpenID Connect Core, section 8.1), generated once and never changed.

The database stores it encrypted. It is separate from the keys that rotate, because a new salt would give every user a
new identifier at each client with pairwise identifiers.
"""

import hashlib
import hmac
import secrets
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver.domain.orm import Base, Id, insert
from authserver.domain.vault import Vault

_PURPOSE = "subject-salt"
_BYTES = 32
_ONLY_ID = 1


class SubjectSalt(Base):
    """The single row that contains the salt."""

    __tablename__ = "subject_salts"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    sealed: Mapped[str] = mapped_column(String(300))


def ensure(transaction: Session | Connection, vault: Vault) -> bytes:
    """Return the salt; the first caller on any node generates it."""
    sealed = transaction.scalar(select(SubjectSalt.sealed))
    if sealed is None:
        generated = vault.seal(_PURPOSE, secrets.token_bytes(_BYTES))
        statement = insert(transaction, SubjectSalt).values(id=_ONLY_ID, sealed=generated)
        transaction.execute(statement.on_conflict_do_nothing())
        sealed = transaction.scalar(select(SubjectSalt.sealed))
    return vault.open(_PURPOSE, str(sealed))


def key_of_sector(salt: bytes, sector: str) -> bytes:
    """Return the key that derives the subject identifiers of one sector."""
    return hmac.digest(salt, sector.encode(), hashlib.sha256)


class SectorClient(Protocol):
    """A client's record, or a row with its columns."""

    @property
    def client_key(self) -> Any: ...
    @property
    def redirect_uris(self) -> Any: ...
    @property
    def details(self) -> Any: ...


def sector_of(client: SectorClient) -> str:
    """Return the sector identifier of a client.

    The sector identifier is the host of the sector identifier URI, or else of the first redirect URI. A URI without a
    host is represented by its scheme. A client without these URIs is represented by its client key.
    """
    uri = client.details.get("sector_identifier_uri") or next(iter(client.redirect_uris), "")
    parts = urlsplit(uri)
    return str(parts.hostname or parts.scheme or client.client_key)
