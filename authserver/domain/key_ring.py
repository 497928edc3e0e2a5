"""The key ring: what one process keeps of the signing keys, so that no request imports a key or asks the database twice.

The keys themselves and their states live in ``keys``.
"""

import json
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from sqlalchemy.exc import SQLAlchemyError

from authserver import clock, logs
from authserver.context import SYSTEM
from authserver.domain import keys, subject_salt
from authserver.domain.db import Database
from authserver.domain.keys import ALGORITHMS, DEFAULT_ALGORITHM, PrivateKey, SigningKey
from authserver.domain.vault import Vault
from authserver.settings import Settings

_REREAD_AFTER = timedelta(seconds=10)
_TEND_AFTER = timedelta(minutes=1)

log = logs.get("keys")


class Signer:
    """A private key, opened and imported when it first signs and never again."""

    def __init__(self, vault: Vault, row: SigningKey) -> None:
        self.kid = row.kid
        self.algorithm = row.algorithm
        self._vault = vault
        self._sealed = row.private

    @cached_property
    def key(self) -> PrivateKey:
        """The key object."""
        return keys.open_private(self._vault, self.algorithm, self._sealed)


class Ring:
    """The keys at one reading: who signs for each algorithm, what is published, and that as ready bytes."""

    def __init__(self, signers: dict[str, Signer], published: dict[str, dict[str, Any]]) -> None:
        self.signers = signers
        self.published = published
        document = json.dumps({"keys": list(published.values())}, separators=(",", ":"))
        self.jwks = document.encode()
        self._imported: dict[str, RSAKey | ECKey | OKPKey] = {}

    def verifier(self, kid: Any) -> tuple[str, RSAKey | ECKey | OKPKey] | None:
        """Return the algorithm and public key of that id, or None when it is not one of ours."""
        public = self.published.get(kid) if isinstance(kid, str) else None
        if public is None:
            return None
        if kid not in self._imported:
            self._imported[kid] = import_key(public)  # type: ignore[assignment]
        return public["alg"], self._imported[kid]


class KeyRing:
    """Reads the keys every few seconds, makes the first ones, and rotates them by schedule."""

    def __init__(self, settings: Settings, database: Database, vault: Vault) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._reading = Lock()
        self._tending = Lock()
        self._ring: Ring | None = None
        self._read_at = self._tended_at = datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._signers: dict[str, Signer] = {}

    def current(self) -> Ring:
        """Return the keys, at most a few seconds old."""
        ring = self._ring
        if ring is not None and not _is_older(self._read_at, _REREAD_AFTER):
            return ring
        with self._reading:
            if self._ring is None or _is_older(self._read_at, _REREAD_AFTER):
                self._ring = self._read(self._ring)
                self._read_at = clock.now()
            return self._ring

    def forget(self) -> None:
        """Read the keys again when they are next asked for."""
        self._ring = None

    def signer(self, algorithm: str = DEFAULT_ALGORITHM) -> Signer:
        """Return the one active key of an algorithm."""
        return self.current().signers[algorithm]

    def tend(self) -> None:
        """Rotate and remove what the schedule says; call it where no transaction is open, as often as you like."""
        if not _is_older(self._tended_at, _TEND_AFTER) or not self._tending.acquire(blocking=False):
            return
        try:
            self._tended_at = clock.now()
            self._tend()
        except SQLAlchemyError as error:
            # What serves goes on with the keys there are; the next minute tries again.
            log.warning("signing keys were not tended", error=type(error).__name__)
        finally:
            self._tending.release()

    def _tend(self) -> None:
        with self._database.transaction(write=False) as session:
            rows = keys.all_keys(session)
        if not (keys.due(rows, self._settings) or keys.outlived(rows, self._settings) or keys.over(rows)):
            return
        with self._database.transaction() as session:
            keys.rotate_due(session, SYSTEM, self._vault, self._settings)
        self.forget()

    def _read(self, before: Ring | None) -> Ring:
        with self._database.transaction(write=False) as session:
            rows = keys.all_keys(session)
        if {row.algorithm for row in rows if row.state == "active"} != set(ALGORITHMS):
            with self._database.transaction() as session:
                keys.ensure(session, SYSTEM, self._vault)
                subject_salt.ensure(session, self._vault)
                rows = keys.all_keys(session)
        published = {row.kid: row.public for row in rows}
        signers = {row.algorithm: self._signer(row) for row in rows if row.state == "active"}
        if before is not None and (before.published, before.signers) == (published, signers):
            return before
        return Ring(signers, published)

    def _signer(self, row: SigningKey) -> Signer:
        return self._signers.setdefault(row.kid, Signer(self._vault, row))


def _is_older(instant: datetime, limit: timedelta) -> bool:
    # A clock that was set back must not keep an old reading alive.
    return abs(clock.now() - instant) >= limit
