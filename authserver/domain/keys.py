"""Signing keys: published before use, used one at a time, kept until the last token signed with them is over.

A key is *next* (published, not used yet), *active* (signs) or *retired* (published for checking). The ring keeps the
imported key objects in the process: importing one takes a hundred times as long as signing with it.
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from joserfc.jwk import RSAKey
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import SYSTEM, Actor
from authserver.domain import audit
from authserver.domain.db import Base, Database, Id, lock
from authserver.domain.vault import Vault
from authserver.errors import Conflict
from authserver.settings import Settings

DEFAULT_ALGORITHM = "RS256"
PUBLISH_BEFORE_USE = timedelta(hours=1)
_RSA_BITS = 2048
_PURPOSE = "signing-key"
_REREAD_SECONDS = 10


class SigningKey(Base):
    """One key pair; the private part is encrypted with a key that is not in the database."""

    __tablename__ = "signing_keys"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kid: Mapped[str] = mapped_column(String(64), unique=True)
    algorithm: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(8))
    public: Mapped[dict[str, Any]]
    private: Mapped[str] = mapped_column(String(8000))
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Signer:
    """An imported private key, ready to sign."""

    kid: str
    algorithm: str
    key: RSAKey


@dataclass(frozen=True)
class Ring:
    """The keys as one process knows them: who signs, and the JWK set as ready bytes."""

    signers: dict[str, Signer]
    published: dict[str, dict[str, Any]]
    jwks: bytes


class KeyRing:
    """Reads the keys every few seconds, makes the first ones, and imports each private key once."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._ticks = ticks
        self._guard = Lock()
        self._ring: Ring | None = None
        self._read_at = 0.0
        self._imported: dict[str, Signer] = {}

    def current(self) -> Ring:
        """Return the keys, at most a few seconds old."""
        ring = self._ring
        if ring is not None and self._ticks() - self._read_at < _REREAD_SECONDS:
            return ring
        with self._guard:
            if self._ring is None or self._ticks() - self._read_at >= _REREAD_SECONDS:
                self._ring = self._read()
                self._read_at = self._ticks()
            return self._ring

    def forget(self) -> None:
        """Read the keys again when they are next asked for."""
        self._ring = None

    def signer(self, algorithm: str = DEFAULT_ALGORITHM) -> Signer:
        """Return the one active key of an algorithm."""
        return self.current().signers[algorithm]

    def _read(self) -> Ring:
        with self._database.transaction(write=False) as session:
            rows = all_keys(session)
        if not any(row.state == "active" for row in rows):
            with self._database.transaction() as session:
                ensure(session, SYSTEM, self._vault)
                rows = all_keys(session)
        published = {row.kid: row.public for row in rows}
        signers = {row.algorithm: self._import(row) for row in rows if row.state == "active"}
        document = json.dumps({"keys": list(published.values())}, separators=(",", ":"))
        return Ring(signers, published, document.encode())

    def _import(self, row: SigningKey) -> Signer:
        if row.kid not in self._imported:
            key = RSAKey.import_key(self._vault.open(_PURPOSE, row.private).decode())
            self._imported[row.kid] = Signer(row.kid, row.algorithm, key)
        return self._imported[row.kid]


def all_keys(session: Session) -> list[SigningKey]:
    """Return all keys that are published: the active ones first, then the next, then the retired."""
    rows = session.scalars(select(SigningKey).order_by(SigningKey.id.desc()))
    order = {"active": 0, "next": 1, "retired": 2}
    return sorted(rows, key=lambda row: order[row.state])


def ensure(session: Session, actor: Actor, vault: Vault, algorithm: str = DEFAULT_ALGORITHM) -> None:
    """Make an active and a next key where there are none, once over all nodes."""
    lock(session, "signing-keys")
    states = {row.state for row in all_keys(session) if row.algorithm == algorithm}
    for state in ("active", "next"):
        if state not in states:
            _add(session, actor, vault, algorithm, state)


def rotate(
    session: Session,
    actor: Actor,
    vault: Vault,
    algorithm: str = DEFAULT_ALGORITHM,
    *,
    is_urgent: bool = False,
) -> SigningKey:
    """Let the next key sign from now on; raises Conflict when it has not been published for long enough."""
    ensure(session, actor, vault, algorithm)
    rows = {
        row.state: row for row in all_keys(session) if row.algorithm == algorithm and row.state != "retired"
    }
    active, following = rows["active"], rows["next"]
    now = clock.now()
    usable_at = following.created_at + PUBLISH_BEFORE_USE
    if now < usable_at and not is_urgent:
        raise Conflict(
            f"The next key is published since {following.created_at:%H:%M} UTC; clients may not know it yet. "
            f"It can be used from {usable_at:%Y-%m-%d %H:%M} UTC."
        )
    active.state, active.retired_at = "retired", now
    following.state, following.activated_at = "active", now
    _add(session, actor, vault, algorithm, "next")
    audit.record(
        session,
        actor,
        "key:rotate",
        subject=following,
        before={"kid": active.kid},
        after={"kid": following.kid},
    )
    return following


def purge(session: Session, actor: Actor, settings: Settings) -> int:
    """Remove retired keys once the last token signed with them is over; return how many."""
    longest = max(settings.id_token_lifetime, settings.access_token_lifetime) + PUBLISH_BEFORE_USE
    over = [
        row
        for row in all_keys(session)
        if row.retired_at is not None and row.retired_at + longest < clock.now()
    ]
    for row in over:
        audit.record(session, actor, "key:remove", subject=row, before={"kid": row.kid})
        session.delete(row)
    return len(over)


def _add(session: Session, actor: Actor, vault: Vault, algorithm: str, state: str) -> None:
    kid = secrets.token_hex(8)
    key = RSAKey.generate_key(_RSA_BITS)
    public = {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": algorithm}
    now = clock.now()
    row = SigningKey(
        kid=kid,
        algorithm=algorithm,
        state=state,
        public=public,
        private=vault.seal(_PURPOSE, key.as_pem(private=True)),
        created_at=now,
        activated_at=now if state == "active" else None,
    )
    session.add(row)
    session.flush()
    audit.record(
        session, actor, "key:create", subject=row, after={"kid": kid, "algorithm": algorithm, "state": state}
    )
