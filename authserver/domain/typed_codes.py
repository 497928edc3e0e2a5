"""Codes that users read in one place and type in another. Their letters are easy to distinguish."""

import secrets

from authserver.vocabulary import TYPED_ALPHABET

_GROUP = 4


def generate_code(length: int) -> str:
    """Return a random code with 4.3 bits per character."""
    return "".join(secrets.choice(TYPED_ALPHABET) for _ in range(length))


def normalize_code(typed: str, length: int) -> str:
    """Return a typed code in its stored form, or "" if it is not a valid code.

    Ignores case, punctuation and spaces (RFC 8628, section 6.1).
    """
    code = "".join(filter(str.isalnum, typed.upper()))
    return code if len(code) == length and set(code) <= set(TYPED_ALPHABET) else ""


def format_code(code: str) -> str:
    """Return a code in groups of four characters: WDJB-MJHT."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))
