"""Per-process cache of the signing keys, so that requests need neither a database query nor a key import.

The keys and their states are in ``signing_keys``.
"""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from authserver import clock, logs
from authserver.context import SYSTEM
from authserver.domain.keys import signing_keys, subject_salt
from authserver.domain.keys.signing_keys import DEFAULT_ALGORITHM, PrivateKey, SigningKey
from authserver.domain.orm import Database
from authserver.domain.vault import Vault
from authserver.errors import Busy
from authserver.settings import Settings

_REREAD_AFTER = timedelta(seconds=10)
_FIRST_READ_SECONDS = 5
_NEVER = datetime.min.replace(tzinfo=UTC)

log = logs.get("keys")


class Signer:
    """A private key, decrypted and imported on first use."""

    def __init__(self, vault: Vault, row: SigningKey) -> None:
        self.kid = row.kid
        self.algorithm = row.algorithm
        self._vault = vault
        self._sealed = row.private

    @cached_property
    def key(self) -> PrivateKey:
        """The key object."""
        return signing_keys.open_private(self._vault, self.algorithm, self._sealed)


class CachedKeys:
    """The keys as last read: one signer per algorithm, the published keys, and the serialized JWK set."""

    def __init__(self, signers: dict[str, Signer], published: dict[str, dict[str, Any]]) -> None:
        self.signers = signers
        self.published = published
        document = json.dumps({"keys": list(published.values())}, separators=(",", ":"))
        self.jwks = document.encode()
        self._imported: dict[str, RSAKey | ECKey | OKPKey] = {}

    def find_public_key(self, kid: Any) -> tuple[str, RSAKey | ECKey | OKPKey] | None:
        """Return the algorithm and public key for a kid, or None if it is unknown."""
        public = self.published.get(kid) if isinstance(kid, str) else None
        if public is None:
            return None
        if kid not in self._imported:
            self._imported[kid] = import_key(public)  # type: ignore[assignment]
        return public["alg"], self._imported[kid]


class KeyRing:
    """Reads the keys every few seconds, creates the first ones, and rotates them on schedule.

    Reading needs a database connection. A thread that already holds one must not wait for a second one, or all threads
    could deadlock. Therefore ``refresh`` is called at the start of each request. All other code uses the cached keys.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        algorithms_of_clients: Callable[[Session], Collection[str]],
    ) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._algorithms_of_clients = algorithms_of_clients
        self._reading = Lock()
        self._keys: CachedKeys | None = None
        self._read_at = _NEVER

    def current(self) -> CachedKeys:
        """Return the cached keys. If they were never read, read them now, which can raise a database error."""
        keys = self._keys
        if keys is None:
            with self._reading:
                # Another thread may have read the keys in the meantime.
                keys = self._keys or self._read()
        return keys

    def invalidate(self) -> None:
        """Invalidate the cache."""
        self._read_at = _NEVER

    def signer(self, algorithm: str = DEFAULT_ALGORITHM) -> Signer:
        """Return the active key of an algorithm; raises Busy if it is created in the next seconds.

        That happens only if another node, with another setting, has just registered a client for the algorithm.
        """
        found = self.current().signers.get(algorithm)
        if found is None:
            raise Busy(int(_REREAD_AFTER.total_seconds()))
        return found

    def refresh(self) -> None:
        """If the cache is old, read the keys and rotate those that are due. The caller must not hold a connection."""
        if not self._is_old() or not self._reading.acquire(
            timeout=_FIRST_READ_SECONDS if self._keys is None else 0
        ):
            return
        try:
            if self._is_old():
                self._read()
        except SQLAlchemyError as error:
            # Continue with the cached keys and retry later.
            self._read_at = clock.now()
            log.warning("signing keys could not be read", error=type(error).__name__)
        finally:
            self._reading.release()

    def _read(self) -> CachedKeys:
        with self._database.transaction(write=False) as db:
            rows = signing_keys.all_keys(db)
            needed = {*self._settings.signing_algorithms, *self._algorithms_of_clients(db)}
        is_complete = needed <= {row.algorithm for row in rows if row.state == "active"}
        # Cache the keys before the scheduled rotation, because it may fail.
        keys = self._keep(rows) if is_complete else None
        if keys is not None and not signing_keys.is_schedule_due(rows, self._settings, needed):
            return keys
        with self._database.transaction() as db:
            signing_keys.ensure(db, SYSTEM, self._vault, needed)
            subject_salt.ensure(db, self._vault)
            signing_keys.run_schedule(db, SYSTEM, self._vault, self._settings, needed)
            rows = signing_keys.all_keys(db)
        return self._keep(rows)

    def _keep(self, rows: Sequence[SigningKey]) -> CachedKeys:
        before = self._keys.signers.values() if self._keys else ()
        known = {signer.kid: signer for signer in before}
        active = [row for row in rows if row.state == "active"]
        signers = {row.algorithm: known.get(row.kid) or Signer(self._vault, row) for row in active}
        published = {row.kid: row.public for row in rows}
        keys = self._keys
        if keys is None or (keys.published, keys.signers) != (published, signers):
            self._keys = keys = CachedKeys(signers, published)
        self._read_at = clock.now()
        return keys

    def _is_old(self) -> bool:
        # abs(): a clock that was set back must not extend the cache.
        return self._keys is None or abs(clock.now() - self._read_at) >= _REREAD_AFTER
