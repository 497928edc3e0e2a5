"""What one application is made of: built once by the roof, handed to the doors and the command line."""

from dataclasses import dataclass

from authserver.domain.clients.client_cache import ClientCache
from authserver.domain.clients.client_secrets import SecretVerifier
from authserver.domain.fetcher import Fetcher
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.keys.vault import Vault
from authserver.domain.orm import Database
from authserver.domain.users.passwords import PasswordHasher
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oidc.backchannel_logout import LogoutNotifier
from authserver.settings import Settings


@dataclass(frozen=True)
class Services:
    """The long-lived objects of one process; all of them may be used by several threads."""

    settings: Settings
    database: Database
    vault: Vault
    passwords: PasswordHasher
    verifier: SecretVerifier
    key_ring: KeyRing
    client_cache: ClientCache
    oauth2: OAuth2Server
    oauth1: OAuth1Server
    logout_notices: LogoutNotifier
    fetcher: Fetcher
