"""Subject identifiers (OpenID Connect Core, section 8): the ``sub`` by which a relying party knows a user.

Pairwise identifiers are not stored. They are derived with a secret key, so that clients cannot compare them.
"""

import base64
import hashlib
import hmac

from authserver.domain.client_cache import RegisteredClient

TYPES = ("public", "pairwise")


def subject_of(client: RegisteredClient, subject: str) -> str:
    """Return the ``sub`` for a client, given the public subject identifier of the user."""
    if not client.pairwise_key:
        return subject
    digest = hmac.digest(client.pairwise_key, subject.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
