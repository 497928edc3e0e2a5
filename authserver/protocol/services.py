"""The long-lived objects of one process, which ``app`` creates and every request uses."""

from dataclasses import dataclass

from authserver.domain.background import Worker
from authserver.domain.client_cache import ClientCache
from authserver.domain.clients.secret_verifier import SecretVerifier
from authserver.domain.diagnostics.error_log import ErrorLog
from authserver.domain.fetcher import Fetcher
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.orm import Database
from authserver.domain.passwords import PasswordHasher
from authserver.domain.scopes import ScopeCache
from authserver.domain.users.authentication import PasswordAuthenticator
from authserver.domain.vault import Vault
from authserver.protocol.access_tokens import AccessTokens
from authserver.protocol.client_assertions import AssertionVerifier
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oidc.backchannel_logout import LogoutNotifier
from authserver.protocol.oidc.id_token import IdTokens
from authserver.settings import Settings


@dataclass(frozen=True, eq=False)
class Services:
    """The objects that requests share. All of them are thread-safe; services compare by identity."""

    settings: Settings
    database: Database
    vault: Vault
    passwords: PasswordHasher
    password_authenticator: PasswordAuthenticator
    secret_verifier: SecretVerifier
    assertions: AssertionVerifier
    key_ring: KeyRing
    access_tokens: AccessTokens
    id_tokens: IdTokens
    client_cache: ClientCache
    scope_cache: ScopeCache
    error_log: ErrorLog
    oauth1: OAuth1Server
    logout_notifier: LogoutNotifier
    audit_sealer: Worker
    fetcher: Fetcher

    def start_background_work(self) -> None:
        """Start the threads of this process that deliver logout notices and seal audit events. Call this after forking."""
        self.logout_notifier.start()
        self.audit_sealer.start()
