"""Subject identifiers (OpenID Connect Core, section 8): by which name a relying party knows a person.

A pairwise identifier is derived, not stored: it is the same in every answer, and tells nothing without the salt.
"""

import base64
import hashlib
import hmac

from authserver.domain.clients.client_cache import RegisteredClient

TYPES = ("public", "pairwise")


def subject_of(client: RegisteredClient, subject: str) -> str:
    """Return the ``sub`` under which a client knows the person with that public subject identifier."""
    if not client.pairwise_key:
        return subject
    digest = hmac.digest(client.pairwise_key, subject.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
