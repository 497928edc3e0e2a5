"""Codes that people read in one place and type in another: capital letters that look and sound unlike each other."""

import secrets

from authserver.vocabulary import TYPED_ALPHABET

_GROUP = 4


def generate_code(length: int) -> str:
    """Return a random code; each letter carries 4.3 bits."""
    return "".join(secrets.choice(TYPED_ALPHABET) for _ in range(length))


def normalize_code(typed: str, length: int) -> str:
    """Return what somebody typed as a code is stored; empty when it cannot be one.

    Case counts for nothing, and no more do punctuation and spaces, whichever people put in (RFC 8628, section 6.1).
    """
    code = "".join(filter(str.isalnum, typed.upper()))
    return code if len(code) == length and set(code) <= set(TYPED_ALPHABET) else ""


def format_code(code: str) -> str:
    """Return a code as people read it, in groups of four: WDJB-MJHT."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))
