"""What may not stand in the diagnostics ledger, wherever a client has put it: a code in an address, a secret as a name.

Nothing secret is given to the ledger on purpose. Clients send things in the wrong place, though, and what they sent is
what an administrator wants to see; so that whatever looks like a secret is left out of it.
"""

import re

HIDDEN = "…"
"""What stands where something was left out; no address that can be registered contains it."""

_KEY_SHOWN = 4
_SHORTEST_SECRET = 12
_OUR_KEY = re.compile(r"[0-9a-f]{32}")
_OURS = re.compile(r"(as[a-z]_[0-9a-z]{1,12}_)[\w~-]{16,}")
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*)*")
# As long as a generated secret, and with all kinds of letters, as no word of a person's has.
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
    """Return what a client sent without anything in it that may be a secret."""
    text = _USER.sub(rf"\1{HIDDEN}@", text)
    text = _CONFIDENTIAL.sub(rf"\1{HIDDEN}", text)
    return _RANDOM.sub(HIDDEN, without_tokens(text))


def without_tokens(text: str) -> str:
    """Return the server's own words, in which only values that it issued could be secret."""
    return _JWT.sub(HIDDEN, _OURS.sub(rf"\1{HIDDEN}", text))


def shortened(text: str, length: int) -> str:
    """Return the beginning of a long text, up to the end of a word: half a secret would not be recognised any more."""
    return text if len(text) <= length else _LAST_WORD.sub("", text[: length - 1]) + HIDDEN


def unknown_key(key: str) -> str:
    """Return what may be shown of a client key that nobody has: people put the secret where the key belongs."""
    if len(key) < _SHORTEST_SECRET or _OUR_KEY.fullmatch(key):
        return key
    return f"{key[:_KEY_SHOWN]}{HIDDEN} ({len(key)} characters)"
