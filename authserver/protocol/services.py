"""What one application is made of: built once by the roof, handed to the doors and the command line."""

from dataclasses import dataclass

from authserver.domain.client_secrets import Verifier
from authserver.domain.db import Database
from authserver.domain.fetcher import Fetcher
from authserver.domain.key_ring import KeyRing
from authserver.domain.passwords import Passwords
from authserver.domain.policies import Policies
from authserver.domain.vault import Vault
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oidc.logout_notices import LogoutNotices
from authserver.settings import Settings


@dataclass(frozen=True)
class Services:
    """The long-lived objects of one process; all of them may be used by several threads."""

    settings: Settings
    database: Database
    vault: Vault
    passwords: Passwords
    verifier: Verifier
    ring: KeyRing
    policies: Policies
    oauth2: OAuth2Server
    oauth1: OAuth1Server
    logout_notices: LogoutNotices
    fetcher: Fetcher
