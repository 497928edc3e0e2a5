"""Removes secrets from the texts that the error log stores, such as a code in a URL or a secret sent as a client_id.

No code records secrets on purpose. But administrators need to see the values that a client sent, and clients sometimes
send secrets in the wrong place. Therefore everything that looks like a secret is removed.
"""

import re

HIDDEN = "…"
"""The placeholder for removed text. No URI that can be registered contains it."""

_KEY_SHOWN = 4
_SHORTEST_SECRET = 12
_OWN_KEY = re.compile(r"[0-9a-f]{32}")
_OWN_TOKEN = re.compile(r"(as[a-z]_[0-9a-z]{1,12}_)[\w~-]{16,}")
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*)*")
# Strings that are as long as a generated secret and contain digits, lowercase and uppercase letters. Ordinary text does
# not contain such strings.
_RANDOM = re.compile(
    r"(?<![\w~+=-])(?=[\w~+=-]*\d)(?=[\w~+=-]*[a-z])(?=[\w~+=-]*[A-Z])[\w~+=-]{40,}", re.ASCII
)
_LAST_WORD = re.compile(r"[\w~+=-]*\Z", re.ASCII)
_USER = re.compile(r"(://)[^/?#\s@]*@")
_CONFIDENTIAL = re.compile(
    r"((?:^|[?&#;])[\w.%~-]*(?:pass|secret|token|assertion|credential|verifier|signature|session|code|state|nonce)"
    r"[\w.%~-]*=)[^&#;\s]+",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """Return text from a client without parts that may be secrets."""
    text = _USER.sub(rf"\1{HIDDEN}@", text)
    text = _CONFIDENTIAL.sub(rf"\1{HIDDEN}", text)
    return _RANDOM.sub(HIDDEN, without_tokens(text))


def without_tokens(text: str) -> str:
    """Return text that the server wrote, without tokens. Such text can contain no other secrets."""
    return _JWT.sub(HIDDEN, _OWN_TOKEN.sub(rf"\1{HIDDEN}", text))


def shortened(text: str, length: int) -> str:
    """Return the beginning of a long text, cut between words, because a part of a secret would not be recognized."""
    return text if len(text) <= length else _LAST_WORD.sub("", text[: length - 1]) + HIDDEN


def unknown_key(key: str) -> str:
    """Return an unknown client key. It is shortened if it may be a secret that was sent by mistake."""
    if len(key) < _SHORTEST_SECRET or _OWN_KEY.fullmatch(key):
        return key
    return f"{key[:_KEY_SHOWN]}{HIDDEN} ({len(key)} characters)"
