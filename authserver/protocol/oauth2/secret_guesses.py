"""Guesses at client secrets that a person typed: counted per client and network (RFC 6749, section 2.3.1).

A generated secret has 256 bits, and nobody counts guesses at that; nor at what this process has just seen to be right.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from authserver.domain import throttles
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.clients.client_secrets import SecretVerifier
from authserver.domain.keys.vault import Vault
from authserver.domain.orm import Database
from authserver.protocol.oauth2.client_authentication import Credentials
from authserver.settings import Settings

_PURPOSE = "client-secret"


class SecretGuesses:
    """Charges each guess before its outcome is known, and gives it back when it was none."""

    def __init__(
        self, settings: Settings, database: Database, vault: Vault, verifier: SecretVerifier
    ) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._verifier = verifier

    @contextmanager
    def counted(
        self, credentials: Credentials, client: RegisteredClient | None, address: str
    ) -> Iterator[None]:
        """Count what happens inside as one guess, unless it succeeds; raises Throttled when there were too many."""
        if client is None or not self._is_guess(credentials, client):
            yield
            return
        bucket = throttles.bucket(
            self._vault,
            _PURPOSE,
            str(client.id),
            throttles.network_of(address),
            limit=self._settings.client_secret_attempts,
            window=self._settings.sign_in_window,
        )
        with self._database.transaction() as db:
            charges = throttles.charge(db, [bucket])
        yield
        with self._database.transaction() as db:
            throttles.refund(db, charges)

    def _is_guess(self, credentials: Credentials, client: RegisteredClient) -> bool:
        if credentials.method != client.auth_method or not credentials.secret:
            return False
        return self._verifier.needs_hash(client.secrets, client.revision, credentials.secret)
