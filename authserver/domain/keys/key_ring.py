"""The key ring: what one process keeps of the signing keys, so that no request imports a key or asks the database twice.

The keys themselves and their states live in ``keys``.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from sqlalchemy.exc import SQLAlchemyError

from authserver import clock, logs
from authserver.context import SYSTEM
from authserver.domain.clients import subject_salt
from authserver.domain.keys import signing_keys
from authserver.domain.keys.signing_keys import ALGORITHMS, DEFAULT_ALGORITHM, PrivateKey, SigningKey
from authserver.domain.keys.vault import Vault
from authserver.domain.orm import Database
from authserver.settings import Settings

_REREAD_AFTER = timedelta(seconds=10)
_FIRST_SECONDS = 5
_NEVER = datetime.min.replace(tzinfo=UTC)

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
        return signing_keys.open_private(self._vault, self.algorithm, self._sealed)


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
    """Reads the keys every few seconds, makes the first ones, and rotates them by schedule.

    Whoever asks for a key may hold a connection already, and waiting for another one while all who hold one wait too
    would stop everything. So the doors read, by ``tend``, and the others find what was read.
    """

    def __init__(self, settings: Settings, database: Database, vault: Vault) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._reading = Lock()
        self._key_ring: Ring | None = None
        self._read_at = _NEVER

    def current(self) -> Ring:
        """Return the keys as they were read last, which ``tend`` sees to; raises what the database does before that."""
        key_ring = self._key_ring
        if key_ring is None:
            with self._reading:
                # Another thread may have read them meanwhile.
                key_ring = self._key_ring or self._read()
        return key_ring

    def forget(self) -> None:
        """Have the keys read again before the next request."""
        self._read_at = _NEVER

    def signer(self, algorithm: str = DEFAULT_ALGORITHM) -> Signer:
        """Return the one active key of an algorithm."""
        return self.current().signers[algorithm]

    def tend(self) -> None:
        """Read the keys when it is time to, and do what their schedule says.

        Call it where no connection is held, as often as you like.
        """
        if not self._is_old() or not self._reading.acquire(
            timeout=_FIRST_SECONDS if self._key_ring is None else 0
        ):
            return
        try:
            if self._is_old():
                self._read()
        except SQLAlchemyError as error:
            # What serves goes on with the keys there are, and tries again in a while.
            self._read_at = clock.now()
            log.warning("signing keys were not tended", error=type(error).__name__)
        finally:
            self._reading.release()

    def _read(self) -> Ring:
        with self._database.transaction(write=False) as db:
            rows = signing_keys.all_keys(db)
        is_complete = {row.algorithm for row in rows if row.state == "active"} == set(ALGORITHMS)
        # What was read counts, although the work may fail that the schedule wants.
        key_ring = self._keep(rows) if is_complete else None
        if key_ring is not None and not signing_keys.is_schedule_due(rows, self._settings):
            return key_ring
        with self._database.transaction() as db:
            signing_keys.ensure(db, SYSTEM, self._vault)
            subject_salt.ensure(db, self._vault)
            signing_keys.run_schedule(db, SYSTEM, self._vault, self._settings)
            rows = signing_keys.all_keys(db)
        return self._keep(rows)

    def _keep(self, rows: Sequence[SigningKey]) -> Ring:
        before = self._key_ring.signers.values() if self._key_ring else ()
        known = {signer.kid: signer for signer in before}
        active = [row for row in rows if row.state == "active"]
        signers = {row.algorithm: known.get(row.kid) or Signer(self._vault, row) for row in active}
        published = {row.kid: row.public for row in rows}
        key_ring = self._key_ring
        if key_ring is None or (key_ring.published, key_ring.signers) != (published, signers):
            self._key_ring = key_ring = Ring(signers, published)
        self._read_at = clock.now()
        return key_ring

    def _is_old(self) -> bool:
        # A clock that was set back must not keep an old reading alive.
        return self._key_ring is None or abs(clock.now() - self._read_at) >= _REREAD_AFTER
