"""Percent-encoding and form-encoding exactly as OAuth 1.0a signatures require them, byte for byte.

A string may contain bytes that are not UTF-8, in the form of Python's surrogate escapes. These bytes are signed like
any other, so that client and server agree. A string that contains them is never stored or compared with a record.
"""

import re
from urllib.parse import quote, unquote, unquote_plus

Pair = tuple[str, str]
Pairs = tuple[Pair, ...]

_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def escape(text: str) -> str:
    """Return the text with every byte except the unreserved ones percent-encoded (RFC 5849, section 3.6)."""
    return quote(text, safe="~", errors="surrogateescape")


def unescape(text: str) -> str:
    """Return the text percent-decoded once; raises ValueError for a percent sign without two hexadecimal digits."""
    if _BROKEN_ESCAPE.search(text):
        raise ValueError("a percent sign needs two hexadecimal digits")
    return unquote(text, errors="surrogateescape")


def decode_form(encoded: str) -> Pairs:
    """Return the pairs of a query or form body in order, including repeated names (RFC 5849, section 3.4.1.3.1).

    A percent sign without two hexadecimal digits is kept, because the libraries that sign requests keep it.
    """
    pairs = (part.partition("=") for part in encoded.split("&") if part)
    return tuple((_decode(name), _decode(value)) for name, _, value in pairs)


def encode_form(pairs: Pairs | list[Pair]) -> str:
    """Return pairs as a form body, in the strict encoding that every client can read."""
    return "&".join(f"{escape(name)}={escape(value)}" for name, value in pairs)


def is_text(value: str) -> bool:
    """Return whether a value is printable UTF-8 text, which databases and logs can store."""
    return value.isprintable()


def _decode(text: str) -> str:
    return unquote_plus(text, errors="surrogateescape")
