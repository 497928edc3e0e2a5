"""Session management (OpenID Connect Session Management 1.0): lets an application detect that the session changed.

A cookie contains the browser state, which changes with every sign-in and sign-out. The script in this server's iframe
reads the cookie. The application gets only a salted hash of the state.
"""

import hashlib
import secrets

from authserver.domain.clients import redirect_uris
from authserver.domain.vault import Vault

_PURPOSE = "browser-state"
_SALT_BYTES = 12


def browser_state(vault: Vault, sid: str) -> str:
    """Return the browser state for a session."""
    return vault.mac(_PURPOSE, sid.encode()).hex()


def session_state(vault: Vault, sid: str, client_key: str, redirect_uri: str) -> str | None:
    """Return the session_state of a response (section 3), or None if the redirect URI has no web origin."""
    origin = redirect_uris.origin_of(redirect_uri)
    if not origin:
        return None
    salt = secrets.token_hex(_SALT_BYTES)
    text = " ".join((client_key, origin, browser_state(vault, sid), salt))
    return f"{hashlib.sha256(text.encode()).hexdigest()}.{salt}"
