"""Guesses at client secrets that a person typed: counted per client and network (RFC 6749, section 2.3.1).

A generated secret has 256 bits, and nobody counts guesses at that; nor at what this process has just seen to be right.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from authserver.domain import throttles
from authserver.domain.client_secrets import Verifier
from authserver.domain.db import Database
from authserver.domain.policies import Policy
from authserver.domain.vault import Vault
from authserver.protocol.oauth2.client_authentication import Credentials
from authserver.settings import Settings

_PURPOSE = "client-secret"


class SecretGuesses:
    """Charges each guess before its outcome is known, and gives it back when it was none."""

    def __init__(self, settings: Settings, database: Database, vault: Vault, verifier: Verifier) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._verifier = verifier

    @contextmanager
    def counted(self, credentials: Credentials, policy: Policy | None, address: str) -> Iterator[None]:
        """Count what happens inside as one guess, unless it succeeds; raises Throttled when there were too many."""
        if policy is None or not self._is_guess(credentials, policy):
            yield
            return
        bucket = throttles.bucket(
            self._vault,
            _PURPOSE,
            str(policy.id),
            throttles.network_of(address),
            limit=self._settings.client_secret_attempts,
            window=self._settings.sign_in_window,
        )
        with self._database.transaction() as session:
            charges = throttles.charge(session, [bucket])
        yield
        with self._database.transaction() as session:
            throttles.refund(session, charges)

    def _is_guess(self, credentials: Credentials, policy: Policy) -> bool:
        if credentials.method != policy.auth_method or not credentials.secret:
            return False
        return self._verifier.needs_hash(policy.secrets, policy.revision, credentials.secret)
