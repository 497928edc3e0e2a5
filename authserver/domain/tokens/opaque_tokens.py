"""Opaque values that people and clients carry: codes, tokens, session cookies, links.

A value is ``prefix_selector_secret``: the selector is the row's sequential id, so that looking it up and keeping its
index costs little; the secret is 256 random bits, of which the row holds the SHA-256 digest only.
"""

import hashlib
import hmac
import secrets
from typing import NamedTuple

from authserver.vocabulary import TokenPrefix

_SECRET_BYTES = 32
_SECRET_LENGTH = 43
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MAX_SELECTOR_LENGTH = 12  # 36 ** 12 still fits into a 64-bit row id.


class OpaqueToken(NamedTuple):
    """A parsed value: the row it points to and the digest its secret must have."""

    id: int
    digest: bytes


def new_secret() -> str:
    """Return 256 random bits in URL-safe letters."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest(secret: str) -> bytes:
    """Return what the database keeps of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def format_token(prefix: TokenPrefix, row_id: int, secret: str) -> str:
    """Return the value that is handed out."""
    letters = ""
    while row_id:
        row_id, rest = divmod(row_id, 36)
        letters = _DIGITS[rest] + letters
    return f"{prefix}_{letters}_{secret}"


def parse_token(prefix: TokenPrefix, value: str | None) -> OpaqueToken | None:
    """Parse a value that came in; None when it cannot be one of ours, so that no statement sees odd input."""
    if value is None or len(value) > 80 or not value.isascii():
        return None
    kind, _, rest = value.partition("_")
    letters, _, secret = rest.partition("_")
    if kind != prefix or len(secret) != _SECRET_LENGTH or not 1 <= len(letters) <= _MAX_SELECTOR_LENGTH:
        return None
    if letters[0] == "0" or any(letter not in _DIGITS for letter in letters):
        return None
    return OpaqueToken(int(letters, 36), digest(secret))


def matches(handle: OpaqueToken, stored: bytes | None) -> bool:
    """Return whether the secret is the one whose digest was stored, in constant time."""
    return stored is not None and hmac.compare_digest(handle.digest, bytes(stored))
