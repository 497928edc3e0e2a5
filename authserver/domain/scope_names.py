"""The names of scopes: what can be one (RFC 6749, section 3.3)."""

import re

LENGTH = 100
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def is_name(word: str) -> bool:
    """Return whether a word is a scope token: printable ASCII without spaces, quotation marks and backslashes."""
    return _TOKEN.fullmatch(word) is not None
