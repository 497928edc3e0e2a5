"""Opaque tokens: codes, access tokens, session cookies and links.

A token is ``prefix_selector_secret``. The selector is the row's sequential id, which makes the lookup and the index
cheap. The secret consists of 256 random bits; the row contains only its SHA-256 digest.
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

_KINDS: dict[str, str] = {
    TokenPrefix.ACCESS_TOKEN: "an opaque access token",
    TokenPrefix.REFRESH_TOKEN: "a refresh token",
    TokenPrefix.CODE: "an authorization code",
    TokenPrefix.DEVICE_CODE: "a device code",
    TokenPrefix.REGISTRATION_TOKEN: "a registration access token",
}


class OpaqueToken(NamedTuple):
    """A parsed token: the id of its row and the digest of its secret."""

    id: int
    digest: bytes


def new_secret() -> str:
    """Return 256 random bits as base64url."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest(secret: str) -> bytes:
    """Return the digest of a secret, as the database stores it."""
    return hashlib.sha256(secret.encode()).digest()


def format_token(prefix: TokenPrefix, row_id: int, secret: str) -> str:
    """Return the token for a row and its secret."""
    selector = ""
    while row_id:
        row_id, rest = divmod(row_id, 36)
        selector = _DIGITS[rest] + selector
    return f"{prefix}_{selector}_{secret}"


def parse_token(prefix: TokenPrefix, value: str | None) -> OpaqueToken | None:
    """Parse a received token; return None for another format, so that malformed input never reaches the database."""
    if value is None or len(value) > 80 or not value.isascii():
        return None
    kind, _, rest = value.partition("_")
    selector, _, secret = rest.partition("_")
    if kind != prefix or len(secret) != _SECRET_LENGTH or not 1 <= len(selector) <= _MAX_SELECTOR_LENGTH:
        return None
    if selector[0] == "0" or any(digit not in _DIGITS for digit in selector):
        return None
    return OpaqueToken(int(selector, 36), digest(secret))


def kind_of(value: str) -> str:
    """Return the kind of token that a value looks like.

    The error log contains the kind instead of the value, which may be a secret.
    """
    if value.count(".") == 2:
        return "a JWT"
    return _KINDS.get(value.partition("_")[0], "something else")


def matches(token: OpaqueToken, stored: bytes | None) -> bool:
    """Return whether the token has the stored digest, in constant time."""
    return stored is not None and hmac.compare_digest(token.digest, bytes(stored))
